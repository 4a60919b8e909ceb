"""The commands that judge runs: compare, measure, calibrate, report."""

import argparse
from pathlib import Path
from typing import Any

from clfcore.cli.flags import between, configuration, overwrite_flag, recipe_flags
from clfcore.cli.terminal import bar, shower, table
from clfcore.evaluation.main_metric import main_metric
from clfcore.files import typed_path


def compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("names", nargs="+", metavar="RUN")
    command.add_argument("--html", metavar="FILE", help="write a report as one self-contained file")
    command.add_argument("--figures", metavar="FOLDER", help="write the report's figures there, as SVG and PNG")
    overwrite_flag(command)
    command.add_argument("--measure", action="store_true", help="measure latency and memory where that is not done yet")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        written = {"html": _path(given.html), "figures": _path(given.figures), "overwrite": given.overwrite}
        return api.compare(given.names, **written, measured=given.measure)

    command.set_defaults(run=run)


def train_to_compare(command: argparse.ArgumentParser) -> None:
    recipe_flags(command)
    command.add_argument(
        "--seeds", type=between(0, 100), default=2, metavar="N", help="runs of each, seeds 0 to N - 1 (2)"
    )

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore.experiments.grid import grid
        from clfcore.experiments.sweep import shared, train_to_compare

        several = {}
        for name, default in (("architecture", []), ("strategy", ["scratch"])):
            several[name] = _words(getattr(given, f"field.{name}")) or default
            setattr(given, f"field.{name}", next(iter(several[name]), None))
        config = configuration(given)
        names = several["architecture"] or [config.architecture]
        chosen = {"architectures": names, "strategies": several["strategy"], "seeds": range(given.seeds)}
        return train_to_compare(grid(config.data, **chosen, **shared(config)), show=shower()).as_json()

    command.set_defaults(run=run)


def _words(value: str | None) -> list[str]:
    return [word.strip() for word in (value or "").split(",") if word.strip()]


def measure(command: argparse.ArgumentParser) -> None:
    command.add_argument("names", nargs="+", metavar="RUN")
    command.add_argument("--again", action="store_true", help="measure anew what is kept")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        return api.measure(given.names, again=given.again, progress=bar("timing"))

    command.set_defaults(run=run)


def calibrate(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="RUN")
    command.add_argument("--forget", action="store_true", help="remove the stored temperature")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        return api.calibrate(given.name, forget=given.forget)

    command.set_defaults(run=run)


def report(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="RUN")
    overwrite_flag(command)
    command.add_argument("--out", metavar="FILE", help="ends in .html (report) or .md (model card)")
    command.add_argument("--figures", metavar="FOLDER", help="write the report's figures there, as SVG and PNG")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        return api.report(given.name, _path(given.out), figures=_path(given.figures), overwrite=given.overwrite)

    command.set_defaults(run=run)


def _path(word: str | None) -> Path | None:
    return typed_path(word, "out") if word else None


def text(result: dict[str, Any]) -> str:
    """The answer of compare, measure or report as lines."""
    if "pairs" in result:
        return _compared(result)
    if "comparison" in result:
        return _together(result)
    if "measured" not in result:
        lines = [f"{result['out']}: {result['bytes'] / 1e6:.1f} MB"] if "out" in result else []
        return "\n".join([*lines, *result.get("figures", ())])
    rows = [
        [one["run"], 1e3 * one["seconds"], one["images_per_second"], one["memory"] / 1e6, one["multiply_adds"]]
        for one in result["measured"]
    ]
    head = ["run", "ms an image", "images/s in batches", "MB an answer", "multiply-adds"]
    devices = dict.fromkeys(one["device"] for one in result["measured"])
    return f"{table(rows, head)}\non {', '.join(devices)} of {result['machine']}"


def _together(result: dict[str, Any]) -> str:
    """What could not be trained or failed, then the comparison."""
    lines = [f"left out, {one['name']}: {one['reason']}" for one in result["refused"]]
    lines += [f"{run['run']}: {run['state']} ({run['message']})" for run in result["runs"] if run["message"]]
    said = result["comparison"]
    return "\n".join([*lines, said["error"] if "error" in said else _compared(said)])


def _compared(result: dict[str, Any]) -> str:
    """The runs with their score and costs, what the first metric's pairs say in words, and all pairs as a table."""
    split = result["split"]
    names = ("parameters", "multiply_adds", "latency", "answer_memory", "seconds")
    rows = [
        [run["run"], main_metric(run["metrics"][split]), *(run["costs"][name] for name in names)]
        for run in result["runs"]
    ]
    head = ["run", f"{split} score", "parameters", "multiply-adds", "ms an image", "MB an answer", "seconds trained"]
    first = result["pairs"][0]["metric"]
    words = [pair["words"] for pair in result["pairs"] if pair["metric"] == first]
    pairs = [
        [p["a"], p["b"], p["metric"], p["difference"], "{:.3f} to {:.3f}".format(*p["interval"]), p["p_value"]]
        for p in result["pairs"]
    ]
    told = table(pairs, ["a", "b", "metric", "b - a", "95 % interval", "p-value"])
    written = [result["html"]] if "html" in result else []
    return "\n".join([table(rows, head), "", *words, "", told, *written, *result.get("figures", ())])
