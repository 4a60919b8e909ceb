"""Paired tests of runs on the same images: the best two in one sentence, and every pair metric by metric."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.errors import Failure, InputError
from clfcore.evaluation.compare import compare
from clfcore.evaluation.metric_catalogue import METRICS, main_metric
from pages.compare.selection import Side, SideKey, metrics_of, side_name
from ui.charts import chart, dark
from ui.formatting import count
from ui.messages import escape_markdown
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.evaluation.compare import Comparison


@st.cache_data(show_spinner="Drawing resamples for the paired tests", max_entries=16)
def _compared(keys: tuple[SideKey, ...]) -> "Comparison":
    return compare([side_name(key) for key in keys])


def compared(sides: Sequence[Side]) -> "Comparison":
    return _compared(tuple(side.key for side in sides))


def best_pair_view(sides: Sequence[Side]) -> bool:
    """The paired test of the best two runs in one sentence; False where they do not compare, as the tabs say."""
    best = sorted(sides, key=lambda side: -(_main(side) or 0))[:2]
    names = {side.name for side in best}
    try:
        pair = next(pair for pair in compared(sides).pairs if {pair.a, pair.b} == names)
    except (InputError, Failure):
        return False
    st.markdown(f"**Best two runs:** {escape_markdown(pair.describe())}")
    return True


def _main(side: Side) -> float | None:
    return main_metric(metrics_of(side.key).values)


def paired_view(sides: Sequence[Side]) -> None:
    """Every pair, metric by metric: differences with their intervals as a figure, and the results as text."""
    from clfcore.figures.paired_comparison import differences_figure

    comparison = compared(sides)
    metrics = list(dict.fromkeys(pair.metric for pair in comparison.pairs))
    metric = st.segmented_control(
        "Metric", metrics, default=metrics[0], required=True, **kept("pair metric"),
        format_func=lambda name: METRICS[name].title,
    )  # fmt: skip
    pairs = [pair for pair in comparison.pairs if pair.metric == metric]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart(differences_figure(pairs, dark=dark()), f"differences {metric}")
    with right:
        repeated = len(pairs) == 1 and metric == metrics[0]  # the sentence above the tabs
        for pair in () if repeated else pairs[:6]:
            st.markdown(("**≠** " if pair.better else "**≈** ") + escape_markdown(pair.describe()))
        if len(pairs) > 6:
            st.caption(f"{count(len(pairs) - 6, 'more pair')}: hover over the points.")
    many = f", corrected for {count(len(pairs), 'pair')} (Holm, 1979)" if len(pairs) > 1 else ""
    st.caption(
        f"All runs on the same {count(comparison.items, 'image')}. Filled points: significant differences.",
        help=f"Accuracy: exact McNemar test{many}. All intervals are of paired differences: a bootstrap over images "
        "(Efron, 1979), or Bonett and Price (2012) where fewer than ten images differ.",
    )
