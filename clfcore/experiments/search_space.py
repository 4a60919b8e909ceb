"""Search spaces: which fields of a configuration a sweep tries, between which bounds or among which values.

A space is a JSON object: a field's name, such as `recipe.learning_rate` or `learning_rate`, and what it may be: a list
of values, or an object of `low` and `high`, with `log` for a logarithmic scale or `step` for a grid. Each end and each
value is checked by the configuration's own rules before anything is trained.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from clfcore.config import FIELDS, RunConfig
from clfcore.errors import InputError, brief, nearest
from clfcore.files import parse_json, read_text
from clfcore.parse_config import with_changes
from clfcore.runs.resolve_run import resolve_run

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

LARGEST = 1 << 20  # bytes of a space's file
MOST = 50  # fields, and values of one
FIXED = {
    "data": "trials are compared on the same data",
    "split_seed": "trials are compared on the same split",
    "recipe.seed": "the best of several seeds is luck; compare seeds with train-to-compare",
    "track": "it changes no result",
    "recipe.device": "it changes no result",
    "options": "options belong to one architecture; set them for all",
}
_DECIDES = ("architecture", "strategy", "weights")  # which values other fields may take
Values = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Dimension:
    """A field, and what it may be: one of `values`, or where there are none a number from `low` to `high`."""

    field: str
    values: tuple[JsonValue, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None

    @property
    def whole(self) -> bool:
        """Whether its numbers are whole."""
        return "int" in str(FIELDS[self.field].annotation)

    @property
    def ends(self) -> tuple[JsonValue, ...]:
        """What is checked: each value, or both bounds."""
        return self.values or ((int(self.low), int(self.high)) if self.whole else (self.low, self.high))

    def suggest(self, trial: "BaseTrial") -> JsonValue:
        """A value for a trial."""
        if self.values:
            return json.loads(trial.suggest_categorical(self.field, [json.dumps(value) for value in self.values]))
        if self.whole:
            step = int(self.step or 1)
            return trial.suggest_int(self.field, int(self.low), int(self.high), log=self.log, step=step)
        return trial.suggest_float(self.field, self.low, self.high, log=self.log, step=self.step)

    def as_dict(self) -> JsonValue:
        """As a space's file has it."""
        if self.values:
            return list(self.values)
        scale: dict[str, JsonValue] = {"log": True} if self.log else {"step": self.step} if self.step else {}
        return {"low": self.ends[0], "high": self.ends[1], **scale}


@dataclass(frozen=True)
class Space:
    """The fields that a sweep tries, in their order."""

    dimensions: tuple[Dimension, ...]

    def suggest(self, trial: "BaseTrial") -> dict[str, JsonValue]:
        """Values of a trial, by field."""
        return {dimension.field: dimension.suggest(trial) for dimension in self.dimensions}

    def as_dict(self) -> dict[str, JsonValue]:
        """As a space's file has it."""
        return {dimension.field: dimension.as_dict() for dimension in self.dimensions}


def read_space(path: Path) -> Mapping[str, object]:
    """A space's file, unchecked. Raises InputError where it is absent or no JSON object."""
    values = parse_json(read_text(path, most=LARGEST, what="a sweep's space as JSON"), what=str(path))
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no JSON object: it must hold fields and what they may be")
    return values


def make_space(given: Mapping[str, object], config: RunConfig) -> Space:
    """A checked space over a configuration. Raises InputError with one sentence for the first value that cannot be."""
    if not given:
        raise InputError('the space is empty: give it fields, such as {"learning_rate": {"low": 1e-4, "high": 1e-2}}')
    if len(given) > MOST:
        raise InputError(f"the space has {len(given)} fields: at most {MOST} are searched together")
    dimensions = tuple(_dimension(_field(name), value) for name, value in given.items())
    fields = [dimension.field for dimension in dimensions]
    for field in fields:
        if fields.count(field) > 1:
            raise InputError(f"space names {field} twice: give it once")
    decided = not any(field in _DECIDES for field in fields)
    for dimension in dimensions:
        for value in dimension.ends:
            changed = with_values(config, {dimension.field: value})
            if decided:
                resolve_run(changed)
    return Space(dimensions)


def with_values(config: RunConfig, values: Values) -> RunConfig:
    """The configuration with a trial's values. Raises InputError where one cannot be."""
    recipe = {name.removeprefix("recipe."): value for name, value in values.items() if name.startswith("recipe.")}
    return with_changes(config, recipe=recipe, **{n: v for n, v in values.items() if not n.startswith("recipe.")})


def _field(name: str) -> str:
    field = name if name in FIELDS else f"recipe.{name}"
    if field not in FIELDS:
        raise InputError(
            f"space: {brief(name)} is no setting{nearest(name, [n.removeprefix('recipe.') for n in FIELDS])}"
        )
    if field in FIXED:
        raise InputError(f"space: {field} is not searched: {FIXED[field]}")
    return field


def _dimension(field: str, given: object) -> Dimension:
    if isinstance(given, Mapping) and set(given) == {"choices"}:
        given = given["choices"]
    if isinstance(given, Sequence) and not isinstance(given, str):
        values = tuple({json.dumps(value): value for value in given}.values())
        if len(values) < 2 or len(values) > MOST:
            raise InputError(
                f"space: {field} has {len(values)} different values: give it 2 to {MOST}, or fix it for all"
            )
        return Dimension(field, values)
    if not isinstance(given, Mapping) or not {"low", "high"} <= set(given) <= {"low", "high", "log", "step"}:
        raise InputError(
            f'space: {field} is {brief(given)}: give a list of values, or {{"low": …, "high": …}} with "log" or "step"'
        )
    return _range(field, given)


def _range(field: str, given: Mapping[str, object]) -> Dimension:
    kind = str(FIELDS[field].annotation)
    if not any(number in kind for number in ("int", "float")):
        raise InputError(f"space: {field} has no numbers: give a list of its values")
    for name in ("low", "high", "step"):
        value = given.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError(f"space: {name} of {field} is {brief(value)}: it must be a number")
        if "int" in kind and value != int(value):
            raise InputError(f"space: {name} of {field} is {value}: it must be a whole number")
    low, high, step = (float(str(given[name])) if name in given else None for name in ("low", "high", "step"))
    assert low is not None
    assert high is not None
    log = given.get("log", False)
    if not isinstance(log, bool):
        raise InputError(f"space: log of {field} is {brief(log)}: it must be true or false")
    if low >= high:
        raise InputError(f"space: low of {field} is {low:g} and high is {high:g}: low must be the smaller")
    if log and low <= 0:
        raise InputError(f"space: low of {field} is {low:g}: a logarithmic scale begins above 0")
    if step is not None and (step <= 0 or step > high - low):
        raise InputError(f"space: step of {field} is {step:g}: it must be above 0 and at most {high - low:g}")
    if log and step is not None:
        raise InputError(f"space: {field} has both log and step: choose one")
    return Dimension(field, low=low, high=high, log=log, step=step)
