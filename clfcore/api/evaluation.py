"""Evaluation of runs: metrics, lists of errors, calibration."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from clfcore.data import label_review
from clfcore.data.catalogue import open_dataset
from clfcore.errors import InputError, unknown
from clfcore.evaluation.error_lists import (
    CASES_HEAD,
    LABELS_HEAD,
    Review,
    cases_csv,
    error_list,
    labels_csv,
    wrong_labels,
)
from clfcore.evaluation.errors import Case
from clfcore.evaluation.multilabel import LabelCase
from clfcore.files import write_text
from clfcore.outputs import output_path
from clfcore.progress import Progress
from clfcore.results import JsonObject, Result
from clfcore.runs import folder, temperature
from clfcore.runs.cautions import cautions, sentences
from clfcore.runs.evaluate import Choice, ChosenMetrics, metrics_of
from clfcore.runs.folder import Run
from clfcore.runs.outcome import Evaluation, outcome_of
from clfcore.runs.run_data import count_trained_on, open_run_data
from clfcore.runs.temperature import CalibrationChange
from clfcore.spreadsheet import csv_text


@dataclass(frozen=True)
class Mark:
    """A review of one picture of a list: its id, a verdict (None removes it), and a note."""

    item: str
    verdict: str | None
    note: str = ""


@dataclass(frozen=True)
class ErrorList(Result):
    """A list of a run's errors, with the reviews of those that have one; csv: the file that holds it too."""

    run: str
    split: str
    list: str
    errors: tuple[Case | LabelCase, ...]
    reviews: Mapping[str, Review]
    csv: Path | None

    def as_json(self) -> JsonObject:
        """A picture's verdict and note are keys of its own object."""
        values = super().as_json()
        reviews = values.pop("reviews")
        values["errors"] = [{**row, **reviews.get(row["id"], {})} for row in values["errors"]]
        return values


@dataclass(frozen=True)
class Calibration(Result):
    """A run's temperature, and of each split calibration error, Brier score and log-loss before and after it."""

    run: str
    temperature: float | None
    fitted_on: str | None
    splits: Mapping[str, CalibrationChange]


def evaluate(
    name: str,
    *,
    split: str | None = None,
    data: str | None = None,
    views: str | None = None,
    runs: Path | None = None,
    progress: Progress | None = None,
    choice: Choice | None = None,
) -> Evaluation:
    """Metrics from a run's stored predictions; with `data`, of all items of other data with the same classes, or some.

    choice: thresholds or an operating point chosen on validation, or another decoding, for this answer alone.
    views: `flip` or `five-crops` predicts a split anew, each image's prediction being the mean over its views.
    """
    run, choice = folder.open_run(name, runs), choice or Choice()
    if data is not None:
        if views is not None:
            raise InputError("views and data are both given: views are averaged over a run's own splits; leave one out")
        from clfcore.classifier import predict_dataset  # brings torch along
        from clfcore.runs.open_classifier import classifier_of

        dataset = open_dataset(data, evaluation_only=True)
        predictions = predict_dataset(classifier_of(run), dataset, progress)
        trained_on = count_trained_on(run, dataset, predictions.ids)
        few = sentences("data", len(predictions), overlap=None)
        return replace(
            _evaluation(run, metrics_of(run, {"data": predictions}, choice)),
            cautions={"data": few} if few else {},
            items=len(predictions),
            trained_on=trained_on,
        )
    _need_predictions(run)
    if split is not None and split not in run.splits:
        raise unknown("split", split, run.splits)
    chosen = [split] if split else list(run.splits)
    cautioned = {s: some for s in chosen if (some := cautions(run, s))}
    if views is None:
        metrics = metrics_of(run, {s: run.predictions(s) for s in chosen}, choice)
        return replace(_evaluation(run, metrics), cautions=cautioned)
    from clfcore.runs.open_classifier import classifier_of
    from clfcore.runs.tta import predict_split

    classifier = classifier_of(run)
    averaged = {s: predict_split(run, classifier, s, kind=views, progress=progress) for s in chosen}
    return replace(_evaluation(run, metrics_of(run, averaged, choice)), cautions=cautioned, views=views)


