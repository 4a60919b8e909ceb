"""The command line: `clflab COMMAND`, or `python -m clfcore COMMAND`; JSON or text out, an exit status.

Exit status 0: done; 1: the work failed or the lab has a fault (one line says which); 2: the input was wrong (one line
says how to mend it); 130: interrupted from the keyboard.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn

from clfcore.cli import (
    architectures,
    augmentation,
    datasets,
    evaluate,
    exploration,
    export,
    inbox,
    lessons,
    predict,
    quality,
    reliability,
    retrain,
    runs,
    serve,
    sweep,
    system,
    terminal,
    train,
    weights,
)
from clfcore.cli.command import Command
from clfcore.cli.flags import arguments_of
from clfcore.cli.terminal import byte_bar
from clfcore.crash_report import crash
from clfcore.distributed.environment import speaks
from clfcore.errors import Failure, InputError, nearest
from clfcore.files import typed_path
from clfcore.printable import printable
from clfcore.remote import transfer_progress
from clfcore.results import json_value

PROGRAM = "clflab"
EXAMPLES = """examples:
  python -m clfcore train --data digits --architecture lenet5
  python -m clfcore train --data photos/ --architecture efficientnet_lite0
  python -m clfcore predict efficientnet_lite0 cat.jpg
  python -m clfcore evaluate RUN --split test --json
  python -m clfcore datasets check photos.zip

Every command takes --help. RUN is a run's id, the beginning of one, or the path of its folder.
`clflab COMMAND` and `python -m clfcore COMMAND` are the same."""

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for group in (
        datasets,
        quality,
        exploration,
        architectures,
        weights,
        train,
        retrain,
        sweep,
        augmentation,
        runs,
        evaluate,
        reliability,
        predict,
        export,
        serve,
        inbox,
        lessons,
        system,
    )
    for command in group.COMMANDS
}


class Parser(argparse.ArgumentParser):
    """argparse that refuses in one line, with the nearest name."""

    def error(self, message: str) -> NoReturn:
        words = message.split("'")
        if "invalid choice" in message and len(words) > 1:
            known = list(COMMANDS)
            message = f"{words[1]!r} is no command{nearest(words[1], known)}: it must be one of {', '.join(known)}"
        raise InputError(f"{message} (see `{PROGRAM} --help`)")


def parser(words: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """All commands; those that `words` name have their flags, the others are only listed, which saves their time.

    Needs neither torch nor the data.
    """
    shared = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    shared.add_argument("--verbose", action="store_true", help="print the log on standard error")
    shared.add_argument("--runs", dest="runs_folder", metavar="DIR", help="where runs live (CLFLAB_RUNS)")
    shared.add_argument(
        "--datasets", dest="datasets_folder", metavar="DIR", help="where datasets live (CLFLAB_DATASETS)"
    )
    top = Parser(
        prog=PROGRAM,
        description="A lab for image classification.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS.values():
        subparser = commands.add_parser(
            command.name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=f"example:\n  python -m clfcore {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[shared],
        )
        for argument in arguments_of(command) if command.name in words else ():
            argument.add_to(subparser)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # huge pages: read by torch when it is imported
    terminal.prepare()
    before = dict(os.environ)
    try:
        return _carry_out(words)
    except InputError as error:
        return _say(error, 2)
    except Failure as error:
        return _say(error, 1)
    except terminal.OutputClosed:
        return 0
    except ConnectionError as error:  # a broken pipe among them: of a server or another program, not of the output
        return _say(f"a connection ended early ({error.strerror or type(error).__name__}): try again", 1)
    except OSError as error:
        return _say(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error, 1)
    except MemoryError:
        return _say("this machine's memory is not enough for it: choose a smaller batch, image or sample", 1)
    except KeyboardInterrupt as error:  # of a run, it says how to go on
        return _say(str(error) or "interrupted: what was reached is kept", 130)
    except Exception as error:
        return _say(crash(error, words), 1)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _carry_out(words: Sequence[str]) -> int:
    args = parser(words).parse_args(words)
    for name in ("runs", "datasets"):
        if folder := getattr(args, f"{name}_folder", None):
            os.environ[f"CLFLAB_{name.upper()}"] = str(typed_path(folder, name))
    command = COMMANDS[args.command]
    log = _log() if getattr(args, "verbose", False) else contextlib.nullcontext()
    with log, transfer_progress(byte_bar("transferring")):
        result = command.run(args)
    values = json_value(result)
    if not speaks():
        return command.exit_status(result)
    if getattr(args, "json", False):
        terminal.write(terminal.json_line(values, encoding=terminal.encoding(sys.stdout)))
    else:
        text = command.render(terminal.printable_values(values))
        terminal.write(printable(text, lines=True))
    return command.exit_status(result)


def _log() -> contextlib.AbstractContextManager[None]:
    from clfcore import logs  # logging takes an eighth of the time of --help, which needs none

    return logs.printed()


def _say(error: object, status: int) -> int:
    if speaks():  # what is wrong in one process of torchrun's is wrong in all
        terminal.say(error)
    return status
