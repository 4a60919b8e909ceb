"""What Evaluate shows of a run: headline numbers, confusion with its pictures, errors, curves, the table per class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.runs.store import Run, open_run
from ui.charts import clicked, dark
from ui.choose import choose_run, data_name
from ui.data import thumbnail
from ui.feedback import Number, metric_row, plain, refusals
from ui.pictures import Card, cards
from ui.words import count, percent, rate

if TYPE_CHECKING:
    from clfcore.evaluation.mistakes import Case
    from clfcore.predictions import Predictions

# name -> label, whether it is a share of something, help with its source
METRICS = {
    "mean_average_precision": (
        "Mean average precision",
        False,
        "Average precision of each label, averaged over the labels that occur: how well each label sorts the pictures, "
        "whatever its threshold.",
    ),
    "balanced_accuracy": (
        "Balanced accuracy",
        True,
        "The mean over the classes of the share that is recognised: a rare class counts as much as a common one. "
        "Brodersen and others, 2010.",
    ),
    "top5_accuracy": ("Top-5 accuracy", True, "The share whose true class is among the five likeliest."),
    "macro_f1": ("Macro F1", False, "F1 is the harmonic mean of precision and recall; macro is its mean over classes."),
    "macro_auc": (
        "Macro AUC",
        False,
        "How probable it is that a picture of a class scores higher for it than a picture of another class, averaged "
        "over the classes; 0.5 is chance. Fawcett, 2006.",
    ),
    "nll": ("Log-loss", False, "The mean of minus the logarithm of the truth's probability: sure errors cost most."),
    "ece": (
        "Calibration error",
        True,
        "The mean gap between how sure the network is and how often it is right, over 15 bins. Guo and others, 2017.",
    ),
    "micro_f1": ("Micro F1", False, "F1 of all labels of all pictures pooled."),
    "subset_accuracy": ("All labels right", True, "The share of pictures whose labels are all right."),
    "hamming_loss": ("Labels wrong", True, "The share of single labels that are wrong."),
}
NORMS = {"counts": "Counts", "by-truth": "Share of the true class", "by-prediction": "Share of the predicted class"}
ORDERS = {
    "data": "As in the data",
    "similarity": "Confused ones together",
    "support": "Most pictures first",
    "name": "By name",
}


def choose_judged() -> "tuple[Run, Predictions]":
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
        found = _stored(str(run.path), split, run.predicted_at(split))
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
        )
    return run, found


@st.cache_resource(show_spinner=False, max_entries=8)
def _stored(path: str, split: str, changed: float) -> "Predictions":
    """A split's predictions; `changed` is the files' time, so that a run trained again is read again."""
    return open_run(path).predictions(split)


def _csv(predictions: "Predictions") -> str:
    from clfcore.evaluation.report import table_csv

    return table_csv(predictions)


def headline(predictions: "Predictions") -> None:
    """The accuracy with what it is of and its interval, then the other metrics."""
    from clfcore.evaluation.intervals import wilson
    from clfcore.evaluation.metrics import evaluate

    found = evaluate(predictions)
    values = found.as_dict()
    numbers = []
    if "accuracy" in values:
        low, high = (f"{100 * end:.1f}" for end in wilson(found.right, found.items) or (0, 1))
        of = f"{count(found.right)} of {count(found.items)} {predictions.split} images"
        of += f", 95\u00a0% interval {low} to {high}"
        numbers.append(Number("Accuracy", percent(found.accuracy), of))
    for name, (label, share, words) in METRICS.items():
        if name in values:
            numbers.append(Number(label, percent(values[name]) if share else rate(values[name]), help=words))
    metric_row(numbers, least=140)
    if predictions.task.kind == "multi-label":
        said = "0.5 each" if predictions.thresholds is None else "chosen on validation"
        st.caption(f"Labels count from their thresholds, {said}; average precision and AUC need none.")
    if predictions.split == "validation":
        st.caption("Computed on validation, which chose the best epoch: a little kinder than a test.")
    if len(predictions) < 200:
        st.caption(f"{count(len(predictions), 'picture')} is a small sample: small differences mean little.")


def confusion_view(run: Run, predictions: "Predictions") -> None:
    """The confusion matrix; a click on a cell shows its pictures."""
    from clfcore import figures
    from clfcore.evaluation import mistakes

    with st.container(horizontal=True, vertical_alignment="bottom"):
        norm = st.segmented_control(
            "Cells",
            list(NORMS),
            format_func=NORMS.__getitem__,
            default="counts",
            required=True,
            key="norm",
            bind="query-params",
        )
        order = st.selectbox(
            "Order", list(ORDERS), format_func=ORDERS.__getitem__, key="order", bind="query-params", width=220
        )
    matrix = mistakes.confusion(predictions).ordered(order)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        found = clicked(figures.confusion(matrix, norm=norm, dark=dark()), "confusion")
    with right:
        if found is None:
            st.write("Click a cell to see its pictures. The pairs confused most often:")
            pairs = mistakes.top_pairs(matrix, 8)
            st.dataframe(
                [
                    {"true": p.truth, "taken for": p.predicted, "pictures": p.items, "of the class": percent(p.share)}
                    for p in pairs
                ],
                hide_index=True,
            )
            return
        true, predicted = int(found[0]), int(found[1])
        indices = mistakes.cell(predictions, true, predicted)
        names = predictions.classes
        words = f"of {plain(names[true])}, taken for {plain(names[predicted])}"
        st.write(f"**{count(len(indices), 'picture')}** {words}")
        cards(case_cards(run, mistakes.cases(predictions, indices[:24])), side=112)


def case_cards(run: Run, found: "Sequence[Case]") -> list[Card]:
    """Cards with truth, prediction, mark and both probabilities."""
    config = run.config
    return [
        Card(
            thumbnail(config.data, config.split_seed, case.id),
            name=case.id,
            truth=case.truth,
            predicted=case.predicted,
            right=case.right,
            probability=case.p_predicted,
            truth_probability=None if case.right else case.p_truth,
        )
        for case in found
    ]


def classes_view(predictions: "Predictions") -> None:
    """Precision, recall, F1 and support of each class; click a heading to sort."""
    from clfcore.evaluation.report import per_class

    share = st.column_config.NumberColumn(format="%.3f")
    rows = [
        {"class": r.name, "precision": r.precision, "recall": r.recall, "F1": r.f1, "AUC": r.auc, "pictures": r.support}
        for r in per_class(predictions)
    ]
    st.dataframe(
        rows,
        hide_index=True,
        height=35 * min(len(rows) + 1, 16) + 3,
        column_config=dict.fromkeys(("precision", "recall", "F1", "AUC"), share),
        alt="Precision, recall, F1, AUC and support of each class",
    )


def facts_of(run: Run) -> None:
    """What the run is, in one line."""
    config, best = run.config, run.results.get("best_epoch")
    of = f"best epoch {best} of {config.recipe.epochs}" if best is not None else run.state
    what = f"{config.architecture} on {plain(data_name(config.data))}, {config.strategy}"
    st.caption(f"{what}; {of}; folder {plain(run.id)}.")
