"""Flags that several commands share, the configuration they make, and numbers checked."""

import argparse
import math
from collections.abc import Callable, Sequence

from pydantic.fields import FieldInfo

from clfcore import config as configs
from clfcore import presets
from clfcore.cli.command import Argument, argument
from clfcore.data.importers.readings import with_reading
from clfcore.errors import Failure, InputError, brief
from clfcore.files import typed_path
from clfcore.parse_config import parse_config, read_config_file
from clfcore.task import TaskKind
from clfcore.train_command import flag


def _field(name: str, info: FieldInfo) -> Argument:
    """The flag of one field of a configuration."""
    default = "" if info.is_required() or info.default is None else f" (default {info.default})"
    help_text = f"{info.description}{default}"
    return argument(flag(name), dest=f"field.{name}", metavar=_metavar(info), help=help_text)


def _metavar(info: FieldInfo) -> str:
    kind = str(info.annotation)
    if "bool" in kind:
        return "true|false"
    return "N" if "int" in kind else "X" if "float" in kind else "NAME"


# How data is read that could be read in several ways; the same as words before the path in a SPEC.
READING = argument(
    "--reading",
    metavar="NAME",
    help="how ambiguous data is read, such as outer, nested, inner, join-case or label=COLUMN; a refusal names them",
)
OPTION = argument("--option", action="append", metavar="K=V", help="an option of the architecture; repeatable")
OVERWRITE = argument(
    "--overwrite",
    action="store_true",
    help="replace an output file that this command did not write; what it reads is never replaced",
)
# The flags that make a configuration: a file, a preset, and one for each field.
RECIPE = (
    argument("--config", metavar="FILE", help="a configuration as JSON; flags override it"),
    argument("--preset", metavar="NAME", help="a recipe by name; the file and flags override it"),
    READING,
    OPTION,
    *(_field(name, info) for name, info in configs.FIELDS.items() if name != "options"),
)


def configuration(given: argparse.Namespace) -> configs.RunConfig:
    """The file's values, where there is one, overridden by the flags."""
    values = read_config_file(typed_path(given.config, "config")) if given.config else {}
    recipe = values.get("recipe", {})
    if not isinstance(recipe, dict):
        raise InputError(f"recipe is {recipe!r}: it must be an object")
    values = {**values, "recipe": dict(recipe)}
    reading, data = given.reading, vars(given).get("field.data") or values.get("data")
    if reading and isinstance(data, str):
        values["data"] = vars(given)["field.data"] = with_reading(data, reading)
    if given.preset is not None:
        base = presets.values(given.preset, _kind(vars(given).get("field.data") or values.get("data")))
        values = {**base, **values, "recipe": {**base["recipe"], **recipe}}
    for name, value in vars(given).items():
        if value is None or not name.startswith("field."):
            continue
        field = name.removeprefix("field.")
        if field.startswith("recipe."):
            values["recipe"][field.removeprefix("recipe.")] = value
        else:
            values[field] = value
    if given.option:
        values["options"] = {**values.get("options", {}), **options_of(given.option)}
    for name, usage in (("data", "--data SPEC"), ("architecture", "--architecture NAME")):
        if name not in values:
            raise InputError(f"{name} is missing: give {usage}, or a file with --config")
    return parse_config(values)


def _kind(spec: str | None) -> TaskKind:
    """The task of the data that is named; of none, or of one that is refused later, a single label."""
    from clfcore.data.catalogue import open_dataset  # brings numpy along, and help needs none

    try:
        return open_dataset(spec).task.kind if spec else "single-label"
    except (InputError, Failure):
        return "single-label"


def options_of(words: Sequence[str] | None, *, flag: str = "option") -> dict[str, str]:
    """`NAME=VALUE` words as a dictionary. Raises InputError where one is written otherwise."""
    options = {}
    for word in words or []:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise InputError(f"{flag} is {word!r}: write it as NAME=VALUE, such as batch_norm=true")
        options[name] = value
    return options


def names_of(text: str | None) -> list[str]:
    """Names parted by commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def needed(value: str | None, what: str, how: str) -> str:
    if value is None:
        raise InputError(f"{what} is missing: {how}")
    return value


LARGEST = 1_000_000_000  # of a whole number that a flag takes; no count here comes near


def whole(word: str) -> int:
    """A whole number as a flag takes it. Raises ArgumentTypeError, whose words argparse puts after the flag's name."""
    try:
        value = int(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{brief(word)} is no whole number") from None
    if abs(value) > LARGEST:
        raise argparse.ArgumentTypeError(f"{brief(word)} is out of range: it must be at most {LARGEST:,}")
    return value


def between(low: int, high: int) -> Callable[[str], int]:
    """A whole number in a range, as a flag takes it."""

    def bounded(word: str) -> int:
        value = whole(word)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is out of range: it must be from {low:,} to {high:,}")
        return value

    return bounded


def number(word: str) -> float:
    """A finite number as a flag takes it."""
    try:
        value = float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{brief(word)} is no number") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{brief(word)} is no finite number")
    return value
