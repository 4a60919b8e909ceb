"""The command about pretrained weights: what is here, its size and licence; a download."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.architectures.weights_index import megabytes
from clfcore.cli.command import Command, Values, argument, by_key
from clfcore.cli.flags import needed
from clfcore.cli.terminal import byte_bar, table

if TYPE_CHECKING:
    from clfcore.results import Result


def _run(args: argparse.Namespace) -> "Result":
    if args.action is None:
        return api.list_weights(args.search)
    name = needed(args.name, "NAME", "name the network whose weights to download")
    return api.get_weights(name, weights=args.weights, progress=byte_bar("downloading"))


def _list(result: Values) -> str:
    rows = [
        [one["name"], one["weights"], _state(one), megabytes(one["bytes"]), one["licence"], one["source"]]
        for one in result["weights"]
    ]
    return table(rows, ["name", "weights", "here", "size", "license", "source"])


def _state(row: Values) -> str:
    if row["available"]:
        return "yes"
    return f"{megabytes(row['partial_bytes'])} of it" if row.get("partial_bytes") else "no"


def _got(result: Values) -> str:
    size = megabytes(result["bytes"])
    return f"{result['name']}: {result['weights']}, {size}, license {result['licence']}, in {result['file']}"


COMMANDS = (
    Command(
        name="weights",
        help="list pretrained weights with size, license and source, or `get NAME` to download some",
        example="weights get resnet18",
        arguments=(
            argument(
                "action",
                nargs="?",
                choices=["get"],
                help="get NAME downloads its weights, checked; nothing else of the lab downloads any",
            ),
            argument("name", nargs="?", metavar="NAME", help="an architecture, or timm/NAME or timm/NAME.TAG"),
            argument(
                "--weights", metavar="TAG", help="which of its weights, as the list names them (the default ones)"
            ),
            argument("--search", metavar="TEXT", help="list what has TEXT in its name, timm's networks too"),
        ),
        run=_run,
        calls=("list_weights", "get_weights"),
        render=by_key(file=_got, weights=_list),
    ),
)
