"""A command as one value: its name, help, example, arguments, what it runs, and how the result reads."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clfcore.cli.terminal import lines
from clfcore.results import JsonObject, Result

Values = JsonObject  # a result, as a view reads it


@dataclass(frozen=True)
class Argument:
    """What argparse's `add_argument` takes: names, and its options."""

    names: tuple[str, ...]
    options: Mapping[str, Any]  # argparse checks them

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Have the parser take it."""
        parser.add_argument(*self.names, **self.options)


def argument(*names: str, **options: Any) -> Argument:
    """An argument written as for argparse."""
    return Argument(names, options)


@dataclass(frozen=True)
class Command:
    """All that the lab knows of one command.

    help: one line, as the list of commands shows it. example: a command line that works, without the program's name.
    arguments: its own. run: the parsed arguments -> a result of `clfcore.api`. calls: the functions of `clfcore.api`
    that it calls, one an action. configured: it takes the flags of a configuration before its own; they need pydantic,
    so that they are built only where the command is named. render: the result's JSON object -> text. exit_status: of a
    result that was printed.
    """

    name: str
    help: str
    example: str
    arguments: tuple[Argument, ...]
    run: Callable[[argparse.Namespace], Result]
    calls: tuple[str, ...]
    configured: bool = False
    render: Callable[[Values], str] = lines
    exit_status: Callable[[Any], int] = lambda result: 0  # takes the kind of result that `run` gives


def by_key(**views: Callable[[Values], str]) -> Callable[[Values], str]:
    """The view of a command whose actions give different objects: the first whose key the object has, else `lines`."""

    def render(result: Values) -> str:
        return next((view for key, view in views.items() if key in result), lines)(result)

    return render
