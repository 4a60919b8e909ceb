"""The command line: flags from config's rules, text or JSON out, exit status.

Exit status 0: done; 1: the work failed or the lab has a fault (one line says which); 2: the input was wrong (one line
says how to mend it); 130: interrupted from the keyboard.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from clfcore import logs
from clfcore.cli import architectures, augmentation, errors, evaluate, experiments, explain, runs, terminal
from clfcore.cli.flags import configuration, needed, overwrite_flag, reading_flag, recipe_flags
from clfcore.cli.terminal import bar, shower
from clfcore.crash_report import crash
from clfcore.errors import Failure, InputError, nearest
from clfcore.files import typed_path

EXAMPLES = """examples:
  python -m clfcore train --data digits --architecture lenet5
  python -m clfcore train --data photos/ --architecture efficientnet_lite0
  python -m clfcore predict efficientnet_lite0 cat.jpg
  python -m clfcore evaluate RUN --split test --json
  python -m clfcore datasets check photos.zip

Every command takes --help. RUN is a run's id, the beginning of one, or the path of its folder."""


class Parser(argparse.ArgumentParser):
    """argparse that refuses in one line, with the nearest name."""

    def error(self, message: str) -> NoReturn:
        words = message.split("'")
        if "invalid choice" in message and len(words) > 1:
            known = list(_commands())
            message = f"{words[1]!r} is no command{nearest(words[1], known)}: it must be one of {', '.join(known)}"
        raise InputError(f"{message} (see `python -m clfcore --help`)")


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
    except BrokenPipeError:  # whoever read the answer has seen enough
        terminal.close_output()
        return 0
    except OSError as error:
        return _say(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else error, 1)
    except MemoryError:
        return _say("this machine's memory is not enough for it: choose a smaller batch, image or sample", 1)
    except KeyboardInterrupt:
        return _say("interrupted: what was reached is kept; `resume RUN` goes on with it", 130)
    except Exception as error:
        return _say(crash(error, words), 1)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _carry_out(words: Sequence[str]) -> int:
    given = parser().parse_args(words)
    for name in ("runs", "datasets"):
        if folder := getattr(given, f"{name}_folder", None):
            os.environ[f"CLFLAB_{name.upper()}"] = str(typed_path(folder, name))
    with logs.printed() if getattr(given, "verbose", False) else contextlib.nullcontext():
        result = given.run(given)
    if getattr(given, "json", False):
        terminal.write(terminal.json_line(result, encoding=terminal.encoding(sys.stdout)))
    else:
        from clfcore.cli import render

        terminal.write(terminal.printable(render.render(given.command, result), lines=True))
    return int(any("error" in answer for answer in result.get("predictions", [])))


def _say(error: object, status: int) -> int:
    terminal.say(error)
    return status


