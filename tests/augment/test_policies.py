"""Policies as data: names, JSON, and refusals that name what is allowed."""

import json
from typing import get_args

import pytest

from clfcore import config
from clfcore.augment import policies, random_table
from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.policy import from_json, step
from clfcore.augment.step_rules import KINDS
from clfcore.errors import InputError


def test_the_named_policies_are_the_configurations():
    assert tuple(POLICIES) == get_args(config.Policy)
    assert not any("flip" in step.kind for step in policies.policy("digits").steps)
    assert policies.policy("conservative").steps[0]["probability"] == 0.3


def test_json_gives_the_same_policy_back():
    for policy in POLICIES.values():
        assert from_json(policy.as_json()) == policy
    own = policies.policy([{"step": kind} for kind in KINDS], name="all of them")
    assert from_json(own.as_json()) == own
    assert all(random_table.columns(step) > 0 for step in own.steps)
    assert hash(own) == hash(from_json(own.as_json()))


REFUSED = [
    ("baisc", "augmentation is 'baisc': it must be one of none, basic, .* (did you mean basic?)"),
    ([{"step": "rotate"}], r"steps[0] is 'rotate': it must be one of crop, .* (did you mean rotation?)"),
    (["crop", {"step": "rotation", "angle": 3}], "steps[1].angle is not a parameter of rotation: it takes degrees, "),
    ([{"step": "trivialaugment", "bins": 3}], "steps[0].bins is not a parameter of trivialaugment: it takes none"),
    ([{"step": "rotation", "degrees": 200}], "steps[0].degrees is 200: it must be a number from 0 to 180"),
    ([{"step": "rotation", "degrees": True}], "steps[0].degrees is True: it must be a number from 0 to 180"),
    ([{"step": "rotation", "degrees": float("nan")}], "steps[0].degrees is nan: it must be a number from 0 to 180"),
    ([{"step": "randaugment", "operations": 1.5}], "steps[0].operations is 1.5: it must be a whole number from 1 to 8"),
    ([{"step": "augmix", "alpha": 0}], "steps[0].alpha is 0: it must be a number greater than 0 and at most 100"),
    ([{"step": "augmix", "alpha": -1}], "steps[0].alpha is -1: it must be a number greater than 0 and at most 100"),
    (
        [{"step": "resized-crop", "scale": [0.9, 0.2]}],
        "steps[0].scale is [0.9, 0.2]: it must be two numbers, the lower first, each greater than 0 and at most 1",
    ),
    ([{"step": "shift", "border": "wrap"}], "steps[0].border is 'wrap': it must be one of constant, edge, reflect"),
    (["erasing", "rotation"], "steps[0] is erasing, followed by rotation: erasing must come last"),
    ([3], "steps[0] is 3: it must be an object such as"),
    ({"version": 2, "steps": []}, "the policy's version is 2: this clflab reads version 1"),
    ({"steps": []}, "the policy's version is None: this clflab reads version 1"),
    ({"version": 1, "steps": "crop"}, "steps is 'crop': it must be a list of steps"),
    (
        {"version": 1, "stpes": []},
        "stpes is not a field of a policy: it has.*(did you mean steps?)",
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSED, ids=[str(given)[:40] for given, _ in REFUSED])
def test_a_refusal_says_what_is_allowed(given, message):
    with pytest.raises(InputError) as refusal:
        policies.policy(given)
    for part in message.split(".*"):
        assert part in str(refusal.value)


def test_text_that_is_no_policy_is_refused():
    with pytest.raises(InputError, match="no valid JSON"):
        from_json("{steps")
    with pytest.raises(InputError, match="must be an object with version, name and steps"):
        from_json(json.dumps("basic"))


def test_every_default_keeps_its_own_rule():
    for kind, made in KINDS.items():
        assert step(kind) == step(step(kind).as_dict()), made.help
