"""Augmentation policy: what happens to a training image, as data; JSON in and out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clfcore.augment.step_rules import KINDS, StoredValue, Value
from clfcore.errors import InputError, brief, nearest, unknown
from clfcore.files import parse_json

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

    def number(self, name: str) -> float:
        """A parameter whose rule is `number`."""
        value = self[name]
        assert isinstance(value, float), name
        return value

    def whole(self, name: str) -> int:
        """A parameter whose rule is `whole`."""
        value = self[name]
        assert isinstance(value, int), name
        return value

    def choice(self, name: str) -> str:
        """A parameter whose rule is `choice`."""
        value = self[name]
        assert isinstance(value, str), name
        return value

    def interval(self, name: str) -> tuple[float, float]:
        """A parameter whose rule is `range`: the lower end first."""
        value = self[name]
        assert isinstance(value, tuple), name
        return value

    def as_dict(self) -> dict[str, StoredValue]:
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


def step(values: object, *, where: str = "step") -> Step:
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
    checked = tuple(step(value, where=f"{where}[{i}]") for i, value in enumerate(values))
    kinds = [step.kind for step in checked]
    for i, kind in enumerate(kinds):
        # Erasing belongs after the normalization, where 0 is the mean: nothing that recolors or turns may follow.
        if kind == "erasing" and i != len(kinds) - 1:
            raise InputError(f"{where}[{i}] is erasing, followed by {kinds[i + 1]}: erasing must come last")
    return checked


def from_json(text: str) -> Policy:
    """A policy from what `as_json` wrote. Raises InputError where the text is no JSON or holds something else."""
    try:
        values = parse_json(text, what="the policy")
    except InputError as error:
        raise InputError(f"{error}: copy it from the Augmentations page") from None
    if not isinstance(values, dict | list):
        raise InputError(f"the policy is {brief(values)}: it must be an object with version, name and steps")
    return from_object(values)


def from_object(values: Mapping[str, object] | Sequence[object], *, name: str = "own") -> Policy:
    """A policy from its JSON object or its list of steps. Raises InputError where it is neither of this version."""
    if not isinstance(values, Mapping):
        return Policy(name, steps(values))
    known = ("version", "name", "steps")
    for key in values:
        if key not in known:
            raise InputError(f"{key} is not a field of a policy: it has {', '.join(known)}{nearest(str(key), known)}")
    version = values.get("version")
    if isinstance(version, bool) or version != VERSION:
        raise InputError(f"the policy's version is {brief(version)}: this clflab reads version {VERSION}")
    taken = values.get("steps")
    if not isinstance(taken, list | tuple):
        raise InputError(f"steps is {brief(taken)}: it must be a list of steps")
    return Policy(str(values.get("name") or name), steps(taken))
