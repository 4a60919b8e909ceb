"""The commands that judge one run: its metrics, its errors, its calibration."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import OVERWRITE, number, whole
from clfcore.cli.run_views import run_text
from clfcore.cli.terminal import bar, table
from clfcore.evaluation.metric_catalogue import METRICS

if TYPE_CHECKING:
    from clfcore.results import Result

# What validation chooses for this one answer, and how a hierarchy is read: fields of evaluation.chosen.Choice.
_CHOICE: dict[str, tuple[Callable[[str], str | float], str, str]] = {
    "thresholds": (str, "GOAL", "several labels: half, or f1, precision or recall, chosen on validation"),
    "wanted": (
        number,
        "X",
        "the precision or recall that --thresholds should reach (default 0.9)",
    ),
    "decoding": (str, "NAME", "hierarchies: levels, path (the likeliest real one) or sum (of children)"),
    "positive": (str, "CLASS", "report sensitivity and specificity of one class at an operating point"),
    "sensitivity": (number, "X", "of --positive: chosen on validation to find this share"),
    "precision": (number, "X", "of --positive: chosen on validation for this precision"),
    "threshold": (number, "X", "of --positive: the probability itself"),
}


def _evaluate(args: argparse.Namespace) -> "Result":
    choice = api.Choice(**{name: getattr(args, name) for name in _CHOICE if getattr(args, name) is not None})
    return api.evaluate(
        args.name, split=args.split, data=args.data, views=args.views, progress=bar("decoding"), choice=choice
    )


def _errors(args: argparse.Namespace) -> "Result":
    return api.errors(
        args.name,
        split=args.split,
        list=args.list,
        most=args.most,
        true=args.true,
        predicted=args.predicted,
        csv=args.csv,
        overwrite=args.overwrite,
        mark=api.Mark(args.mark, args.kind, args.note) if args.mark else None,
    )


def _error_table(result: Values) -> str:
    if not result["errors"]:
        return f"there is no such picture in the {result['split']} split"
    if "label" in result["errors"][0]:
        head = ["id", "label", "error", "probability", "verdict"]
        rows = [
            [one["id"], one["label"], "false alarm" if one["said"] else "miss", one["probability"], one.get("verdict")]
            for one in result["errors"]
        ]
    else:
        head = ["id", "true", "predicted", "of the truth", "of the prediction", "verdict"]
        rows = [
            [one["id"], one["truth"], one["predicted"], one["p_truth"], one["p_predicted"], one.get("verdict")]
            for one in result["errors"]
        ]
    return "\n".join([table(rows, head), *([result["csv"]] if result["csv"] else [])])


def _calibrate(args: argparse.Namespace) -> "Result":
    return api.calibrate(args.name, forget=args.forget)


def _calibration_table(result: Values) -> str:
    names = ("ece", "brier", "nll")
    value = result["temperature"]
    rows = [
        [split, when, *(numbers[name] for name in names)]
        for split, both in result["splits"].items()
        for when, numbers in both.items()
        if numbers is not None
    ]
    text = "no temperature is kept" if value is None else f"temperature {value:.3f}, fitted on validation and kept"
    return f"run {result['run']}: {text}\n" + table(rows, ["split", "", *(METRICS[name].in_text for name in names)])


COMMANDS = (
    Command(
        name="evaluate",
        help="metrics of a run, or of a run on other data",
        example="evaluate RUN --data more-photos/",
        arguments=(
            argument("name", metavar="RUN", help="a finished run: id or folder"),
            argument("--split", metavar="NAME", help="train, validation or test (default: all that the run has)"),
            argument("--data", metavar="SPEC", help="other data with the same classes, or some of them"),
            argument("--views", metavar="NAME", help="average over views of each image: flip or five-crops"),
            *(
                argument(f"--{name}", type=kind, metavar=metavar, help=words)
                for name, (kind, metavar, words) in _CHOICE.items()
            ),
        ),
        run=_evaluate,
        calls=("evaluate",),
        render=run_text,
    ),
    Command(
        name="errors",
        help="the pictures behind the numbers: a list of errors, as text, JSON or CSV; verdicts on them",
        example="errors RUN --list most_confident --most 12 --csv errors.csv",
        arguments=(
            argument("name", metavar="RUN", help="a finished run: id or folder"),
            argument("--split", metavar="NAME", help="test where the run has it, else validation"),
            argument(
                "--list",
                default="most_confident",
                metavar="NAME",
                help="most_confident (default), least_confident_correct, closest_calls, highest_loss or pair; "
                "of several labels, all wrong decisions",
            ),
            argument("--most", type=whole, default=24, metavar="N", help="how many (default 24)"),
            argument("--true", metavar="CLASS", help="of pair: the true class; of several labels: one of them"),
            argument("--predicted", metavar="CLASS", help="of pair: what it was taken for"),
            argument("--csv", metavar="FILE", help="write the list there too"),
            OVERWRITE,
            argument("--mark", metavar="ID", help="say of one picture of the list whose fault it is"),
            argument("--as", dest="kind", metavar="VERDICT", help="wrong label, ambiguous or the model's fault"),
            argument("--note", default="", metavar="TEXT", help="kept with the verdict"),
        ),
        run=_errors,
        calls=("errors",),
        render=_error_table,
    ),
    Command(
        name="calibrate",
        help="fit a temperature on validation, so that probabilities mean what they say",
        example="calibrate RUN",
        arguments=(
            argument("name", metavar="RUN", help="a finished run: id or folder"),
            argument("--forget", action="store_true", help="remove the stored temperature"),
        ),
        run=_calibrate,
        calls=("calibrate",),
        render=_calibration_table,
    ),
)
