"""The command about the inbox of a served model: its photos, their labels, and a version with them."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import OVERWRITE, READING
from clfcore.cli.terminal import table
from clfcore.cli.version_views import changes
from clfcore.files import typed_path

if TYPE_CHECKING:
    from clfcore.results import Result

SHOWN = 20


def _run(args: argparse.Namespace) -> "Result":
    return api.label_inbox(
        args.data,
        args.folder,
        decisions=typed_path(args.decisions, "decisions") if args.decisions else (),
        version=args.version,
        out=args.out,
        overwrite=args.overwrite,
        reading=args.reading,
    )


def _text(result: Values) -> str:
    rows = [
        [
            photo["item"],
            photo["suggested"] or "–",
            "–" if photo["probability"] is None else f"{photo['probability']:.3f}",
            ", ".join(photo["reasons"]),
            photo["label"] or photo["decided"] or "–",
        ]
        for photo in result["photos"][:SHOWN]
    ]
    lines = [table(rows, ["photo", "suggested", "probability", "why", "decided"])]
    if len(result["photos"]) > SHOWN:
        lines.append(f"… {len(result['photos']) - SHOWN:,} more with --json")
    words = f"{result['labeled']:,} labeled for {result['data']}, {result['left']:,} left to decide"
    lines.append(words + (f"; {result['data']} has {result['known']:,} of them already" if result["known"] else ""))
    if result["version"] is not None:
        lines.append(f"{result['version']['spec']}: {changes(result['version']['counts'])}")
    if "out" in result:
        lines.append(f"written to {result['out']}")
    return "\n".join(lines)


COMMANDS = (
    Command(
        name="inbox",
        help="list the photos that `serve --keep-odd` kept, label them, and add the labeled ones to training",
        example="inbox photos/ odd/ --decisions labels.csv --version with-inbox",
        arguments=(
            argument("data", metavar="SPEC", help="the data whose classes the photos are labeled with"),
            argument("folder", metavar="FOLDER", help="the folder that the server filled, or any of unlabeled photos"),
            argument(
                "--decisions", metavar="FILE", help="a .csv or .json with item, and label or action (drop, doubt)"
            ),
            argument(
                "--version",
                metavar="NAME",
                help="make SPEC@NAME: the data as decided, with the labeled photos in its training split",
            ),
            argument("--out", metavar="CSV", help="write the labeled photos as a manifest, which opens as data"),
            READING,
            OVERWRITE,
        ),
        run=_run,
        calls=("label_inbox",),
        render=_text,
    ),
)
