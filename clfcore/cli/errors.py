"""The command `errors`: a list of errors with what was said of each, and verdicts from the command line."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clfcore.cli.flags import overwrite_flag, whole
from clfcore.cli.terminal import table
from clfcore.errors import InputError, unknown

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.runs.folder import Run


def errors(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="RUN")
    command.add_argument("--split", metavar="NAME", help="test where the run has it, else validation")
    command.add_argument("--list", default="most_confident", metavar="NAME",
                         help="most_confident (default), least_confident_correct, closest_calls, highest_loss or pair; "
                         "of several labels, all wrong decisions")  # fmt: skip
    command.add_argument("--most", type=whole, default=24, metavar="N", help="how many (default 24)")
    command.add_argument("--true", metavar="CLASS", help="of pair: the true class; of several labels: one of them")
    command.add_argument("--predicted", metavar="CLASS", help="of pair: what it was taken for")
    command.add_argument("--csv", metavar="FILE", help="write the list there too")
    overwrite_flag(command)
    command.add_argument("--mark", metavar="ID", help="say of one picture of the list whose fault it is")
    command.add_argument("--as", dest="kind", metavar="VERDICT", help="wrong label, ambiguous or the model's fault")
    command.add_argument("--note", default="", metavar="TEXT", help="kept with the verdict")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        return list_errors(
            given.name,
            split=given.split,
            name=given.list,
            most=given.most,
            true=given.true,
            predicted=given.predicted,
            csv=given.csv,
            overwrite=given.overwrite,
            mark=(given.mark, given.kind, given.note) if given.mark else None,
        )

    command.set_defaults(run=run)


def list_errors(
    run: str,
    *,
    split: str | None = None,
    name: str = "most_confident",
    most: int = 24,
    true: str | None = None,
    predicted: str | None = None,
    csv: str | Path | None = None,
    overwrite: bool = False,
    mark: tuple[str, str | None, str] | None = None,
) -> dict[str, Any]:
    """A list of a run's errors, of a hierarchy at its finest level; csv: a file for it.

    mark: a picture's id, a verdict (None removes it) and a note, kept with the dataset before the list is read.
    Raises InputError for an unknown run, split, list, class, picture or verdict.
    """
    from clfcore.evaluation.error_lists import CASES_HEAD, LABELS_HEAD, cases_csv, error_list, labels_csv, wrong_labels
    from clfcore.files import write_text
    from clfcore.outputs import output_path
    from clfcore.runs.folder import open_run
    from clfcore.spreadsheet import csv_text

    found = open_run(run)
    heads = [csv_text([head]).strip() for head in (CASES_HEAD, LABELS_HEAD)]
    goal = None if csv is None else output_path(csv, marks=heads, overwrite=overwrite, what="csv")
    if not found.splits:
        raise InputError(f"run {found.id} is {found.state} and has no predictions: let it finish, or resume it")
    split = split or ("test" if "test" in found.splits else "validation")
    if split not in found.splits:
        raise unknown("split", split, found.splits)
    predictions = found.predictions(split)
    if predictions.task.kind == "multi-label":
        cases: Any = wrong_labels(predictions, most, label=true)
        truths = {case.id: "; ".join(case.labels) or "no label" for case in cases}
        write: Any = labels_csv
    else:
        cases = error_list(predictions, name, most, true=true, predicted=predicted)
        truths, write = {case.id: case.truth for case in cases}, cases_csv
    said = _said(found, truths, mark)
    if goal is not None:
        write_text(goal, write(cases, said))
    rows = [{**asdict(case), **asdict(said[case.id])} if case.id in said else asdict(case) for case in cases]
    return {"run": found.id, "split": split, "list": name, "errors": rows, "csv": None if goal is None else str(goal)}


def _said(run: "Run", truths: dict[str, str], mark: tuple[str, str | None, str] | None) -> dict[str, Any]:
    """What was said of the pictures; where the data is gone and nothing is to be marked, nothing."""
    from clfcore.data import label_review
    from clfcore.evaluation.error_lists import Review
    from clfcore.runs.run_data import open_run_data

    try:
        dataset: ImageDataset = open_run_data(run)
    except InputError:
        if mark is not None:
            raise
        return {}
    if mark is not None:
        item, kind, note = mark
        if item not in truths:
            raise unknown("picture", item, list(truths))
        label_review.keep_review(dataset, item, truths[item], kind=kind, note=note)
    kept = label_review.reviews_of(dataset, truths)
    return {item: Review(one.kind or "", one.note) for item, one in kept.items()}


def text(result: dict[str, Any]) -> str:
    """The list as lines."""
    if not result["errors"]:
        return f"there is no such picture in the {result['split']} split"
    if "label" in result["errors"][0]:
        head = ["id", "label", "error", "probability", "verdict"]
        rows = [
            [one["id"], one["label"], "false alarm" if one["said"] else "miss", one["probability"], one.get("verdict")]
            for one in result["errors"]
        ]
    else:
        head = ["id", "true", "predicted", "of the truth", "of the prediction", "verdict"]
        rows = [
            [one["id"], one["truth"], one["predicted"], one["p_truth"], one["p_predicted"], one.get("verdict")]
            for one in result["errors"]
        ]
    return "\n".join([table(rows, head), *([result["csv"]] if result["csv"] else [])])
