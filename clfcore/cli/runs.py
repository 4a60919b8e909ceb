"""The commands about runs: what there is, how runs compare, what they cost, their reports."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument, by_key
from clfcore.cli.flags import OVERWRITE, needed
from clfcore.cli.run_views import comparison_table
from clfcore.cli.terminal import bar, table
from clfcore.errors import InputError
from clfcore.evaluation.metric_catalogue import Score
from clfcore.files import typed_path
from clfcore.runs.epoch_count import EpochsDone

if TYPE_CHECKING:
    from clfcore.results import Result


def _runs(args: argparse.Namespace) -> "Result":
    if args.action is None:
        return api.list_runs()
    if args.action == "pull":
        _one_word(args, most=0)
        return api.pull_run(needed(args.name, "URL", "name the address of a pushed run"))
    name = needed(args.name, "RUN", f"name the run to {args.action}")
    if args.action in ("show", "delete", "push"):
        _one_word(args, most=args.action == "push")
    match args.action:
        case "show":
            return api.show_run(name)
        case "delete":
            return api.delete_run(name)
        case "push":
            url = needed(args.words[0] if args.words else None, "URL", "name where it goes, such as s3://bucket/runs")
            return api.push_run(name, url)
        case "name":
            return api.name_run(name, " ".join(args.words))
        case "note":
            return api.note_run(name, " ".join(args.words))
        case _:
            return api.tag_run(name, args.words)


def _one_word(args: argparse.Namespace, *, most: int) -> None:
    """Refuse what stands after RUN, or after its URL."""
    if len(args.words) > most:
        takes = "an address alone" if args.action == "pull" else "a run and an address" if most else "a run alone"
        raise InputError(f"{args.words[most]!r} is one word too many: `runs {args.action}` takes {takes}")


def _transferred(result: Values) -> str:
    run = result.get("pushed") or result["pulled"]
    return (
        f"run {run}: {result['files']} files, {result['bytes'] / 1e6:,.1f} MB, SHA-256 {result['sha256'][:16]}…\n"
        f"{result.get('url') or result['path']}"
    )


def _named(result: Values) -> str:
    parts = [result["name"] or "no name", result["note"], ", ".join(result["tags"])]
    return f"run {result['named']}: " + "; ".join(part for part in parts if part)


def _epochs(run: Values) -> str | None:
    return EpochsDone(**run["epochs"]).text if run["epochs"] else None


def _list(result: Values) -> str:
    if not result["runs"]:
        return "no runs yet: `python -m clfcore train --data digits --architecture lenet5` makes one"
    rows: list[list[object]] = []
    cautions: dict[str, list[str]] = {}  # by their text: many small runs have the same
    for run in result["runs"]:
        score = run["score"]
        score_text = Score(**score).text + "*" * bool(run["cautions"]) if score else None
        for text in run["cautions"]:
            cautions.setdefault(text, []).append(run["name"] or run["run"])
        strategy = run["config"].get("strategy")
        rows.append([run["run"], run["name"] or None, run["state"], strategy, _epochs(run), score_text])
    if not any(run["name"] for run in result["runs"]):
        rows = [[row[0], *row[2:]] for row in rows]
    head = ["run", "name", "state", "strategy", "epochs", "score"]
    lines = [table(rows, head if rows and len(rows[0]) == len(head) else [head[0], *head[2:]])]
    for run in result["runs"]:
        lines += [f"note: {run['note']}"] if "history" in run and run["note"] else []
        lines += [f"tags: {', '.join(run['tags'])}"] if "history" in run and run["tags"] else []
        lines += [run["message"]] if run.get("message") else []
        if "history" in run:
            names = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "seconds")
            lines.append(table([[line.get(n) for n in names] for line in run["history"]], names))
    lines += [f"* {_names(about)}: {text}" for text, about in cautions.items()]
    return "\n".join(lines)


def _names(runs: list[str], most: int = 3) -> str:
    return ", ".join(runs) if len(runs) <= most else f"{', '.join(runs[:most])} and {len(runs) - most:,} more"


def _compare(args: argparse.Namespace) -> "Result":
    return api.compare(
        args.names,
        html=_path(args.html),
        figures=_path(args.figures),
        overwrite=args.overwrite,
        measured=args.measure,
    )


def _measure(args: argparse.Namespace) -> "Result":
    return api.measure(args.names, again=args.again, progress=bar("timing"))


def _speed_table(result: Values) -> str:
    rows = [
        [one["run"], 1e3 * one["seconds"], one["images_per_second"], one["memory"] / 1e6, one["multiply_adds"]]
        for one in result["measured"]
    ]
    head = ["run", "ms an image", "images/s in batches", "MB an answer", "multiply-adds"]
    devices = dict.fromkeys(one["device"] for one in result["measured"])
    return f"{table(rows, head)}\non {', '.join(devices)} of {result['machine']}"


def _report(args: argparse.Namespace) -> "Result":
    return api.report(args.name, _path(args.out), figures=_path(args.figures), overwrite=args.overwrite)


def _report_text(result: Values) -> str:
    lines = [f"{result['out']}: {result['bytes'] / 1e6:.1f} MB"] if "out" in result else []
    return "\n".join([*lines, *result.get("figures", ())])


def _path(word: str | None) -> Path | None:
    return typed_path(word, "out") if word else None


COMMANDS = (
    Command(
        name="runs",
        help="list runs, or `show RUN`, `delete RUN`, `name RUN TEXT`, `note RUN TEXT`, `tag RUN WORD…`, "
        "`push RUN URL`, `pull URL`",
        example="runs show 20260131-1200 --json",
        arguments=(
            argument(
                "action",
                nargs="?",
                choices=["show", "delete", "name", "note", "tag", "push", "pull"],
                help="what to do with RUN",
            ),
            argument("name", nargs="?", metavar="RUN", help="a run: id or folder; of pull: an address that push gave"),
            argument(
                "words",
                nargs="*",
                metavar="TEXT",
                help="the name, note or tags; none removes them; of push: the address",
            ),
        ),
        run=_runs,
        calls=("list_runs", "show_run", "delete_run", "name_run", "note_run", "tag_run", "push_run", "pull_run"),
        render=by_key(runs=_list, named=_named, pushed=_transferred, pulled=_transferred),
    ),
    Command(
        name="compare",
        help="runs side by side, with paired tests",
        example="compare RUN RUN --json",
        arguments=(
            argument("names", nargs="+", metavar="RUN", help="finished runs: id or folder each"),
            argument("--html", metavar="FILE", help="write a report as one self-contained file"),
            argument("--figures", metavar="FOLDER", help="write the report's figures there, as SVG and PNG"),
            OVERWRITE,
            argument("--measure", action="store_true", help="measure latency and memory where that is not done yet"),
        ),
        run=_compare,
        calls=("compare",),
        render=comparison_table,
    ),
    Command(
        name="measure",
        help="latency and memory of runs on this machine, kept with them",
        example="measure RUN RUN",
        arguments=(
            argument("names", nargs="+", metavar="RUN", help="finished runs: id or folder each"),
            argument("--again", action="store_true", help="measure anew what is kept"),
        ),
        run=_measure,
        calls=("measure",),
        render=_speed_table,
    ),
    Command(
        name="report",
        help="one self-contained HTML file of a run, or its model card in Markdown",
        example="report RUN --out report.html",
        arguments=(
            argument("name", metavar="RUN", help="a run: id or folder"),
            OVERWRITE,
            argument("--out", metavar="FILE", help="ends in .html (report) or .md (model card)"),
            argument("--figures", metavar="FOLDER", help="write the report's figures there, as SVG and PNG"),
        ),
        run=_report,
        calls=("report",),
        render=_report_text,
    ),
)
