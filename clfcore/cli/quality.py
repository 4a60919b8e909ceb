"""The command about data quality: label errors, near-duplicates, outliers and poor images."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import OVERWRITE, READING
from clfcore.cli.terminal import bar, table

if TYPE_CHECKING:
    from clfcore.results import Result

SHOWN = 20  # of each list, as text
MOST_NAMED = 3  # items of a cluster


def _run(args: argparse.Namespace) -> "Result":
    return api.quality(
        args.data,
        architecture=args.architecture,
        reading=args.reading,
        most=args.most,
        groups=args.groups,
        overwrite=args.overwrite,
        progress=bar("checking"),
    )


def _text(result: Values) -> str:
    checks = result["checks"]
    expected = f"about {result['expected_label_errors']:,} of {result['items']:,} labels are wrong"
    lines = [f"{result['name']}: {expected}, by the embeddings of {result['architecture']}"]
    if result["unjudged"]:
        lines.append(f"{len(result['unjudged']):,} images are the only ones of their class, and were not judged")
    leaks = [row for row in checks["duplicates"] if _is_leak(row)]
    if leaks:
        pictures = "picture is" if result["leaks"] == 1 else "pictures are"
        lines += ["", f"{result['leaks']:,} {pictures} in several splits: what is tested was trained on"]
        lines += [f"  leak: {_listed(row, ' = ')}" for row in leaks[:SHOWN]]
    suspects = [[s["item"], s["split"], s["given"], s["suggested"], f"{s['score']:.3f}"] for s in checks["labels"]]
    lines += _section(suspects, ["label suspects", "split", "given", "suggested", "label quality"])
    others = [[_listed(row, ", "), row["kind"], f"{row['similarity']:.3f}"] for row in checks["duplicates"]]
    lines += _section(others, ["near-duplicates", "kind", "similarity"])
    lines += _section([[o["item"], f"{o['score']:.3f}"] for o in checks["outliers"]], ["outliers", "distance"])
    flaws = [[flaw["item"], flaw["kind"], f"{flaw['value']:.3g}"] for flaw in checks["images"]]
    lines += _section(flaws, ["image flaws", "kind", "value"])
    if result.get("groups"):
        lines += ["", f"{result['groups']} keeps duplicates and sessions in one split: train on it instead"]
    return "\n".join(lines)


def _section(rows: list[list[str]], head: list[str]) -> list[str]:
    """A blank line and a table of the worst, or a line where there are none."""
    if not rows:
        return ["", f"{head[0]}: none"]
    more = [f"… {len(rows) - SHOWN:,} more with --json"] if len(rows) > SHOWN else []
    return ["", table(rows[:SHOWN], head), *more]


def _is_leak(row: Values) -> bool:
    return row["kind"] != "same session" and len({split for split in row["splits"] if split}) > 1


def _listed(row: Values, between: str) -> str:
    """The items of a cluster with their splits, and how many more there are."""
    named = [f"{item} ({split or 'no split'})" for item, split in zip(row["items"], row["splits"], strict=True)]
    more = f" and {len(named) - MOST_NAMED:,} more" if len(named) > MOST_NAMED else ""
    return between.join(named[:MOST_NAMED]) + more


COMMANDS = (
    Command(
        name="quality",
        help="check a dataset for label errors, near-duplicates, outliers and poor images, the worst first",
        example="quality photos/ --json",
        arguments=(
            argument("data", metavar="DATA", help="a dataset: name, folder, .zip or .csv manifest"),
            argument(
                "--architecture",
                metavar="NAME",
                help="the pretrained network whose embeddings are compared (efficientnet_lite0)",
            ),
            argument(
                "--most", type=int, metavar="N", help="how many of each list (a fifth of the images, at least 100)"
            ),
            argument(
                "--groups",
                metavar="FILE",
                help="a .csv manifest to write, whose groups keep duplicates and sessions in one split",
            ),
            READING,
            OVERWRITE,
        ),
        run=_run,
        calls=("quality",),
        render=_text,
    ),
)
