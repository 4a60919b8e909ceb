"""A warning where a flip or a turn can change the class, and none where it cannot."""

import pytest

from clfcore.augment import policies
from clfcore.augment.label_safety import changes, warning

DIGITS, PETS = [str(i) for i in range(10)], ["cat", "dog", "bright red bird", "upset owl"]


@pytest.mark.parametrize(
    ("steps", "classes", "warned"),
    [
        (policies.policy("basic").steps, DIGITS, "a horizontal flip can turn a character such as '0'"),
        (policies.policy("digits").steps, DIGITS, None),
        (
            policies.policy("trivialaugment").steps,
            ["A", "B"],
            "a rotation by a large angle can turn a character such as 'a'",
        ),
        (["rotation"], DIGITS, None),
        ([{"step": "rotation", "degrees": 90}], ["six", "nine"], "a rotation by a large angle"),
        (["vertical-flip"], ["b", "d"], "a vertical flip"),
        ([{"step": "horizontal-flip", "probability": 0}], DIGITS, None),
        (["horizontal-flip"], ["turn-left", "turn-right"], "a horizontal flip can turn an image of 'turn-left'"),
        (["horizontal-flip"], ["arrow_up", "arrow_down"], None),
        (["vertical-flip"], ["arrow_up", "arrow_down"], "a vertical flip can turn an image of 'arrow_up'"),
        (["horizontal-flip", "vertical-flip", {"step": "rotation", "degrees": 180}], PETS, None),
    ],
)
def test_warning(steps, classes, warned):
    answer = warning(policies.policy(steps), classes=classes)
    assert (warned in answer) if warned else answer is None


def test_the_user_knows_better():
    policy = policies.policy("basic")
    assert changes(policy) == ("horizontal-flip",)
    assert warning(policy, classes=DIGITS, safe=["horizontal-flip"]) is None
