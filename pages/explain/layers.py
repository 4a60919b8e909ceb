"""Saliency maps layer by layer: one method at each stage of a network, and attention heads one by one."""

from collections.abc import Sequence

import streamlit as st

from clfcore.errors import InputError
from clfcore.explain.methods import METHODS, method
from clfcore.photos import Photo
from pages.explain.map_loaders import MapRequest, OverlayStyle, TargetChoice, heads_of, stages_of
from pages.explain.maps import Cell, cell, draw, map_cell, show_scale
from ui.formatting import shorten
from ui.messages import escape_markdown, refusals
from ui.pickers import model_name
from ui.session import kept


def layers_view(photos: Sequence[Photo], models: Sequence[str], wanted: TargetChoice, *, look: OverlayStyle) -> None:
    """One method at each stage, first to last: fine and general at first, coarse and class-specific at the end."""
    names = [row.name for row in METHODS if row.quick and row.layered]
    chosen = st.selectbox(
        "Method", names, names.index("layercam"), lambda n: method(n).title, **kept("layer method"), width=220,
        help="Attention shows the layers of a transformer, as the mean over heads and then each head alone.",
    )  # fmt: skip
    show_scale(look)
    for name in models:
        with refusals(stop=False):
            stages = stages_of(name, chosen)
            if not stages:
                what = "spatial attention" if chosen == "attention-head" else "layers with spatial feature maps"
                raise InputError(f"{model_name(name)} has no {what}: choose another method")
            shown = {stage: stage for stage in stages}
            for photo in photos:
                heading = f"{model_name(name)}, {shorten(photo.name, 60)}"
                _row(photo, name, heading, method_name=chosen, target=wanted, layers=shown, look=look)
            if chosen == "attention-head":
                _heads(photos, name, wanted, look=look)
    if chosen == "attention-head":
        st.caption("Attention weights show what a layer can use, not what the prediction depends on.")
    else:
        st.caption("LayerCAM stays readable in early layers; Grad-CAM is meant for the last ones.")


def _heads(photos: Sequence[Photo], name: str, wanted: TargetChoice, *, look: OverlayStyle) -> None:
    """Each head of one layer by itself, where it has several."""
    several = {layer: count for layer, count in heads_of(name).items() if count > 1}
    if not several:
        return
    layer = st.selectbox(
        f"Attention heads of {escape_markdown(shorten(model_name(name), 40))}", list(several), len(several) - 1,
        **kept(f"heads {name}"), width=340, help="Different heads of one layer attend to different things.",
    )  # fmt: skip
    shown = {f"{layer}:{head}": f"Head {head}" for head in range(several[layer])}
    for photo in photos:
        heading = f"{layer}, {shorten(photo.name, 60)}"
        _row(photo, name, heading, method_name="attention-head", target=wanted, layers=shown, look=look)


def _row(
    photo: Photo,
    name: str,
    heading: str,
    *,
    method_name: str,
    target: TargetChoice,
    layers: dict[str, str],
    look: OverlayStyle,
) -> None:
    """One photo's maps at some layers (their names -> their titles), drawn as they come."""
    place, cells = st.empty(), list[Cell]()
    for layer, title in layers.items():
        _, hover, shown = map_cell(MapRequest(name, photo, method_name, target, layer), look)
        cells.append(cell(shorten(title, 24), f"{title}. {hover}", shown))
        draw(place, heading, cells, photo=photo, name=name, of=len(layers))
