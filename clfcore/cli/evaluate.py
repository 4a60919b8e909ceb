"""The commands that ask a model: metrics of a run, and what it says of images."""

import argparse
from collections.abc import Callable
from typing import Any

from clfcore.cli.flags import number, whole
from clfcore.cli.terminal import bar


def evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="RUN")
    command.add_argument("--split", metavar="NAME", help="train, validation or test (default: all that the run has)")
    command.add_argument("--data", metavar="SPEC", help="other data with the same classes, or some of them")
    command.add_argument("--views", metavar="NAME", help="average over views of each image: flip or five-crops")
    for name, (kind, metavar, words) in _CHOICE.items():
        command.add_argument(f"--{name}", type=kind, metavar=metavar, help=words)

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api
        from clfcore.runs.evaluate import Choice

        choice = Choice(**{name: getattr(given, name) for name in _CHOICE if getattr(given, name) is not None})
        progress = bar("decoding")
        return api.evaluate(
            given.name, split=given.split, data=given.data, views=given.views, progress=progress, choice=choice
        )

    command.set_defaults(run=run)


# What validation chooses for this one answer, and how a hierarchy is read: fields of evaluation.chosen.Choice.
_CHOICE: dict[str, tuple[Callable[[str], Any], str, str]] = {
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


def predict(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="RUN_OR_ARCHITECTURE")
    command.add_argument("images", nargs="+", metavar="IMAGE")
    command.add_argument("--top", type=whole, default=5, metavar="K", help="how many classes an image (default 5)")
    command.add_argument("--views", metavar="NAME", help="average over views of each image: flip or five-crops")
    command.add_argument(
        "--sure",
        type=number,
        default=0.0,
        metavar="X",
        help="of a hierarchy: stop where the path is less sure",
    )
    command.add_argument("--calibrated", action="store_true", help="with the temperature that `calibrate RUN` stored")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        return api.predict(
            given.name, given.images, k=given.top, views=given.views, sure=given.sure, calibrated=given.calibrated
        )

    command.set_defaults(run=run)
