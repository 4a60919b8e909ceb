"""The command that trains a run's configuration on another version of its data, and says what that gained."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument, by_key
from clfcore.cli.flags import needed
from clfcore.cli.run_views import run_text
from clfcore.cli.terminal import shower, table

if TYPE_CHECKING:
    from clfcore.results import Result


def _run(args: argparse.Namespace) -> "Result":
    if args.after is not None:
        return api.verdict(args.name, args.after)
    data = needed(args.data, "--data", "name a version of the run's data, as DATA@VERSION")
    return api.retrain(args.name, data, show=shower())


def _retrained(result: Values) -> str:
    verdict = result["verdict"]
    return "\n".join([run_text(result["retrained"]), *([_verdict(verdict)] if verdict is not None else [])])


def _verdict(result: Values) -> str:
    rows = []
    for name, key in (("before", "old_labels"), ("corrected", "new_labels")):
        scores = result[key]
        rows.append([name, _score(scores, "before"), _score(scores, "after")])
    head = [f"labels of {result['split']}", f"run on {result['data_before']}", f"run on {result['data_after']}"]
    return "\n".join([table(rows, head), *result["words"]])


def _score(scores: Values, run: str) -> str:
    low, high = scores[f"{run}_interval"]
    return f"{scores[run]:.4f} ({low:.4f} to {high:.4f})"


COMMANDS = (
    Command(
        name="retrain",
        help="train a run's configuration on another version of its data, and compare both on their common images",
        example="retrain 20260131-1200 --data photos@checked",
        arguments=(
            argument("name", metavar="RUN", help="a finished run: id or folder"),
            argument("--data", metavar="SPEC", help="a version of the run's data, as DATA@VERSION"),
            argument("--after", metavar="RUN", help="train nothing: compare with this run on another version"),
        ),
        run=_run,
        calls=("retrain", "verdict"),
        render=by_key(retrained=_retrained, old_labels=_verdict),
    ),
)
