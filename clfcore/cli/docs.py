"""docs/cli.md, written from the commands: `python -m clfcore.cli.docs > docs/cli.md`."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from clfcore.cli.command import Command
from clfcore.cli.flags import arguments_of
from clfcore.cli.main import COMMANDS, PROGRAM, parser

HEAD = f"""# The command line

`{PROGRAM} COMMAND` and `python -m clfcore COMMAND` are the same. With `--json` a command prints one JSON object on
standard output; progress goes to standard error. Every command has its Python call in `clfcore.api`.
This page is written from the commands: `python -m clfcore.cli.docs > docs/cli.md`.
"""


def page() -> str:
    """The whole page: a list of the commands, then each with its usage, arguments, example and Python calls."""
    listed = "\n".join(f"- [`{command.name}`](#{command.name}): {command.help}" for command in COMMANDS.values())
    subparsers = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    sections = [_section(command, subparsers.choices[command.name]) for command in COMMANDS.values()]
    return "\n".join([HEAD, listed, "", *sections])


def _section(command: Command, own: argparse.ArgumentParser) -> str:
    refers = command.configured and command.name != "train"
    arguments = command.arguments if refers else arguments_of(command)
    rows = ["| the flags of [`train`](#train) | a configuration |"] if refers else []
    rows += [_row(argument.names, argument.options) for argument in arguments]
    table = ["| argument | |", "| --- | --- |", *rows, ""] if rows else []
    calls = ", ".join(f"`api.{name}`" for name in command.calls)
    example = f"    {PROGRAM} {command.example}"
    stop = "" if command.help.endswith("…") else "."
    text = f"{command.help[0].upper()}{command.help[1:]}{stop}"
    return "\n".join([f"## {own.prog.split()[-1]}", "", text, "", example, "", *table, f"Python: {calls}", ""])


def _row(names: tuple[str, ...], options: Mapping[str, Any]) -> str:
    value = options.get("metavar") or "|".join(options.get("choices", ()))
    flag = names[0] if names[0].startswith("-") else ""
    word = " ".join(filter(None, (flag, value))) or names[0]
    cells = (text.replace("|", "\\|") for text in (f"`{word}`", options.get("help", "")))
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(page())
