"""Choice of images, class, methods and layers to explain, and of the display of maps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.dataset import SPLITS
from clfcore.data.item import item_record
from clfcore.errors import InputError
from clfcore.evaluation.errors import most_confident
from clfcore.evaluation.multilabel import mistaken_labels
from clfcore.explain.methods import METHODS, method
from clfcore.explain.saliency_map import COLORS
from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.runs.folder import Run
from clfcore.runs.samples import item_photo
from pages.explain.map_loaders import OverlayStyle, TargetChoice, stages_of, task_of
from ui.data_picker import choose_data, read_data
from ui.formatting import shorten
from ui.loaders import run_dataset, stored
from ui.messages import escape_markdown
from ui.pickers import choose_run, from_address, model_name, to_address
from ui.session import EXPLAINED_ERRORS_OF, SessionValue, kept

if TYPE_CHECKING:
    pass


OVER, ALONE = "Overlaid", "Side by side"
PHOTOS, DATASET, ERRORS = "Photos", "A dataset", "A run's errors"
SOURCES = (PHOTOS, DATASET, ERRORS)
DEFAULTS = ("gradcam", "layercam", "saliency")

MOST = 4  # images at once
LINKED = SessionValue[str]("explain linked")  # the item of the last link that was followed
EXPLAINED_ITEM = SessionValue[str]("explain item")  # and the one that the list of a run has taken over


def choose_source() -> str:
    """Where the images come from: photos and samples, a dataset, or the most confident errors of a run."""
    return st.segmented_control(
        "Images", SOURCES, default=PHOTOS, required=True, key="pictures of", bind="query-params"
    )


def choose_items(source: str) -> list[Photo]:
    """Items of a dataset, or the most confident errors of a run."""
    return _of_dataset() if source == DATASET else _of_errors()


def _of_dataset() -> list[Photo]:
    data = choose_data()
    dataset = read_data(data)
    split = next(name for name in reversed(SPLITS) if len(dataset.splits.get(name, ())))
    item = _linked_item()
    if item is not None:  # the image stands first, whatever split it is in
        record = item_record(dataset, item)
        split = record.split or split
        SessionValue[int](f"explain place {data} {split}").set(record.place or 1)
    elif (before := LINKED.get()) is not None and before in dataset.ids:
        split = item_record(dataset, before).split or split
    items = dataset.splits[split]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.slider(
            f"Image, of {len(items):,} in {split}", 1, len(items), 1, **kept(f"explain place {data} {split}")
        )
        many = st.number_input("Images", 1, MOST, 1, **kept("explain many"), width=110)
    chosen = [int(index) for index in items[place - 1 : place - 1 + many]]
    return [item_photo(dataset, index, dataset.finest_label(index)) for index in chosen]


def _of_errors() -> list[Photo]:
    run = choose_run()
    if EXPLAINED_ERRORS_OF.get() != run.id:  # its errors are explained by the run itself
        EXPLAINED_ERRORS_OF.set(run.id)
        st.query_params["model"] = [run.id]
    split = "test" if "test" in run.splits else run.splits[0]
    words, dataset = _errors(run, split), None
    item = _linked_item() or LINKED.get()
    if item is not None and item not in words:
        dataset = run_dataset(run)
        if item in dataset.ids:
            words = {item: item_record(dataset, item).truth, **words}
    if not words:
        st.write(f"No {split} image is misclassified.")
        return []
    if item in words and EXPLAINED_ITEM.get() != item:
        EXPLAINED_ITEM.set(item)
        SessionValue[list[str]](f"errors {run.id}").set([item])
    first = None if SessionValue[list[str]](f"errors {run.id}").exists else list(words)[:2]
    chosen = st.multiselect(
        f"Misclassified {split} images, most confident first",
        list(words),
        first,
        format_func=words.__getitem__,
        max_selections=MOST,
        **kept(f"errors {run.id}"),
    )
    dataset = dataset or run_dataset(run)
    at = {name: i for i, name in enumerate(dataset.ids)}
    gone = [name for name in chosen if name not in at]
    if gone:
        raise InputError(f"{gone[0]} is no longer in the run's data: choose another image")
    return [item_photo(dataset, at[name], words[name]) for name in chosen]


def _linked_item() -> str | None:
    """The item that a link to this page names, the first time that it is seen."""
    item = st.query_params.get("item")
    if not item or LINKED.get() == item:
        return None
    LINKED.set(item)
    return item


def _errors(run: Run, split: str) -> dict[str, str]:
    """Up to 24 wrong pictures, the surest first: id -> what is wrong; of a hierarchy at its finest level.

    How sure it was is said below, of the answer that is explained: what was stored while it trained may differ in the
    last digits, for embeddings are taken in bfloat16 where the processor has it.
    """
    predictions = stored(run, split)
    if predictions.task.kind == "multi-label":
        words: dict[str, str] = {}
        for one in mistaken_labels(predictions, 24):
            what = "false negative" if one.truth else "false positive"
            words.setdefault(one.id, f"{what}: {one.label}")
        return words
    if predictions.task.kind == "hierarchical":
        predictions = predictions.level(predictions.task.levels[-1].name)
    return {case.id: f"{case.truth}, predicted as {case.predicted}" for case in most_confident(predictions, 24)}


def choose_methods() -> list[str]:
    """Methods for the small multiples; those of many passes wait for a click."""
    names = [row.name for row in METHODS]
    from_address("method", names, DEFAULTS)
    chosen = st.multiselect(
        "Methods",
        names,
        **kept("method"),
        wrap=True,
        format_func=lambda name: method(name).title + ("" if method(name).quick else " (long)"),
        help="Long methods need more than 20 forward passes per map and run only on request.",
    )
    to_address("method", chosen, default=DEFAULTS)
    return chosen


def choose_target(models: Sequence[str]) -> TargetChoice:
    """The class to explain: predicted, any, or one against another; of a hierarchy, by level."""
    task = task_of(models[0])
    levels = dict(task.levels)
    level = None
    row = st.grid(3 if len(levels) > 1 else 2, min_column_width=150)
    if len(levels) > 1:
        with row.cell():
            level = st.selectbox("Level", list(levels), len(levels) - 1, **kept(f"level {models[0]}"))
    classes = levels[level or task.levels[-1][0]]
    key = f"{models[0]} {level}"
    kind = "label" if task.kind == "multi-label" else "class"
    with row.cell():
        label = st.selectbox(
            f"Explain the {kind}", classes, None, **kept(f"class {key}"), placeholder="top class",
            help="Each map shows the evidence for this class. Left open, each model explains its own top class.",
        )  # fmt: skip
    with row.cell():
        against = st.selectbox(
            "Contrast with", [name for name in classes if name != label], None, **kept(f"against {key} {label}"),
            placeholder="none", disabled=label is None,
            help="Evidence for the first class and against this one: the difference of their scores.",
        )  # fmt: skip
    return TargetChoice(label, against, level)


def choose_overlay(models: Sequence[str]) -> tuple[OverlayStyle, dict[str, str]]:
    """How maps are overlaid on images, and the layer of each model where one is chosen."""
    with st.popover("Display and layer"):
        view = st.segmented_control("Show", (OVER, ALONE), default=OVER, required=True, **kept("explain over"))
        opacity = st.slider("Opacity", 0.0, 1.0, 0.6, 0.05, **kept("opacity"), disabled=view == ALONE)
        threshold = st.slider(
            "Hide values below", 0.0, 1.0, 0.0, 0.05, **kept("map threshold"),
            help="Each map's strongest value is 1.",
        )  # fmt: skip
        colors = st.selectbox(
            "Colormap", COLORS, **kept("color map"),
            help="All are perceptually uniform. Cividis is made for color-vision deficiency.",
        )  # fmt: skip
        layers: dict[str, str] = {}
        for name in models:
            offered = stages_of(name, "gradcam")
            words = {stage: shorten(stage, 40) for stage in offered}
            chosen = st.selectbox(
                f"Layer of {escape_markdown(shorten(model_name(name), 40))}", offered, None, **kept(f"layer {name}"),
                format_func=words.__getitem__, disabled=not offered,
                placeholder=f"automatic: {words[offered[-1]]}" if offered else "no spatial feature maps",
                help="For methods that use one layer. Early layers have fine detail and little class information.",
            )  # fmt: skip
            if chosen:
                layers[name] = chosen
    return OverlayStyle(opacity, colors, threshold, view == ALONE), layers


def run_of(models: Sequence[str]) -> list[str]:
    """The models that are runs: they have data to measure maps on."""
    return [name for name in models if (runs_folder() / name).is_dir()]


def choose_question(models: Sequence[str]) -> tuple[list[str], TargetChoice, OverlayStyle, dict[str, str]]:
    """Methods, class, display and layers, in one row."""
    left, middle, right = st.columns([5, 6, 2], gap="small", vertical_alignment="bottom")
    with left:
        methods = choose_methods()
    with middle:
        wanted = choose_target(models)
    with right:
        look, layers = choose_overlay(models)
    return methods, wanted, look, layers
