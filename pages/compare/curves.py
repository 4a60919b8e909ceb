"""Training curves of several runs, overlaid."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.compare.selection import Side
from ui.charts import chart, dark

if TYPE_CHECKING:
    from clfcore.figures.history import Quantity


def curves_view(sides: Sequence[Side]) -> None:
    """Loss and accuracy by epoch."""
    from clfcore.figures.history import history_figure

    histories = {side.name: side.run.history for side in sides}
    best = {side.name: side.run.results.best_epoch or 0 for side in sides}
    quantities: tuple[Quantity, ...] = ("loss", "accuracy")
    for column, quantity in zip(st.columns(2, gap="medium"), quantities, strict=True):
        with column:
            figure = history_figure(histories, quantity=quantity, best=best, dark=dark(), height=360)
            chart(figure, f"overlaid {quantity}")
    st.caption("A diamond marks the best epoch, whose weights are used. A head fitted on embeddings is a single point.")
