"""The commands about what a run can honestly say: none of these classes, or a set of them."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import number
from clfcore.cli.terminal import bar, table

if TYPE_CHECKING:
    from clfcore.results import Result


def _unknown(given: argparse.Namespace) -> "Result":
    return api.unknown(given.name, false_alarms=given.false_alarms, progress=bar("looking at pictures"))


def _unknown_text(result: Values) -> str:
    rows = []
    for limit in result["scores"]:
        alarms = _share(limit["test_alarms"], limit["test_items"])
        rows.append(
            [limit["score"], f"{limit['threshold']:.4g}", alarms, *_power(limit["near"]), *_power(limit["far"])]
        )
    head = ["score", "threshold", "false alarms on test", "near caught", "near AUROC", "far caught", "far AUROC"]
    far = f"near: classes left out in turn; far: pictures of {', '.join(result['far']) or 'nothing that ships'}"
    return "\n".join([result["message"], table(rows, head), far])


def _power(caught: Values | None) -> list[str]:
    return ["–", "–"] if caught is None else [_share(caught["caught"], caught["items"]), f"{caught['auroc']:.3f}"]


def _share(part: int, of: int) -> str:
    return f"{100 * part / of:.1f}% of {of:,}" if of else "–"


COMMANDS = (
    Command(
        name="unknown",
        help="how a run tells pictures of none of its classes: its threshold, and what that keeps and catches",
        example="unknown RUN --false-alarms 0.05 --json",
        arguments=(
            argument("name", metavar="RUN"),
            argument(
                "--false-alarms",
                type=number,
                default=0.05,
                metavar="X",
                help="the share of your own pictures that may be called unlike (default 0.05); kept with the run",
            ),
        ),
        run=_unknown,
        calls=("unknown",),
        render=_unknown_text,
    ),
)