def _evaluation(run: Run, chosen: ChosenMetrics) -> Evaluation:
    stored = {**vars(outcome_of(run)), "metrics": chosen.metrics}
    return Evaluation(
        **stored,
        thresholds=chosen.thresholds,
        operating=chosen.operating,
        left_out=chosen.left_out,
        baselines=_baselines(run, chosen.metrics),
    )


def _baselines(run: Run, splits: Mapping[str, object]) -> dict[str, dict[str, float]] | None:
    """Split -> baseline -> accuracy, of what the run measured on embeddings; None where it measured nothing."""
    measured: dict[str, dict[str, float]] = {}
    for name, of_splits in run.results.baselines.items():
        for split in of_splits.keys() & splits.keys():
            measured.setdefault(split, {})[name] = of_splits[split]["accuracy"]
    return measured or None


def errors(
    name: str,
    *,
    split: str | None = None,
    list: str = "most_confident",
    most: int = 24,
    true: str | None = None,
    predicted: str | None = None,
    csv: str | Path | None = None,
    overwrite: bool = False,
    mark: Mark | None = None,
    runs: Path | None = None,
) -> ErrorList:
    """A list of a run's errors, of a hierarchy at its finest level; csv: a file for it.

    mark: a review that is kept with the dataset before the list is read.
    Raises InputError for an unknown run, split, list, class, picture or verdict.
    """
    run = folder.open_run(name, runs)
    heads = [csv_text([head]).strip() for head in (CASES_HEAD, LABELS_HEAD)]
    goal = None if csv is None else output_path(csv, marks=heads, overwrite=overwrite, what="csv")
    _need_predictions(run)
    split = split or ("test" if "test" in run.splits else "validation")
    if split not in run.splits:
        raise unknown("split", split, run.splits)
    predictions = run.predictions(split)
    cases: tuple[Case | LabelCase, ...]
    if predictions.task.kind == "multi-label":
        wrong = wrong_labels(predictions, most, label=true)
        reviews = _reviews(run, {case.id: "; ".join(case.labels) or "no label" for case in wrong}, mark)
        cases, text = wrong, labels_csv(wrong, reviews)
    else:
        listed = error_list(predictions, list, most, true=true, predicted=predicted)
        reviews = _reviews(run, {case.id: case.truth for case in listed}, mark)
        cases, text = listed, cases_csv(listed, reviews)
    if goal is not None:
        write_text(goal, text)
    return ErrorList(run=run.id, split=split, list=list, errors=tuple(cases), reviews=reviews, csv=goal)


def _reviews(run: Run, truths: Mapping[str, str], mark: Mark | None) -> dict[str, Review]:
    """The reviews of the pictures; where the data is gone and nothing is to be marked, none."""
    try:
        dataset = open_run_data(run)
    except InputError:
        if mark is not None:
            raise
        return {}
    if mark is not None:
        if mark.item not in truths:
            raise unknown("picture", mark.item, [*truths])
        label_review.keep_review(run.config.data, dataset, mark.item, kind=mark.verdict, note=mark.note)
    reviews = label_review.reviews_of(run.config.data, dataset, truths)
    return {item: Review(one.kind or "", one.note) for item, one in reviews.items()}


def calibrate(name: str, *, forget: bool = False, runs: Path | None = None) -> Calibration:
    """Fit a run's temperature on validation and keep it, or forget it; its calibration before and after, a split."""
    run = folder.open_run(name, runs)
    if forget:
        temperature.forget(run)
    else:
        temperature.fit_run_temperature(run)
    splits = temperature.before_and_after(run)
    value = temperature.temperature_of(run)
    return Calibration(run.id, value, None if value is None else "validation", splits)


def _need_predictions(run: Run) -> None:
    if not run.splits:
        raise InputError(f"run {run.id} is {run.state} and has no predictions: let it finish, or resume it")
