"""Headline metrics of a run on one split, with 95% intervals and the baselines that need no learning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.library.specs import display_name
from clfcore.evaluation.baselines import baselines
from clfcore.evaluation.classification_report import table_csv
from clfcore.evaluation.intervals import wilson
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.evaluation.metrics import SingleLabel, evaluate_finest
from clfcore.progress import Progress
from clfcore.runs.epochs_done import epochs_done
from clfcore.runs.folder import Run
from clfcore.runs.index import listed
from ui.formatting import count, ends, percent, rate, shorten
from ui.jobs import background, result_if_ready
from ui.loaders import PredictionsKey, intervals, key_of, scores, stored
from ui.messages import Number, escape_markdown, metric_row, refusals
from ui.pickers import choose_run
from ui.runs.actions import say_cautions

if TYPE_CHECKING:
    from clfcore.evaluation.baselines import Baselines
    from clfcore.evaluation.metrics import MultiLabel
    from clfcore.predictions import Predictions

RANKED = 5_000_000  # logits up to which the area under the ROC is computed at once: of ten times as many in seconds
INTERVALS = 20_000  # items up to which every metric shows its interval at once: more take seconds


def choose_evaluated() -> "tuple[Run, Predictions]":
    """The evaluated run, its split, and for a hierarchical task its level; all in the address."""
    left, middle, right = st.columns([5, 2, 2], vertical_alignment="bottom")
    with left:
        run = choose_run()
    with middle:
        split = st.segmented_control(
            "Split",
            list(run.splits),
            default="test" if "test" in run.splits else "validation",
            required=True,
            key="judged",
            bind="query-params",
            help="Validation selected the best epoch, so its numbers are slightly optimistic. Test was held out and "
            "evaluated once, at the end.",
        )
    with refusals():
        predictions = stored(run, split)
        _facts(run)
    levels = [level.name for level in predictions.task.levels]
    if len(levels) > 1:
        level = st.segmented_control(
            "Level", levels, default=levels[-1], required=True, key="level", bind="query-params"
        )
        predictions = predictions.level(level)
    with right:
        st.download_button(
            "Download predictions (CSV)",
            data=lambda: table_csv(predictions),
            file_name=f"{run.id}-{split}.csv",
            mime="text/csv",
            on_click="ignore",
            width="stretch",
            help="One row per image with the probability of each class; beyond five million values, only the top five.",
        )
    return run, predictions


def _facts(run: Run) -> None:
    config, best, done = run.config, run.results.best_epoch, epochs_done(listed(run))
    epoch = f"best epoch {best}" if best is not None else run.state
    epoch += f", epochs done: {done.text}" if done else ""
    what = f"{config.architecture} on {escape_markdown(display_name(config.data))}, {config.strategy}"
    st.caption(f"{what}; {epoch}; folder {escape_markdown(run.id)}.")


def headline(run: Run, predictions: "Predictions") -> None:
    """The accuracy with its counts and interval, then the other metrics with theirs."""
    key = key_of(run, predictions)
    metrics, waits = scores(key, predictions, ranked=_at_once(predictions)), False
    if not _at_once(predictions):  # the page stands meanwhile
        job = _all_scores(key, _predictions=predictions)
        complete = result_if_ready(job, key="scores again", patience=0.0)
        metrics, waits = complete or metrics, complete is None
    values = metrics.as_dict()
    bounds = intervals(key, predictions) if len(predictions) <= INTERVALS else {}
    numbers = []
    if isinstance(metrics, SingleLabel):
        counts = f"{count(metrics.right)} of {count(metrics.items)} {predictions.split} images"
        interval = f", 95% interval {ends(wilson(metrics.right, metrics.items), share=True)}"
        numbers.append(Number("Accuracy", percent(metrics.accuracy), counts + interval))
    for name, metric in METRICS.items():
        if name in values and name != "accuracy":
            write = percent if metric.share else rate
            between = ends(bounds.get(name), share=metric.share) if bounds.get(name) else ""
            value = "…" if waits and values[name] is None else write(values[name])
            numbers.append(Number(metric.title, value, between, metric.described))
    metric_row(numbers, least=140)
    notes = []
    if predictions.task.kind == "multi-label":
        thresholds = "0.5 each" if predictions.thresholds is None else "chosen on validation"
        notes.append(
            f"A label is predicted at or above its threshold ({thresholds}); average precision and AUC need none."
        )
    if notes:
        st.caption(" ".join(notes))
    say_cautions(run, predictions.split)


def _at_once(predictions: "Predictions") -> bool:
    return predictions.logits.size <= RANKED or predictions.task.kind == "multi-label"


@background(entries=16)
def _all_scores(progress: Progress, key: PredictionsKey, *, _predictions: "Predictions") -> "SingleLabel | MultiLabel":
    return evaluate_finest(_predictions)


def baselines_view(run: Run, predictions: "Predictions") -> None:
    """The baselines in one line; on demand, all metrics in a table with 95% intervals and baselines."""
    reference = baselines(predictions, train_counts=_train_counts(run, predictions))
    if reference is None:
        return
    st.caption(_line(reference, _of_embeddings(run, predictions), quick=len(predictions) <= INTERVALS))
    more = st.expander("All metrics with 95% intervals and baselines", on_change="rerun", key="intervals")
    if not more.open:
        return
    key = key_of(run, predictions)
    bounds = intervals(key, predictions)
    if _at_once(predictions):
        values = scores(key, predictions).as_dict()
    else:
        job = _all_scores(key, _predictions=predictions)  # the headline's: it is not computed twice
        job.thread.join()
        values = job.value().as_dict()
    rows = []
    for name, metric in METRICS.items():
        if name not in values:
            continue
        write = percent if metric.share else rate
        rows.append(
            {
                "metric": metric.title,
                "this run": write(values[name]),
                "95% interval": ends(bounds.get(name), share=metric.share),
                "majority class": write(reference.majority.get(name)),
                "random guessing": write(reference.chance.get(name)),
            }
        )
    with more:
        st.dataframe(rows, hide_index=True, alt="Metrics with intervals and baselines")
        st.caption("Wilson intervals for shares of images, a bootstrap with 1,000 resamples for the rest.")


def _of_embeddings(run: Run, predictions: "Predictions") -> str:
    """The nearest class mean, where a run embedded its images, at the level that it was measured at: the finest."""
    means = run.results.baselines.get("nearest_class_mean", {}).get(predictions.split, {})
    if "accuracy" not in means or predictions.classes != run.task.classes:
        return ""
    return (
        f", nearest class mean {percent(means['accuracy'])} (the class whose training images have the nearest mean "
        f"embedding by {escape_markdown(run.config.architecture)}, with no head fitted)"
    )


def _line(reference: "Baselines", of_embeddings: str, *, quick: bool) -> str:
    name = "accuracy" if "accuracy" in reference.majority else "subset_accuracy"
    majority = escape_markdown(shorten(reference.majority_answer, 40))
    below = "Below each number: its 95% interval. " if quick else ""
    return (
        f"{below}Baselines: random guessing {percent(reference.chance.get(name))}, majority class ({majority}) "
        f"{percent(reference.majority[name])}{of_embeddings}."
    )


def _train_counts(run: Run, predictions: "Predictions") -> Sequence[int] | None:
    """Training items of each class, if the run recorded them for exactly these classes."""
    counts = run.data.train_counts
    usable = predictions.task.kind == "single-label" and len(counts) == len(predictions.classes)
    return tuple(counts) if usable else None
