"""Policy: what happens to a training image, as data; the policies that have a name; JSON in and out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clfcore.augment.step_rules import KINDS, Value
from clfcore.errors import InputError, brief, nearest, unknown
from clfcore.files import parse_json, read_text, typed_path

# The form of a policy's JSON. A file of a later version is refused, not guessed at.
VERSION = 1
MOST_STEPS = 100
LARGEST = 1 << 20  # bytes of a policy's file


@dataclass(frozen=True)
class Step:
    """One change and its parameters, all of them: `step("rotation", degrees=5)` fills in the rest."""

    kind: str
    parameters: tuple[tuple[str, Value], ...]

    def __getitem__(self, name: str) -> Value:
        return dict(self.parameters)[name]

    def as_dict(self) -> dict[str, object]:
        return {
            "step": self.kind,
            **{name: list(value) if isinstance(value, tuple) else value for name, value in self.parameters},
        }


@dataclass(frozen=True)
class Policy:
    """A name and the steps in the order they are taken. Two policies of the same steps do the same to every image."""

    name: str
    steps: tuple[Step, ...]

    def as_dict(self) -> dict[str, object]:
        return {"version": VERSION, "name": self.name, "steps": [step.as_dict() for step in self.steps]}

    def as_json(self) -> str:
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)


def step(values: str | Mapping[str, object] | Step, *, where: str = "step") -> Step:
    """A checked step from `{"step": kind, parameter: value, …}` or a kind's name alone.

    >>> step({"step": "rotation", "degrees": 5})["degrees"]
    5.0
    >>> step({"step": "crop", "zom": 1.5})
    Traceback (most recent call last):
    clfcore.errors.InputError: step.zom is not a parameter of crop: it takes zoom (did you mean zoom?)
    """
    if isinstance(values, Step):
        values = values.as_dict()
    elif isinstance(values, str):
        values = {"step": values}
    if not isinstance(values, Mapping) or "step" not in values:
        raise InputError(
            f'{where} is {brief(values)}: it must be an object such as {{"step": "rotation", "degrees": 10}}'
        )
    kind = str(values["step"])
    if kind not in KINDS:
        raise unknown(where, kind, tuple(KINDS))
    rules = KINDS[kind].rules
    for name in values:
        if name != "step" and name not in rules:
            takes = f"it takes {', '.join(rules)}" if rules else "it takes none"
            raise InputError(f"{where}.{name} is not a parameter of {kind}: {takes}{nearest(str(name), rules)}")
    filled = {name: rule.checked(f"{where}.{name}", values.get(name, rule.default)) for name, rule in rules.items()}
    return Step(kind, tuple(filled.items()))


def steps(values: Sequence[object], *, where: str = "steps") -> tuple[Step, ...]:
    """Checked steps. Raises InputError where one is unknown, or stands where it cannot."""
    if len(values) > MOST_STEPS:
        raise InputError(f"{where} has {len(values):,} steps: a policy has at most {MOST_STEPS}")
    made = tuple(step(value, where=f"{where}[{i}]") for i, value in enumerate(values))
    kinds = [one.kind for one in made]
    for i, kind in enumerate(kinds):
        # Erasing belongs after the normalisation, where 0 is the mean: nothing that recolours or turns may follow.
        if kind == "erasing" and i != len(kinds) - 1:
            raise InputError(f"{where}[{i}] is erasing, followed by {kinds[i + 1]}: erasing must come last")
    return made


def policy(given: str | Mapping[str, object] | Sequence[object] | Policy, *, name: str = "own") -> Policy:
    """A policy from its name (built in or one's own), its JSON object, or a list of steps.

    Raises InputError where the name, the version, a step or a parameter is not known, naming what is.

    >>> policy([{"step": "horizontal-flip"}, "rotation"]).steps[0].as_dict()
    {'step': 'horizontal-flip', 'probability': 0.5}
    """
    if isinstance(given, Policy):
        return given
    if isinstance(given, str):
        from clfcore.augment import saved_policies  # reads its files back through this module

        return POLICIES[given] if given in POLICIES else saved_policies.load_policy(given)
    if isinstance(given, Mapping):
        return _from_object(given, name)
    return Policy(name, steps(given))


def policy_or_name(given: object) -> Policy:
    """The policy that a run names: a name, JSON text, a .json file, its object, or a list of steps.

    Raises InputError whose words follow `recipe.augmentation`.
    """
    try:
        if not isinstance(given, str):
            return policy(given)  # type: ignore[arg-type]
        if given.lstrip().startswith(("{", "[")):
            return from_json(given)
        if given.endswith(".json"):
            return from_json(read_text(typed_path(given, "policy"), most=LARGEST, what="a policy as JSON"))
        return policy(given)
    except (InputError, TypeError) as error:
        said = str(error)
        raise InputError(said[13:] if said.startswith("augmentation ") else f"cannot be used: {said}") from None


def policy_by_name(given: str) -> Policy:
    """`chosen`, its refusals made to stand alone."""
    try:
        return policy_or_name(given)
    except InputError as error:
        raise InputError(f"augmentation {error}") from None


def from_json(text: str) -> Policy:
    """A policy from what `as_json` wrote. Raises InputError where the text is no JSON or holds something else."""
    try:
        values = parse_json(text, what="the policy")
    except InputError as error:
        raise InputError(f"{error}: copy it from the Augmentations page") from None
    if not isinstance(values, dict | list):
        raise InputError(f"the policy is {brief(values)}: it must be an object with version, name and steps")
    return policy(values)


def _from_object(values: Mapping[str, object], name: str) -> Policy:
    known = ("version", "name", "steps")
    for key in values:
        if key not in known:
            raise InputError(f"{key} is not a field of a policy: it has {', '.join(known)}{nearest(str(key), known)}")
    version = values.get("version")
    if isinstance(version, bool) or version != VERSION:
        raise InputError(f"the policy's version is {brief(version)}: this clflab reads version {VERSION}")
    if not isinstance(values.get("steps"), list | tuple):
        raise InputError(f"steps is {brief(values.get('steps'))}: it must be a list of steps")
    return Policy(str(values.get("name") or name), steps(values["steps"]))


def _named(name: str, *taken: Mapping[str, object] | str) -> Policy:
    return Policy(name, steps(taken))


_CROP, _FLIP = {"step": "crop", "zoom": 1.2}, {"step": "horizontal-flip", "probability": 0.5}

POLICIES: Mapping[str, Policy] = {
    made.name: made
    for made in (
        _named("none"),
        _named("basic", _CROP, _FLIP, "colour-jitter", {"step": "rotation", "degrees": 10}),
        # Medical pictures: sides and tones carry the finding, so that little is changed.
        _named(
            "conservative",
            {"step": "horizontal-flip", "probability": 0.3},
            {"step": "rotation", "degrees": 5},
            {"step": "colour-jitter", "brightness": 0.1, "contrast": 0.1, "saturation": 0, "hue": 0},
        ),
        _named("autoaugment", _CROP, _FLIP, "autoaugment", {"step": "erasing", "probability": 0.1}),
        _named("randaugment", _CROP, _FLIP, "randaugment"),
        _named("trivialaugment", _CROP, _FLIP, "trivialaugment"),
        _named("augmix", _CROP, _FLIP, "augmix"),
        # The usual of CIFAR with half its shift (He et al. 2015): an eighth of the side cuts small objects off.
        _named("small", {"step": "shift", "most": 0.0625, "border": "reflect"}, _FLIP),
        # No flips: a mirrored digit is another sign, or none.
        _named("digits", {"step": "shift", "most": 0.1}, {"step": "rotation", "degrees": 10}),
    )
}
