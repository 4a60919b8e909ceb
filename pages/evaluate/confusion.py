"""Confusion matrix: its orders and parts, and the images behind a cell, a row or a column."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import errors
from clfcore.evaluation.confusion import around, blocks, most_confused
from clfcore.runs.folder import Run
from clfcore.runs.review_queue import cell_queue
from pages.evaluate.errors import open_cases
from ui.charts import Place, dark, on_click
from ui.formatting import count, percent, shorten
from ui.loaders import run_dataset
from ui.messages import escape_markdown, refusals
from ui.pickers import read_renamed
from ui.review.handover import review_queue
from ui.session import SessionValue, kept, kept_in_address, selected_rows

if TYPE_CHECKING:
    from clfcore.evaluation.confusion import Confusion, Norm, Order, Pair
    from clfcore.predictions import Predictions

NORMS: "Mapping[Norm, str]" = {
    "counts": "Counts",
    "by-truth": "Share of true class",
    "by-prediction": "Share of predicted class",
}
ORDERS: "Mapping[Order, str]" = {
    "data": "As in the data",
    "similarity": "Confused classes adjacent",
    "support": "By support",
    "name": "By name",
}
WHOLE = 50  # classes up to which the matrix is shown whole
PARTS = {
    "confused": "Most confused",
    "blocks": "All, in blocks",
    "around": "One class and its neighbors",
}
ANY = -1  # any class
# Keys of the two selected classes (indices), in the session and the address, and their labels.
SELECTED = {"true class": "True class", "taken for": "Predicted as"}
# Labels in addresses of earlier versions -> the option.
RENAMED = {
    "norm": {"Share of the true class": "by-truth", "Share of the predicted class": "by-prediction"},
    "order": {"Confused ones together": "similarity", "Most pictures first": "support"},
    "part": {"The most confused": "confused", "Around one class": "around"},
}


def confusion_view(run: Run, predictions: "Predictions") -> None:
    """The matrix; a click on a cell, a total or a pair shows its images, and so do the two select boxes."""
    for key, old in RENAMED.items():
        read_renamed(key, old)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        norm = st.segmented_control(
            "Cells", list(NORMS), format_func=NORMS.__getitem__, default="counts", required=True,
            **kept_in_address("norm"),
        )  # fmt: skip
        order = st.selectbox(
            "Order", list(ORDERS), format_func=ORDERS.__getitem__, key="order", bind="query-params", width=220
        )
        errors_only = st.toggle(
            "Errors only", help="Leaves the diagonal out, so that the color scale is spent on errors.",
            **kept_in_address("errors only"),
        )  # fmt: skip
    matrix = errors.confusion(predictions).ordered(order)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _matrix(matrix, norm=norm, errors_only=errors_only, key=f"{run.id} {predictions.split} {norm} {order}")
    with right:
        _images(run, predictions, matrix, errors_only=errors_only)


def _matrix(matrix: "Confusion", *, norm: "Norm", errors_only: bool, key: str) -> None:
    from clfcore.figures.confusion import confusion_figure

    if len(matrix.classes) > WHOLE:
        part = _part(matrix, errors_only=errors_only, key=key)
        if part is None:
            return
        matrix = part
    figure = confusion_figure(matrix, norm=norm, errors_only=errors_only, totals=True, dark=dark())
    on_click(figure, f"confusion {key} {errors_only} {hash(matrix.classes)}", _select)
    st.caption(
        "Click a cell to see its images, the last column for all images of a true class, the last row for all "
        "predictions of a class."
    )


def _part(matrix: "Confusion", *, errors_only: bool, key: str) -> "Confusion | None":
    """The chosen part of a large matrix; None where the blocks are shown instead."""
    from clfcore.figures.confusion import confusion_blocks_figure

    open_block = SessionValue[tuple[int, int]](f"window {key}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            f"Part of {count(len(matrix.classes), 'class')}", list(PARTS), format_func=PARTS.__getitem__,
            default="confused", required=True, key="part", bind="query-params",
        )  # fmt: skip
        if part == "around":
            names = matrix.classes
            row = st.selectbox(
                "Class",
                range(len(names)),
                format_func=lambda i: shorten(names[i], 30),
                **kept(f"around {key}"),
                width=260,
            )
            return matrix.part(around(matrix, row))
        if part == "confused":
            return matrix.part(most_confused(matrix))
        window = open_block.get()
        if window and st.button("Back to all blocks"):
            open_block.forget()
            window = None
    all_blocks = blocks(matrix, errors_only=errors_only)
    if window:
        return all_blocks.opened(*window)

    def enter(place: Place) -> None:
        open_block.set((int(place[0]), int(place[1])))

    on_click(confusion_blocks_figure(all_blocks, dark=dark()), f"blocks {key} {errors_only}", enter)
    st.caption(f"Each square covers {all_blocks.size} × {all_blocks.size} neighboring classes. Click one to open it.")
    return None


def _select(place: Place) -> None:
    for key, index in zip(SELECTED, place, strict=False):
        SessionValue[int](key).set(int(index))


def _images(run: Run, predictions: "Predictions", matrix: "Confusion", *, errors_only: bool) -> None:
    """The two selected classes, in select boxes that a keyboard reaches too, and the images of both."""
    names = predictions.classes
    options = [ANY, *range(len(names))]

    def name(index: int) -> str:
        return "any class" if index == ANY else shorten(names[index], 30)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        true, predicted = (
            st.selectbox(label, options, format_func=name, key=key, bind="query-params")
            for key, label in SELECTED.items()
        )
    if (true, predicted) == (ANY, ANY):
        _pairs(errors.top_pairs(matrix, 100 if len(names) > WHOLE else 20))
        return
    indices: list[int] = errors.cell(predictions, _index(true), _index(predicted), errors_only=errors_only).tolist()
    of_class = "" if true == ANY else f" of {escape_markdown(names[true])}"
    predicted_as = "" if predicted == ANY else f", predicted as {escape_markdown(names[predicted])}"
    st.write(f"**{count(len(indices), 'image')}**{of_class}{predicted_as}{', errors only' if errors_only else ''}")
    if indices and st.button("Review one by one", key="review cell", icon=":material/keyboard:"):
        with refusals():
            review_queue(run.config.data, cell_queue(predictions, indices, run_dataset(run)))
    open_cases(run, predictions, indices, key=f"cell {true} {predicted} {errors_only}")


def _index(chosen: int) -> int | None:
    return None if chosen == ANY else chosen


def _pairs(pairs: "tuple[Pair, ...]") -> None:
    """The most frequent confusions; a click on a row shows its images."""
    if not pairs:
        st.write("No image of this split is misclassified.")
        return
    st.write("The most frequent confusions; select one, or click a cell, to see its images:")
    rows = [
        {"true class": p.truth, "predicted as": p.predicted, "images": p.items, "share": percent(p.share)}
        for p in pairs
    ]
    key = f"pairs {hash(pairs)}"

    def select() -> None:
        chosen = selected_rows(key)
        if chosen:
            _select([pairs[chosen[0]].truth_index, pairs[chosen[0]].predicted_index])

    st.dataframe(
        rows,
        hide_index=True,
        key=key,
        on_select=select,
        selection_mode="single-row",
        height="content" if len(rows) <= 12 else 460,
        alt="The most frequent confusions",
    )
