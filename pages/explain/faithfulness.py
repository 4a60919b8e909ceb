"""Faithfulness of saliency maps: deletion and insertion curves, measures over many images, and limits of maps."""

from collections.abc import Sequence

import streamlit as st

from clfcore.explain.methods import method
from clfcore.photos import Photo
from pages.explain.map_loaders import MapRequest, OverlayStyle, TargetChoice, checked, curves, overlaid_map
from pages.explain.question import run_of
from ui.charts import chart, dark
from ui.formatting import shorten
from ui.jobs import result_of
from ui.messages import escape_markdown, refusals
from ui.pickers import model_name
from ui.session import MAPS_CHECKED, SessionValue, kept

_DELETED = SessionValue[list[MapRequest]]("removed")


def deletion_insertion_view(
    photos: Sequence[Photo],
    models: Sequence[str],
    *,
    methods: Sequence[str],
    target: TargetChoice,
    layers: dict[str, str],
) -> None:
    """How the probability falls as the most important pixels are deleted and rises as they are inserted, on a click."""
    quick = [name for name in methods if method(name).quick]
    if not quick:
        st.write("Choose a quick method above, such as Grad-CAM.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = st.selectbox(
            "Method", quick, format_func=lambda name: method(name).title, **kept("removed by"), width=220
        )
        clicked = st.button("Delete and insert pixels", type="primary", help="22 forward passes per map.")
    layered = method(which).layered and method(which).kind == "cam"
    asked = [MapRequest(m, p, which, target, layers.get(m) if layered else None) for p in photos for m in models]
    if clicked:
        _DELETED.set(asked)
    if _DELETED.get() != asked:
        st.write(
            "A faithful map marks the pixels that the network uses: deleting them first makes the probability fall at "
            "once, inserting them first makes it rise at once."
        )
        return
    row = st.grid(min(2, len(asked)), min_column_width=400)
    for one in asked:
        with row.cell(), refusals(stop=False), st.spinner("Deleting and inserting pixels"):
            _curves(one)
    st.caption(
        "Most important pixels first. Deleted pixels take the image's mean color, inserted ones appear in a blurred "
        "image. A small area under the curve is better for deletion, a large one for insertion.",
        help="Petsiuk and others, 2018, RISE. Images with holes are out of distribution, which causes part of each "
        "fall: compare methods on one image rather than one number with a target.",
    )


def _curves(request: MapRequest) -> None:
    from clfcore.figures.deletion_insertion import deletion_insertion_figure

    deletion, insertion = curves(request)
    target = overlaid_map(request, OverlayStyle()).target
    st.markdown(f"**{escape_markdown(model_name(request.model))}**, {escape_markdown(shorten(request.photo.name, 60))}")
    figure = deletion_insertion_figure(deletion, insertion, name=target, dark=dark())
    chart(figure, f"removed {request.model} {request.photo.name} {request.method}")


COLUMNS = {
    "pointing_game": "pointing game ↑",
    "energy_in_mask": "energy in mask ↑",
    "deletion_auc": "deletion ↓",
    "insertion_auc": "insertion ↑",
}


def faithfulness_view(models: Sequence[str]) -> None:
    """The table of methods × measures for a run, on a click."""
    runs = run_of(models)
    if not runs:
        st.write(
            "Maps are evaluated on a run's own test images: choose a run among the classifiers. For an architecture "
            "with ImageNet weights, `python -m clfcore explain NAME --check --data SPEC` evaluates on any data."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Run", runs, format_func=model_name, **kept("checked run"), width=340)
        items = st.number_input("Images", 4, 100, 20, 4, **kept("checked items"), width=120)
        everything = st.toggle("Include long methods", **kept("checked all"), help="Can take hours for photos.")
        clicked = st.button("Evaluate the maps", type="primary")
    key = (name, int(items), everything)
    if clicked:
        MAPS_CHECKED.set(key)
    if MAPS_CHECKED.get() != key:
        st.write("Each method is evaluated on the same images, next to two baselines (random, center).")
        return

    measured = result_of(
        checked(name, items=int(items), everything=everything),
        "Evaluating the maps",
        on_error=MAPS_CHECKED.forget,
    )
    st.dataframe(
        [_measures(row) for row in (*measured["methods"], *measured["baselines"])],
        hide_index=True,
        column_config={label: st.column_config.NumberColumn(format="%.3f") for label in COLUMNS.values()},
        placeholder="–",
        alt="Methods and their measures",
    )
    few = " A small sample: differences under 0.1 can be chance." if measured["items"] < 50 else ""
    st.caption(
        f"Means over {measured['items']} images, for the predicted class.{few} The pointing game and the energy in the "
        "mask need masks, which only `shapes` has. The baselines “random” and “center” ignore the image: a method "
        "should beat both. A method that does not depend on the weights shows the image, not the network.",
        help="Pointing game: Zhang and others, 2018. Deletion and insertion: Petsiuk and others, 2018. Randomized "
        "weights: Adebayo and others, 2018.",
    )
    if measured["left_out"]:
        reasons = (
            f"{method(left).title} is left out: {escape_markdown(reason)}"
            for left, reason in measured["left_out"].items()
        )
        st.caption("  \n".join(reasons))


def _measures(row: dict) -> dict:
    changes = row["changes_with_random_weights"]
    depends = {True: "✓ yes", False: "✗ no", None: "–"}[changes]
    named = row["method"] if row["method"] in ("random", "centre") else method(row["method"]).title
    return {"method": named, **{label: row[name] for name, label in COLUMNS.items()}, "depends on weights": depends}


def can_and_cannot() -> None:
    """What maps can and cannot show, in three sentences with sources."""
    with st.expander("What maps can and cannot show", expanded=True):
        st.markdown(
            "A map shows which regions changed the score of one class on one image; it does not say what the network "
            "saw there, nor that the prediction is right ([Rudin 2019](https://arxiv.org/abs/1811.10154)). "
            "Some methods draw the image's edges whatever the network has learned, so trust a method only if its maps "
            "change when the weights are randomized "
            "([Adebayo and others 2018](https://arxiv.org/abs/1810.03292)). "
            "Two methods that disagree can both be faithful to different questions, and imperceptible changes of the "
            "image can change a map ([Ghorbani and others 2019](https://arxiv.org/abs/1710.10547)): compare several "
            "methods, delete the pixels, and evaluate on many images before you conclude."
        )
