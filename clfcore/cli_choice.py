"""Flags of `evaluate` that let validation choose for one answer: thresholds, an operating point, a decoding."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clfcore.errors import InputError

if TYPE_CHECKING:
    from clfcore.runs.evaluate import Choice


def number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise InputError(f"{word!r} is no number") from None


# Fields of evaluation.chosen.Choice: how the word is read, how it is called, what it means.
_FLAGS: dict[str, tuple[Callable[[str], Any], str, str]] = {
    "thresholds": (str, "GOAL", "several labels: half, or f1, precision or recall, chosen on validation"),
    "wanted": (number, "X", "the precision or recall that --thresholds should reach (default 0.9)"),
    "decoding": (str, "NAME", "hierarchies: levels, path (the likeliest real one) or sum (of children)"),
    "positive": (str, "CLASS", "report sensitivity and specificity of one class at an operating point"),
    "sensitivity": (number, "X", "of --positive: chosen on validation to find this share"),
    "precision": (number, "X", "of --positive: chosen on validation for this precision"),
    "threshold": (number, "X", "of --positive: the probability itself"),
}


def choice_flags(command: argparse.ArgumentParser) -> None:
    for name, (kind, metavar, words) in _FLAGS.items():
        command.add_argument(f"--{name}", type=kind, metavar=metavar, help=words)


def choice_of(given: argparse.Namespace) -> "Choice":
    """What the flags ask to choose. Raises InputError where they do not fit together."""
    from clfcore.runs.evaluate import Choice

    return Choice(**{name: getattr(given, name) for name in _FLAGS if getattr(given, name) is not None})
