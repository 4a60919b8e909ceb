"""Flags that several commands share, the configuration they make, and numbers checked."""

import argparse
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Argument, Command, argument
from clfcore.errors import InputError, brief
from clfcore.files import typed_path

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from clfcore.config import RunConfig


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


def configuration_arguments() -> tuple[Argument, ...]:
    """The flags that make a configuration: a file, a preset, and one for each field."""
    return (
        argument("--config", metavar="FILE", help="a configuration as JSON; flags override it"),
        argument("--preset", metavar="NAME", help="a recipe by name; the file and flags override it"),
        READING,
        OPTION,
        *(_field(name, info) for name, info in api.FIELDS.items() if name != "options"),
    )


def _field(name: str, info: "FieldInfo") -> Argument:
    """The flag of one field of a configuration."""
    default = "" if info.is_required() or info.default is None else f" (default {info.default})"
    help_text = f"{info.description}{default}"
    return argument(api.flag(name), dest=f"field.{name}", metavar=_metavar(info), help=help_text)


def _metavar(info: "FieldInfo") -> str:
    kind = str(info.annotation)
    if "bool" in kind:
        return "true|false"
    return "N" if "int" in kind else "X" if "float" in kind else "NAME"


def arguments_of(command: Command) -> tuple[Argument, ...]:
    """All arguments of a command, those of a configuration first where it takes one."""
    return (*configuration_arguments(), *command.arguments) if command.configured else command.arguments


def configuration(arguments: argparse.Namespace) -> "RunConfig":
    """The configuration of --config and --preset, overridden by the flags."""
    values = {
        name.removeprefix("field."): value for name, value in vars(arguments).items() if name.startswith("field.")
    }
    return api.configuration(
        {**values, "options": options_of(arguments.option) or None},
        file=typed_path(arguments.config, "config") if arguments.config else None,
        preset=arguments.preset,
        reading=arguments.reading,
    )


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
