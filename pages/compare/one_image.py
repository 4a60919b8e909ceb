"""One image of the split and what several runs make of it: predictions and maps in columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.compare import aligned
from clfcore.evaluation.ensembles import dividing
from clfcore.runs.folder import Run
from pages.compare.selection import Side, side_names
from ui.cards import Card, bars, cards
from ui.formatting import count, percent, shorten
from ui.loaders import gradcam_of_item, run_thumbnail
from ui.messages import escape_markdown, refusals

if TYPE_CHECKING:
    from clfcore.evaluation.compare import Named
    from clfcore.predictions import Predictions


OFFERED = 200  # images in the list
IN_A_ROW = 4


def same_view(sides: Sequence[Side]) -> None:
    """An image chosen among those that divide the runs, or by its name; a column a run."""
    runs = aligned(side_names(sides))
    first = runs[0][1]
    divided = dividing(runs)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input("An image by its name", key="same typed", placeholder="any of the split", width=260)
        offered = [int(i) for i in divided[:OFFERED]] or list(range(min(len(first), OFFERED)))
        chosen = st.selectbox(
            "Or one that divides the runs" if len(divided) else "No image divides the runs; the first are",
            offered, format_func=lambda i: f"{first.ids[i]}: {shorten(_truth(first, i), 30)}", key="same image",
            width=420,
        )  # fmt: skip
    at = {name: i for i, name in enumerate(first.ids)} if typed else {}
    if typed and typed not in at:
        st.write(f"No image of this split is called {escape_markdown(typed)}. Its name is its path in the data.")
        return
    index = at.get(typed, chosen)
    if index is None:
        return
    picture = Card(run_thumbnail(sides[0].run, first.ids[index]), first.ids[index], _truth(first, index))
    cards([picture], side=150)
    by_name = {side.name: side for side in sides}
    for start in range(0, len(runs), IN_A_ROW):
        for column, one in zip(st.columns(IN_A_ROW, gap="medium"), runs[start : start + IN_A_ROW], strict=False):
            with column:
                _column(by_name[one[0]].run, one, index)
    many = f"{count(len(divided), 'image')} of {count(len(first))}" if len(divided) != 1 else "One image"
    st.caption(f"{many} divided the runs: not all give the same answer. The likeliest class of each run is mapped.")


def _column(run: Run, one: "Named", index: int) -> None:
    name, predictions = one
    p = predictions.row(index)
    order = sorted(range(len(p)), key=lambda i: -p[i])[:5]
    best, level = order[0], predictions.task.levels[-1].name
    st.markdown(f"**{escape_markdown(name)}**")
    if not (run.path / "best.safetensors").exists():
        st.caption("No map: the weights are not in the run's folder.")
        _words(predictions, index, order, p)
        return
    with refusals(stop=False):
        seen, evidence = gradcam_of_item(str(run.path), predictions.ids[index], level, best)
        label = predictions.classes[best]
        cards([Card(seen, f"Where it looked for {label}", f"{'For' if evidence else 'Nothing for'} {label}")], side=170)
    _words(predictions, index, order, p)


def _words(predictions: "Predictions", index: int, order: Sequence[int], p: Sequence[float]) -> None:
    st.caption(_verdict(predictions, index, order[0], p))
    bars([(predictions.classes[i], p[i]) for i in order])


def _verdict(predictions: "Predictions", index: int, best: int, p: Sequence[float]) -> str:
    if predictions.task.kind == "multi-label":
        return "The probability of each label; several can hold."
    truth = int(predictions.targets[index])
    return "✓ right" if truth == best else f"✗ wrong; the truth got {percent(p[truth])}"


def _truth(predictions: "Predictions", index: int) -> str:
    """The label of one item in words."""
    target = predictions.targets[index]
    if predictions.task.kind != "multi-label":
        return predictions.classes[int(target)]
    return "; ".join(name for name, there in zip(predictions.classes, target, strict=True) if there) or "no label"
