"""The command about data quality: label errors and outliers."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import READING
from clfcore.cli.terminal import bar, table

if TYPE_CHECKING:
    from clfcore.results import Result

SHOWN = 20  # of each list, as text


def _run(given: argparse.Namespace) -> "Result":
    return api.quality(
        given.data,
        architecture=given.architecture,
        reading=given.reading,
        most=given.most,
        progress=bar("embedding"),
    )


def _text(result: Values) -> str:
    checks = result["checks"]
    suspects = [[s["item"], s["split"], s["given"], s["suggested"], f"{s['score']:.3f}"] for s in checks["labels"]]
    outliers = [[o["item"], f"{o['score']:.3f}"] for o in checks["outliers"]]
    expected = f"about {result['expected_label_errors']:,} of {result['items']:,} labels are wrong"
    lines = [f"{result['name']}: {expected}, by the embeddings of {result['architecture']}"]
    if result["unjudged"]:
        lines.append(f"{len(result['unjudged']):,} images are the only ones of their class, and were not judged")
    lines += ["", table(suspects[:SHOWN], ["label suspects", "split", "given", "suggested", "label quality"])]
    lines += ["", table(outliers[:SHOWN], ["outliers", "distance"])]
    return "\n".join(lines)


COMMANDS = (
    Command(
        name="quality",
        help="check a dataset for label errors and outliers, the worst first",
        example="quality photos/ --json",
        arguments=(
            argument("data", metavar="DATA", help="a dataset: name, folder, .zip or .csv manifest"),
            argument(
                "--architecture", metavar="NAME", help="the pretrained network to compare by (efficientnet_lite0)"
            ),
            argument(
                "--most", type=int, metavar="N", help="how many of each list (a fifth of the images, at least 100)"
            ),
            READING,
        ),
        run=_run,
        calls=("quality",),
        render=_text,
    ),
)
