"""The commands about how far a run can be trusted: none of its classes, sets of them, and where it is weak."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import number, whole
from clfcore.cli.terminal import bar, table

if TYPE_CHECKING:
    from clfcore.results import Result

SHOWN = 20  # rows of a table, as text


def _unknown(args: argparse.Namespace) -> "Result":
    return api.unknown(args.name, false_alarms=args.false_alarms, progress=bar("looking at pictures"))


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


def _sets(args: argparse.Namespace) -> "Result":
    return api.sets(args.name, coverage=args.coverage, level=args.level, forget=args.forget)


def _sets_text(result: Values) -> str:
    lines = [
        f"classes of at least {100 * result['threshold']:.2f}% are in a set, so that {100 * result['coverage']:g}% of "
        f"sets include the truth; chosen on {result['validation']:,} validation images"
    ]
    if result["kept"]:
        lines.append("predictions, served ones and exports of this run carry its sets; `sets RUN --forget` ends that")
    test = result["test"]
    if test is None:
        return "\n".join([*lines, "there is no test split to measure it on", result["caution"]])
    low, high = test["interval"]
    lines.append(
        f"on test {_share(test['covered'], test['items'])} do (95% interval {100 * low:.1f} to {100 * high:.1f}), "
        f"with {test['mean_size']:.2f} classes on average"
    )
    rows = [[size, items] for size, items in test["sizes"].items()]
    return "\n".join([*lines, table(rows, ["classes in the set", "test images"]), result["caution"]])


def _slices(args: argparse.Namespace) -> "Result":
    return api.slices(args.name, split=args.split, level=args.level, progress=bar("looking at pictures"))


def _slices_text(result: Values) -> str:
    accuracy = f"{100 * result['accuracy']:.1f}% of {result['items']:,} {result['split']} images are right"
    groups = f"{result['significant']} of {len(result['slices'])} groups are significantly weaker than the rest"
    rows = [
        [
            one["by"],
            one["name"],
            _share(one["right"], one["items"]),
            f"{100 * one['rest_accuracy']:.1f}%",
            f"{one['p_value']:.2g}",
            f"{one['adjusted']:.2g}",
            "yes" if one["significant"] else "",
        ]
        for one in result["slices"][:SHOWN]
    ]
    head = ["by", "group", "right", "all others", "p", "adjusted", "significant"]
    more = len(result["slices"]) - SHOWN
    return "\n".join([accuracy, groups, table(rows, head), *([f"… {more} more with --json"] if more > 0 else [])])


def _robustness(args: argparse.Namespace) -> "Result":
    return api.robustness(args.names, items=args.items, progress=bar("predicting corrupted images"))


def _robustness_text(result: Values) -> str:
    runs = result["runs"]
    lines = [
        f"{one['run']}: {100 * one['clean']:.1f}% right, under corruption {100 * one['corrupted']:.1f}%" for one in runs
    ]
    lines += [
        f"{pair['b']} against {pair['a']}: {100 * pair['difference']:+.1f} points under corruption, 95% interval "
        f"{100 * pair['interval'][0]:+.1f} to {100 * pair['interval'][1]:+.1f}"
        for pair in result["pairs"]
    ]
    rows = [
        [kind, *([one["run"]] if len(runs) > 1 else []), *(f"{100 * at['accuracy']:.1f}%" for at in curve)]
        for kind in runs[0]["corruptions"]
        for one in runs
        for curve in (one["corruptions"][kind],)
    ]
    head = ["corruption", *(["run"] if len(runs) > 1 else []), "weak", "medium", "strong"]
    basis = f"on {result['items']:,} test images, the same for every run, with the same draws"
    return "\n".join([*lines, table(rows, head), basis])


COMMANDS = (
    Command(
        name="unknown",
        help="how a run recognizes pictures of none of its classes: its threshold, and its false alarms and catches",
        example="unknown RUN --false-alarms 0.05 --json",
        arguments=(
            argument("name", metavar="RUN", help="a finished run: id or folder"),
            argument(
                "--false-alarms",
                type=number,
                default=0.05,
                metavar="X",
                help="the share of your own pictures that may be called none of the classes (default 0.05); kept with "
                "the run",
            ),
        ),
        run=_unknown,
        calls=("unknown",),
        render=_unknown_text,
    ),
    Command(
        name="sets",
        help="prediction sets that include the true class as often as asked, and how often they do on test",
        example="sets RUN --coverage 0.9 --json",
        arguments=(
            argument("name", metavar="RUN", help="a finished run: id or folder"),
            argument(
                "--coverage",
                type=number,
                metavar="X",
                help="the share of sets that should include the true class, or all labels (0.9); where you give one, "
                "predictions, served ones and exports of the run carry its sets from then on",
            ),
            argument("--level", metavar="NAME", help="of a hierarchy: the level of the classes (default the finest)"),
            argument("--forget", action="store_true", help="predictions of the run carry no sets any more"),
        ),
        run=_sets,
        calls=("sets",),
        render=_sets_text,
    ),
    Command(
        name="slices",
        help="groups of images on which a run is right significantly less often: dark, blurry, small, of a class, …",
        example="slices RUN --json",
        arguments=(
            argument("name", metavar="RUN", help="a finished run: id or folder"),
            argument("--split", metavar="NAME", help="test where the run has it, else validation"),
            argument("--level", metavar="NAME", help="of a hierarchy: the level of the classes (default the finest)"),
        ),
        run=_slices,
        calls=("slices",),
        render=_slices_text,
    ),
    Command(
        name="robustness",
        help="accuracy of runs under twelve corruptions of three strengths, on the same test images and draws",
        example="robustness RUN --items 200 --json",
        arguments=(
            argument("names", nargs="+", metavar="RUN", help="finished runs: id or folder each"),
            argument(
                "--items", type=whole, default=200, metavar="N", help="test images, the same for all (default 200)"
            ),
        ),
        run=_robustness,
        calls=("robustness",),
        render=_robustness_text,
    ),
)
