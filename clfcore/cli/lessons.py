"""The command about lessons: their list, an experiment of one, the reader's progress, a lesson on paper."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument, by_key
from clfcore.cli.terminal import bar, table
from clfcore.errors import InputError
from clfcore.numerals import value_text

if TYPE_CHECKING:
    from clfcore.results import Result

WIDTH = 36  # characters of the longest bar
MARKS = {True: "right", False: "wrong", None: ""}


def _run(args: argparse.Namespace) -> "Result":
    if args.forget:
        return api.forget_lessons(args.number)
    if args.number is None:
        if args.out or args.pictures or args.setting is not None:
            raise InputError("no lesson is named: write its number, as `lesson 4`")
        return api.list_lessons()
    if args.out:
        return api.print_lesson(args.number, args.out, overwrite=args.overwrite)
    return api.run_lesson(
        args.number,
        setting=args.setting,
        seed=args.seed,
        pictures=args.pictures,
        overwrite=args.overwrite,
        progress=bar("experiment"),
    )


def _list(result: Values) -> str:
    rows = [
        [
            str(row["number"]),
            row["title"],
            row["question"],
            MARKS[row["right"]] or ("predicted" if row["predicted"] else ""),
        ]
        for row in result["lessons"]
    ]
    return table(rows, ["lesson", "title", "question", "prediction"])


def _finding(result: Values) -> str:
    finding, recorded = result["finding"], result["recorded"]
    settings = ", ".join(f"{name} {value}" for name, value in result["settings"].items())
    lines = [
        f"Lesson {result['lesson']}. {result['title']} ({settings}, seed {result['seed']})",
        "",
        finding["measure"],
    ]
    most = max((row["value"] for row in finding["rows"]), default=0.0) or 1.0
    longest = max(len(row["name"]) for row in finding["rows"])
    for row in finding["rows"]:
        value, interval = value_text(row["value"], share=finding["share"]), ""
        if row.get("interval"):
            low, high = (value_text(end, share=True) for end in row["interval"])
            interval = f"  (95% interval {low} to {high})"
        filled = "█" * round(WIDTH * row["value"] / most)
        lines.append(f"  {row['name']:{longest}}  {filled:{WIDTH}}  {value}{interval}")
    lines += ["", finding["sentence"], f"Result: {result['answer']}."]
    held = "This held here" if finding["holds"] else "This did NOT hold here"
    lines.append(f"{held}: {result['claim']}")
    if recorded:
        lines.append(f"Recorded: it held in {recorded['held']} of {recorded['seeds']} seeds ({recorded['date']}).")
    return "\n".join(lines)


def _printed(result: Values) -> str:
    return f"lesson {result['lesson']} is in {result['out']}"


def _forgotten(result: Values) -> str:
    return "forgotten: " + ", ".join(f"lesson {number}" for number in result["reset"])


COMMANDS = (
    Command(
        name="lesson",
        help="list the lessons; run the experiment of one and show what it gave, or write it as a file to print",
        example="lesson 4",
        arguments=(
            argument("number", nargs="?", type=int, metavar="N", help="a lesson, 1 to 8; left out, all are listed"),
            argument("--setting", metavar="VALUE", help="value of the one setting that the lesson's exercise changes"),
            argument("--seed", type=int, default=0, metavar="N", help="seed of the experiment (0)"),
            argument("--out", metavar="FILE.html", help="write the lesson for print instead of running it"),
            argument("--pictures", metavar="FILE.png", help="write the pictures of the experiment (lessons 2 and 8)"),
            argument("--overwrite", action="store_true", help="replace a file that is there already"),
            argument("--forget", action="store_true", help="forget your progress: of lesson N, or of all"),
        ),
        run=_run,
        calls=("list_lessons", "run_lesson", "print_lesson", "forget_lessons"),
        render=by_key(finding=_finding, lessons=_list, out=_printed, reset=_forgotten),
    ),
)
