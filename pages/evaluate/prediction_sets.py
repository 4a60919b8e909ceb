"""Prediction sets: coverage asked for and measured, and how many classes it takes."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.errors import InputError
from clfcore.evaluation.conformal import CAUTION, SetQuality, SetRule, set_quality, set_rule
from clfcore.runs.folder import Run
from clfcore.runs.prediction_sets import at_level, keep_sets, kept_sets
from ui.charts import chart, dark
from ui.formatting import count, ends, percent
from ui.loaders import stored
from ui.messages import Number, complain, escape_markdown, metric_row, refusals
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.predictions import Predictions

ASKED = (0.8, 0.85, 0.9, 0.95, 0.99)


def prediction_sets_view(run: Run, predictions: "Predictions") -> None:
    """Sets at one coverage, measured on the split; and measured against asked at several."""
    from clfcore.figures.coverage import coverage_figure, set_sizes_figure

    coverage = st.select_slider(
        "Coverage", ASKED, 0.9, format_func=lambda share: f"{100 * share:g}%", **kept("coverage"), width=320,
        help="How often a set should include the true class (of several labels: all of them). Split conformal "
        "prediction, sets by a threshold: Sadinle and others, 2019; Angelopoulos and Bates, 2021.",
    )  # fmt: skip
    validation = stored(run, "validation")
    level = predictions.task.levels[-1].name if len(validation.task.levels) > 1 else None
    validation = at_level(validation, level)
    rules = {asked: rule for asked in ASKED if (rule := _rule(validation, asked)) is not None}
    if coverage not in rules:
        complain(str(_refusal(validation, coverage)))
        return
    measured = {asked: quality for asked, rule in rules.items() if (quality := set_quality(rule, predictions))}
    quality = measured[coverage]
    _numbers(quality, rules[coverage], classes=len(predictions.classes))
    left, right = st.columns(2, gap="medium")
    with left:
        chart(
            coverage_figure(list(measured), list(measured.values()), chosen=coverage, dark=dark()), "coverage measured"
        )
    with right:
        chart(set_sizes_figure(quality, dark=dark()), "set sizes")
    if predictions.split == "validation":
        st.caption(
            "The threshold was chosen on these images, so coverage is met here by construction; judge it on the test "
            "split."
        )
    st.caption(CAUTION)
    _keep(run, coverage, level)
    st.code(f"python -m clfcore sets {run.id} --coverage {coverage:g}", language="bash")


def _keep(run: Run, coverage: float, level: str | None) -> None:
    """Whether predictions of the run carry these sets, and the buttons that begin and end it."""
    kept_with_run = kept_sets(run)
    if kept_with_run.coverage is None:
        with refusals(stop=False):
            if st.button(
                f"Add {100 * coverage:g}% sets to every prediction",
                key="keep sets",
                help="Kept with the run: Predict, tables of many photos, serving and exports give the set beside the "
                "classes.",
            ):
                keep_sets(run, coverage, level=level)
                st.rerun()
        return
    st.write(
        f"Predictions, served ones and exports of this run carry their {100 * kept_with_run.coverage:g}% set"
        f"{f' of {escape_markdown(kept_with_run.level)}' if kept_with_run.level else ''}."
    )
    with st.container(horizontal=True), refusals(stop=False):
        other = (kept_with_run.coverage, kept_with_run.level) != (coverage, level)
        if other and st.button(f"Change to {100 * coverage:g}%", key="keep sets"):
            keep_sets(run, coverage, level=level)
            st.rerun()
        if st.button("Leave sets out", key="forget sets"):
            keep_sets(run, None)
            st.rerun()


def _numbers(quality: SetQuality, rule: SetRule, *, classes: int) -> None:
    single = quality.sizes.get(1, 0)
    metric_row(
        [
            Number(
                "Coverage",
                percent(quality.share),
                f"{count(quality.covered)} of {count(quality.items)} {quality.split} images, 95% interval "
                f"{ends(quality.interval, share=True)}",
            ),
            Number("Mean set size", f"{quality.mean_size:.2f}", f"of {count(classes, 'class')}"),
            Number("Sets of one class", percent(single / quality.items), f"{count(single)} images"),
            Number(
                "Least probability in a set",
                percent(rule.threshold),
                f"chosen on {count(rule.items)} validation images",
            ),
        ],
        least=160,
    )


def _rule(validation: "Predictions", coverage: float) -> SetRule | None:
    try:
        return set_rule(validation, coverage)
    except InputError:
        return None


def _refusal(validation: "Predictions", coverage: float) -> InputError:
    try:
        set_rule(validation, coverage)
    except InputError as error:
        return error
    raise AssertionError("asked for where it is refused")
