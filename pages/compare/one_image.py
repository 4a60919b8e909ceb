"""One image of the split: the predictions and Grad-CAM maps of several runs in columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.compare import aligned
from clfcore.evaluation.ensembles import dividing
from clfcore.runs.folder import Run
from pages.compare.selection import Side, side_names
from ui.cards import Card, bars, cards
from ui.closeup.grid import open_cards
from ui.closeup.sources import Entry, RunPictures
from ui.formatting import count, percent, shorten
from ui.loaders import gradcam_of_item, run_thumbnail
from ui.messages import escape_markdown, refusals
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.evaluation.compare import Named
    from clfcore.predictions import Predictions


OFFERED = 200  # images in the list
IN_A_ROW = 4


def one_image_view(sides: Sequence[Side]) -> None:
    """An image chosen among those where the runs disagree, or by its name; a column for each run."""
    runs = aligned(side_names(sides))
    first = runs[0][1]
    divided = dividing(runs)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input("Image by name", key="same typed", placeholder="any image of the split", width=260)
        offered = [int(i) for i in divided[:OFFERED]] or list(range(min(len(first), OFFERED)))
        chosen = st.selectbox(
            "Or an image where the runs disagree" if len(divided) else "Or one of the first images",
            offered, format_func=lambda i: f"{first.ids[i]}: {shorten(_truth(first, i), 30)}", **kept("same image"),
            width=420,
        )  # fmt: skip
    index_of = {name: i for i, name in enumerate(first.ids)} if typed else {}
    if typed and typed not in index_of:
        st.write(f"This split has no image {escape_markdown(typed)}. An image's name is its path within the dataset.")
        return
    index = index_of.get(typed, chosen)
    if index is None:
        return
    name = first.ids[index]
    open_cards(
        [Card(run_thumbnail(sides[0].run, name), name, _truth(first, index), item=name)],
        key="one image",
        side=150,
        source=RunPictures(sides[0].run, first.split, first.task.levels[-1].name),
        entries=[Entry(first.ids[i]) for i in dict.fromkeys([index, *offered])],
    )
    by_name = {side.name: side for side in sides}
    for start in range(0, len(runs), IN_A_ROW):
        for column, named in zip(st.columns(IN_A_ROW, gap="medium"), runs[start : start + IN_A_ROW], strict=False):
            with column:
                _column(by_name[named[0]].run, named, index)
    st.caption(
        f"The runs disagree on {count(len(divided))} of {count(len(first), 'image')}. Maps: Grad-CAM for the top class "
        "of each run."
    )


def _column(run: Run, named: "Named", index: int) -> None:
    name, predictions = named
    p = predictions.row(index)
    order = sorted(range(len(p)), key=lambda i: -p[i])[:5]
    best, level = order[0], predictions.task.levels[-1].name
    st.markdown(f"**{escape_markdown(name)}**")
    if not (run.path / "best.safetensors").exists():
        st.caption("No map: the run's folder has no weights.")
        _prediction(predictions, index, order)
        return
    with refusals(stop=False):
        overlay, evidence = gradcam_of_item(str(run.path), predictions.ids[index], level=level, target=best)
        label = predictions.classes[best]
        cards(
            [Card(overlay, f"Grad-CAM for {label}", f"{'For' if evidence else 'No evidence for'} {label}")],
            side=170,
        )
    _prediction(predictions, index, order)


def _prediction(predictions: "Predictions", index: int, order: Sequence[int]) -> None:
    p = predictions.row(index)
    st.caption(_outcome(predictions, index, order[0]))
    bars([(predictions.classes[i], p[i]) for i in order])


def _outcome(predictions: "Predictions", index: int, best: int) -> str:
    if predictions.task.kind == "multi-label":
        return "The probability of each label; several can apply."
    truth = int(predictions.targets[index])
    return "✓ right" if truth == best else f"✗ wrong; true class: {percent(predictions.row(index)[truth])}"


def _truth(predictions: "Predictions", index: int) -> str:
    """The label of one item as text."""
    target = predictions.targets[index]
    if predictions.task.kind != "multi-label":
        return predictions.classes[int(target)]
    return "; ".join(name for name, present in zip(predictions.classes, target, strict=True) if present) or "no label"