def parser() -> argparse.ArgumentParser:
    """All commands with their flags; needs neither torch nor the data."""
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    shared.add_argument("--verbose", action="store_true", help="print the log on standard error")
    shared.add_argument("--runs", dest="runs_folder", metavar="DIR", help="where runs live (CLFLAB_RUNS)")
    shared.add_argument(
        "--datasets", dest="datasets_folder", metavar="DIR", help="where datasets live (CLFLAB_DATASETS)"
    )
    top = Parser(
        prog="clfcore",
        description="A lab for image classification.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name, (help_text, example, build) in _commands().items():
        command = commands.add_parser(
            name,
            help=help_text,
            description=f"{help_text[0].upper()}{help_text[1:]}.",
            epilog=f"example:\n  python -m clfcore {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[shared],
        )
        build(command)
    return top


Build = Callable[[argparse.ArgumentParser], None]


def _commands() -> dict[str, tuple[str, str, Build]]:
    """Each command: what it does, an example, and the function that adds its flags and says what runs."""
    return {
        "datasets": (
            "list the datasets, or `check SPEC`, `download NAME`, `export SPEC`",
            "datasets check photos/",
            _datasets,
        ),
        "architectures": (
            "list architectures, or show, compare, time and look into them",
            "architectures show resnet18",
            architectures.architectures,
        ),
        "train": ("train a classifier", "train --data digits --architecture lenet5 --epochs 15", _train),
        "check": (
            "before a launch: learn one batch by heart, show what the network sees",
            "check --data digits --architecture lenet5 --out batch.png",
            augmentation.check,
        ),
        "trial": (
            "does augmentation help? train policies on a sample within a time budget",
            "trial --data digits --architecture lenet5 --policies none,digits --seconds 30",
            augmentation.trial,
        ),
        "policies": (
            "list augmentation policies, or `show`, `views`, `save`, `delete NAME`",
            "policies views basic --data digits --out views.png",
            augmentation.policies,
        ),
        "advise": (
            "which strategy suits the data, and why; --try measures it",
            "advise --data photos/ --architecture efficientnet_lite0 --try --seconds 60",
            experiments.advise,
        ),
        "find-rate": (
            "search a learning rate: a short training whose rate rises",
            "find-rate --data digits --architecture lenet5",
            experiments.find_rate,
        ),
        "more-pictures": (
            "would more pictures help? accuracy at parts of the training split",
            "more-pictures --data photos/ --architecture efficientnet_lite0",
            experiments.more_pictures,
        ),
        "cache": ("what the cache takes, or `cache clear`", "cache clear", experiments.cache),
        "resume": ("go on with an interrupted or cancelled run", "resume 20260131-1200", _resume),
        "runs": ("list runs, or `show RUN`, `delete RUN`", "runs show 20260131-1200 --json", _runs),
        "evaluate": (
            "metrics of a run, or of a run on other data",
            "evaluate RUN --data more-photos/",
            evaluate.evaluate,
        ),
        "predict": ("what a model says of images", "predict efficientnet_lite0 cat.jpg --top 3", evaluate.predict),
        "explain": (
            "a map of where a model looked, or --check: how far its maps can be believed",
            "explain efficientnet_lite0 cat.jpg --method gradcam --out map.png",
            explain.explain,
        ),
        "compare": ("runs side by side, with paired tests", "compare RUN RUN --json", runs.compare),
        "train-to-compare": (
            "train architectures x strategies x seeds on one split with one recipe, and compare them",
            "train-to-compare --data digits --architecture lenet5,resnet18_small --seeds 3 --epochs 5",
            runs.train_to_compare,
        ),
        "errors": (
            "the pictures behind the numbers: a list of errors, as text, JSON or CSV; verdicts on them",
            "errors RUN --list most_confident --most 12 --csv errors.csv",
            errors.errors,
        ),
        "measure": (
            "latency and memory of runs on this machine, kept with them",
            "measure RUN RUN",
            runs.measure,
        ),
        "calibrate": (
            "fit a temperature on validation, so that probabilities mean what they say",
            "calibrate RUN",
            runs.calibrate,
        ),
        "report": (
            "one self-contained HTML file of a run, or its model card in Markdown",
            "report RUN --out report.html",
            runs.report,
        ),
        "doctor": ("what this machine has, and what is missing", "doctor", _doctor),
    }


def _datasets(command: argparse.ArgumentParser) -> None:
    actions = "check reports its problems, download NAME fetches a published one, export writes it as a manifest"
    command.add_argument("action", nargs="?", choices=["check", "download", "export"], help=actions)
    command.add_argument("spec", nargs="?", help="catalogue name, folder, nested:FOLDER, .zip or .csv manifest")
    command.add_argument("--out", metavar="FILE", help="of export: the .csv to write; pictures may go beside it")
    reading_flag(command)
    overwrite_flag(command)

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api
        from clfcore.data.importers.readings import with_reading

        if given.action is None:
            return api.datasets()
        if given.action == "download":
            name = needed(given.spec, "NAME", "name the dataset to download")
            return api.datasets_download(name, progress=bar("downloading"))
        if given.action == "export":
            spec = with_reading(needed(given.spec, "SPEC", "name the data to export"), given.reading)
            out = needed(given.out, "--out", "name a .csv to write")
            out = typed_path(out, "out")
            return api.datasets_export(spec, out, overwrite=given.overwrite, progress=bar("writing"))
        spec = with_reading(needed(given.spec, "SPEC", "name the data to check"), given.reading)
        return api.datasets_check(spec, progress=bar("decoding"))

    command.set_defaults(run=run)


def _train(command: argparse.ArgumentParser) -> None:
    recipe_flags(command)

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        return api.train(configuration(given), show=shower())

    command.set_defaults(run=run)


def _resume(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="RUN")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        return api.resume(given.name, show=shower())

    command.set_defaults(run=run)


def _runs(command: argparse.ArgumentParser) -> None:
    command.add_argument("action", nargs="?", choices=["show", "delete"], help="what to do with RUN")
    command.add_argument("name", nargs="?", metavar="RUN")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        if given.action is None:
            return api.list_runs()
        name = needed(given.name, "RUN", f"name the run to {given.action}")
        return api.show_run(name) if given.action == "show" else api.delete_run(name)

    command.set_defaults(run=run)


def _doctor(command: argparse.ArgumentParser) -> None:
    def run(_: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        return api.doctor()

    command.set_defaults(run=run)
