"""The confusion matrix on Evaluate: its orders and parts, and the pictures behind a cell, a row or a column."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import errors
from clfcore.evaluation.confusion import around, blocks, most_confused
from clfcore.runs.folder import Run
from pages.evaluate.overview import case_cards
from ui.cards import cards, paged
from ui.charts import dark, on_click
from ui.formatting import count, percent, shorten
from ui.messages import escape_markdown

if TYPE_CHECKING:
    from clfcore.evaluation.confusion import Confusion, Pair
    from clfcore.predictions import Predictions


NORMS = {"counts": "Counts", "by-truth": "Share of the true class", "by-prediction": "Share of the predicted class"}
ORDERS = {
    "data": "As in the data",
    "similarity": "Confused ones together",
    "support": "Most pictures first",
    "name": "By name",
}
WHOLE = 50  # classes up to which the matrix is shown whole
PARTS = {
    "confused": "The most confused",
    "blocks": "All, in blocks",
    "around": "Around one class",
}
ANY = -1  # any class
AT = ("true class", "taken for")  # what is looked at, in the session: indices of classes


def confusion_view(run: Run, predictions: "Predictions") -> None:
    """The matrix; a click on a cell, a total or a pair shows its pictures, and so do the two boxes beside it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        norm = st.segmented_control(
            "Cells", list(NORMS), format_func=NORMS.__getitem__, default="counts", required=True, key="norm",
            bind="query-params",
        )  # fmt: skip
        order = st.selectbox(
            "Order", list(ORDERS), format_func=ORDERS.__getitem__, key="order", bind="query-params", width=220
        )
        errors_only = st.toggle(
            "Errors only", key="errors only", bind="query-params",
            help="Leaves the diagonal empty, so that the colours tell errors apart; of a row, only what is wrong.",
        )  # fmt: skip
    matrix = errors.confusion(predictions).ordered(order)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _matrix(matrix, norm=norm, errors_only=errors_only, key=f"{run.id} {predictions.split} {norm} {order}")
    with right:
        _pictures(run, predictions, matrix, errors_only=errors_only)


def _matrix(matrix: "Confusion", *, norm: str, errors_only: bool, key: str) -> None:
    from clfcore.figures.confusion import confusion_figure

    if len(matrix.classes) > WHOLE:
        part = _part(matrix, errors_only=errors_only, key=key)
        if part is None:
            return
        matrix = part
    figure = confusion_figure(matrix, norm=norm, errors_only=errors_only, totals=True, dark=dark())
    on_click(figure, f"confusion {key} {errors_only} {hash(matrix.classes)}", _look_at)
    st.caption(
        "Click a cell for its pictures, the last column for all of a true class, the last row for all that was taken "
        "for a class."
    )


def _part(matrix: "Confusion", *, errors_only: bool, key: str) -> "Confusion | None":
    """Of many classes those that are asked for; None where the blocks are shown instead."""
    from clfcore.figures.confusion import confusion_blocks_figure

    of = count(len(matrix.classes), "class")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            f"Of {of}", list(PARTS), format_func=PARTS.__getitem__, default="confused", required=True, key="part",
            bind="query-params",
        )  # fmt: skip
        if part == "around":
            names = matrix.classes
            row = st.selectbox(
                "Class", range(len(names)), format_func=lambda i: shorten(names[i], 30), key=f"around {key}", width=260
            )
            return matrix.part(around(matrix, row))
        if part == "confused":
            return matrix.part(most_confused(matrix))
        window = st.session_state.get(f"window {key}")
        if window and st.button("Back to all blocks"):
            window = st.session_state[f"window {key}"] = None
    found = blocks(matrix, errors_only=errors_only)
    if window:
        return found.opened(*window)

    def enter(place: list) -> None:
        st.session_state[f"window {key}"] = (int(place[0]), int(place[1]))

    on_click(confusion_blocks_figure(found, dark=dark()), f"blocks {key} {errors_only}", enter)
    st.caption(f"Each square stands for {found.size} by {found.size} neighbouring classes. Click one to open it.")
    return None


def _look_at(place: list) -> None:
    for name, index in zip(AT, place, strict=False):
        st.session_state[name] = int(index)


def _pictures(run: Run, predictions: "Predictions", matrix: "Confusion", *, errors_only: bool) -> None:
    """The two classes that are looked at, as boxes that a keyboard reaches too, and the pictures of both."""
    names = predictions.classes
    options = [ANY, *range(len(names))]

    def name(index: int) -> str:
        return "any class" if index == ANY else shorten(names[index], 30)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        true, said = (
            st.selectbox(of.capitalize(), options, format_func=name, key=of, bind="query-params") for of in AT
        )
    if (true, said) == (ANY, ANY):
        _pairs(errors.top_pairs(matrix, 100 if len(names) > WHOLE else 20))
        return
    indices = errors.cell(predictions, _index(true), _index(said), errors_only=errors_only)
    whose = "" if true == ANY else f" of {escape_markdown(names[true])}"
    taken = "" if said == ANY else f", taken for {escape_markdown(names[said])}"
    st.write(f"**{count(len(indices), 'picture')}**{whose}{taken}{', wrong' if errors_only else ''}")
    shown = paged(indices, f"cell {true} {said} {errors_only}")
    cards(case_cards(run, errors.cases(predictions, shown)), side=112)


def _index(chosen: int) -> int | None:
    return None if chosen == ANY else chosen


def _pairs(pairs: "tuple[Pair, ...]") -> None:
    """The pairs confused most often; a click on a row shows its pictures."""
    if not pairs:
        st.write("No picture of this split is wrong.")
        return
    st.write("The pairs confused most often; click one, or a cell, for its pictures:")
    rows = [
        {"true": p.truth, "taken for": p.predicted, "pictures": p.items, "of the class": percent(p.share)}
        for p in pairs
    ]
    key = f"pairs {hash(pairs)}"

    def look() -> None:
        chosen = st.session_state[key]["selection"]["rows"]
        if chosen:
            _look_at([pairs[chosen[0]].truth_index, pairs[chosen[0]].predicted_index])

    st.dataframe(
        rows,
        hide_index=True,
        key=key,
        on_select=look,
        selection_mode="single-row",
        height="content" if len(rows) <= 12 else 460,
        alt="The pairs confused most often",
    )
