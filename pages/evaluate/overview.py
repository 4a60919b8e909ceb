"""What Evaluate shows of a run: headline numbers, confusion with its pictures, errors, curves, the table per class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import errors
from clfcore.evaluation.classification_report import table_csv
from clfcore.evaluation.intervals import wilson
from clfcore.evaluation.metrics import METRICS
from clfcore.runs.folder import Run
from ui.cards import Card, cards, paged
from ui.formatting import count, percent, rate
from ui.loaders import class_rows, intervals, key_of, run_thumbnail, scores, stored
from ui.messages import Number, escape_markdown, metric_row, refusals
from ui.pickers import choose_run, data_name

if TYPE_CHECKING:
    from clfcore.evaluation.errors import Case
    from clfcore.predictions import Predictions

INTERVALS = 20_000  # items up to which every interval stands in the headline: more take seconds


def choose_evaluated() -> "tuple[Run, Predictions]":
    """A run, one of its splits, and of a hierarchical task one level; kept in the address."""
    one, two, three = st.columns([5, 2, 2], vertical_alignment="bottom")
    with one:
        run = choose_run()
    with two:
        split = st.segmented_control(
            "Split",
            list(run.splits),
            default="test" if "test" in run.splits else "validation",
            required=True,
            key="judged",
            bind="query-params",
            help="Validation chose the best epoch: its numbers are a little kind. Test was looked at once, at the end.",
        )
    with refusals():
        found = stored(run, split)
        facts_of(run)
    levels = [level.name for level in found.task.levels]
    if len(levels) > 1:
        level = st.segmented_control(
            "Level", levels, default=levels[-1], required=True, key="level", bind="query-params"
        )
        found = found.level(level)
    with three:
        st.download_button(
            "Download predictions (CSV)",
            data=lambda: _csv(found),
            file_name=f"{run.id}-{split}.csv",
            mime="text/csv",
            on_click="ignore",
            width="stretch",
            help="A row an image with the probability of each class; beyond five million of them, the five likeliest.",
        )
    return run, found


def _csv(predictions: "Predictions") -> str:
    return table_csv(predictions)


def headline(predictions: "Predictions", run: Run) -> None:
    """The accuracy with what it is of and its interval, then the other metrics with theirs."""
    key = key_of(run, predictions)
    found = scores(key, predictions)
    values = found.as_dict()
    quick = len(predictions) <= INTERVALS
    ends = intervals(key, predictions) if quick else {}
    numbers = []
    if "accuracy" in values:
        of = f"{count(found.right)} of {count(found.items)} {predictions.split} images"
        interval = f", 95\u00a0% interval {written_ends(wilson(found.right, found.items), share=True)}"
        numbers.append(Number("Accuracy", percent(found.accuracy), of + interval))
    for name, metric in METRICS.items():
        if name in values and name != "accuracy":
            write = percent if metric.share else rate
            between = written_ends(ends.get(name), share=metric.share) if ends.get(name) else ""
            numbers.append(Number(metric.title, write(values[name]), between, metric.described))
    metric_row(numbers, least=140)
    small = len(predictions) < 200
    said = []
    if predictions.task.kind == "multi-label":
        how = "0.5 each" if predictions.thresholds is None else "chosen on validation"
        said.append(f"Labels count from their thresholds, {how}; average precision and AUC need none.")
    if predictions.split == "validation":
        said.append("Computed on validation, which chose the best epoch: a little kinder than a test.")
    if small:
        said.append(f"{count(len(predictions), 'picture')} is a small sample: small differences mean little.")
    if said:
        st.caption(" ".join(said))


def written_ends(interval: "tuple[float, float] | None", *, share: bool) -> str:
    """`90.4 to 95.5` of a share, `0.904 to 0.955` of a rate, a dash of none."""
    if interval is None:
        return "–"
    low, high = interval
    return f"{100 * low:.1f} to {100 * high:.1f}" if share else f"{rate(low)} to {rate(high)}"


def case_cards(run: Run, found: "Sequence[Case]") -> list[Card]:
    """Cards with truth, prediction, mark and both probabilities."""
    return [
        Card(
            run_thumbnail(run, case.id),
            name=case.id,
            truth=case.truth,
            predicted=case.predicted,
            right=case.right,
            probability=case.p_predicted,
            truth_probability=None if case.right else case.p_truth,
        )
        for case in found
    ]


def classes_view(run: Run, predictions: "Predictions") -> None:
    """Precision, recall, F1 and support of each class; a click on a heading sorts, one on a row shows its pictures."""
    share = st.column_config.NumberColumn(format="%.3f")
    found = class_rows(key_of(run, predictions), predictions)
    rows = [
        {"class": r.name, "precision": r.precision, "recall": r.recall, "F1": r.f1, "AUC": r.auc, "pictures": r.support}
        for r in found
    ]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = st.dataframe(
            rows,
            hide_index=True,
            height="content" if len(rows) <= 15 else 563,
            column_config=dict.fromkeys(("precision", "recall", "F1", "AUC"), share),
            key=f"classes {run.id} {predictions.split} {predictions.task.levels[-1].name}",
            on_select="rerun",
            selection_mode="single-row",
            alt="Precision, recall, F1, AUC and support of each class",
        )["selection"]["rows"]
    with right:
        if chosen:
            _class_pictures(run, predictions, chosen[0])
        else:
            st.write("Click the box before a class to see what was missed, what was taken for it, and what was right.")


def _class_pictures(run: Run, predictions: "Predictions", index: int) -> None:
    name = predictions.classes[index]
    right = errors.cell(predictions, index, index)
    groups = {
        "Missed": errors.cell(predictions, index, None, errors_only=True),
        "Taken for it": errors.cell(predictions, None, index, errors_only=True),
        "Right": right,
    }
    chosen = st.segmented_control(
        escape_markdown(name), list(groups), format_func=lambda group: f"{group} ({count(len(groups[group]))})",
        default="Missed", required=True, key="class group",
    )  # fmt: skip
    shown = paged(groups[chosen], f"class {index} {chosen}")
    if not len(shown):
        st.write("There is no such picture.")
    cards(case_cards(run, errors.cases(predictions, shown)), side=112)


def facts_of(run: Run) -> None:
    """What the run is, in one line."""
    config, best = run.config, run.results.get("best_epoch")
    of = f"best epoch {best} of {config.recipe.epochs}" if best is not None else run.state
    what = f"{config.architecture} on {escape_markdown(data_name(config.data))}, {config.strategy}"
    st.caption(f"{what}; {of}; folder {escape_markdown(run.id)}.")
