"""The pictures behind the numbers: lists of errors and of close calls, verdicts on them, and one picture up close."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.errors import InputError
from clfcore.runs.store import Run, open_run
from ui.cached import classifier
from ui.data import thumbnail
from ui.feedback import plain, refusals
from ui.jobs import Job, Progress, result_of
from ui.judge import case_cards
from ui.pictures import Card, Picture, cards, picture
from ui.words import count, percent, rate

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.evaluation.mistakes import Case
    from clfcore.predictions import Predictions
    from clfcore.runs.neighbours import Space

# list -> what stands above it
LISTS = {
    "most_confident": ("Most confident errors", "Wrong, and surest of it: look here for wrong labels."),
    "least_confident_correct": ("Least confident correct", "Right, but barely: the next to fail."),
    "closest_calls": ("Closest calls", "Right or wrong, the two likeliest classes are nearest to each other."),
    "highest_loss": ("Highest loss", "The truth was given the least probability: what costs the log-loss most."),
}
VERDICTS = ("wrong label", "ambiguous", "the model's fault")


def mistakes_view(run: Run, predictions: "Predictions") -> None:
    """One of the lists as cards, with verdicts and notes below, and one picture up close."""
    from clfcore.evaluation import mistakes

    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "List", list(LISTS), format_func=lambda name: LISTS[name][0], key="errors", bind="query-params", width=260
        )
        most = st.segmented_control(
            "How many", (12, 24, 48), default=12, required=True, key="shown", bind="query-params"
        )
        words = LISTS[chosen][1]
    found = getattr(mistakes, chosen)(predictions, most)
    if not found:
        st.write("No picture of this split is wrong." if chosen == "most_confident" else "There is no such picture.")
        return
    st.caption(words)
    cards(case_cards(run, found), side=140)
    if chosen == "most_confident":
        where = {"pictures of": "A run's errors", "run": run.id}
        st.page_link("pages/explain.py", label="Explain these: where the network looked", query_params=where)
    with refusals(stop=False):
        _verdicts(run, chosen, found)
        _close(run, predictions, found)


def _verdicts(run: Run, name: str, found: "Sequence[Case]") -> None:
    """A table to say of each picture whose fault it is; kept with the dataset as soon as it is said."""
    from clfcore.data import verdicts

    more = st.expander("Whose fault is it? Verdicts and notes", on_change="rerun", key="verdicts")
    if not more.open:
        return
    config = run.config
    dataset = _dataset(config.data, config.split_seed)
    kept = verdicts.of_items(dataset, {case.id: case.truth for case in found})
    rows = [_row(case, kept.get(case.id)) for case in found]
    with more:
        said = st.data_editor(
            rows,
            hide_index=True,
            key=f"verdicts {run.id} {name} {len(found)}",
            disabled=("picture", "true", "predicted", "of the truth", "of the prediction", "likeliest"),
            column_config={
                "verdict": st.column_config.SelectboxColumn(options=list(VERDICTS)),
                "note": st.column_config.TextColumn(max_chars=500),
            },
            alt="Verdicts on the pictures above",
        )
        for case, before, after in zip(found, rows, said, strict=True):
            if (before["verdict"], before["note"]) != (after["verdict"], after["note"]):
                verdicts.keep(dataset, case.id, case.truth, kind=after["verdict"], note=after["note"] or "")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Kept on this machine with the dataset, by the content of each picture, for every run on it.")
            st.download_button(
                "Download verdicts (CSV)",
                data=lambda: verdicts.table_csv(dataset),
                file_name=f"verdicts-{dataset.name}.csv",
                mime="text/csv",
                on_click="ignore",
            )


def _row(case: "Case", verdict: Any) -> dict[str, Any]:
    return {
        "picture": case.id,
        "verdict": verdict.kind if verdict else None,
        "note": verdict.note if verdict else "",
        "true": case.truth,
        "predicted": case.predicted,
        "of the truth": percent(case.p_truth),
        "of the prediction": percent(case.p_predicted),
        "likeliest": ", ".join(f"{label} {percent(p)}" for label, p in case.top),
    }


@st.cache_resource(show_spinner=False, max_entries=4)
def _dataset(spec: str, split_seed: int) -> "ImageDataset":
    from clfcore.data.catalogue import open_dataset

    return open_dataset(spec, split_seed=split_seed)


def _close(run: Run, predictions: "Predictions", found: "Sequence[Case]") -> None:
    """On demand, one picture: where the network looked for truth and prediction, and the nearest training pictures."""
    more = st.expander("One picture up close", on_change="rerun", key="close")
    if not more.open:
        return
    with more:
        names = {case.id: f"{case.id}: {case.truth}, taken for {case.predicted}" for case in found}
        item = st.selectbox("Picture", list(names), format_func=names.__getitem__, key=f"close {run.id}")
        case = next(case for case in found if case.id == item)
        left, right = st.columns([2, 3], gap="medium")
        with left, refusals(stop=False):
            _maps(run, case)
        with right, refusals(stop=False):
            _neighbours(run, predictions.split, case)


def _maps(run: Run, case: "Case") -> None:
    config = run.config
    targets = {case.truth_index: case.truth, case.predicted_index: case.predicted}
    shown = [Card(thumbnail(config.data, config.split_seed, case.id), name=case.id, truth="The picture")]
    for target, label in targets.items():
        overlay, evidence = _map(str(run.path), config.data, config.split_seed, case.id, target)
        words = f"For {label}" if evidence else f"Nothing for {label}"
        shown.append(Card(overlay, name=f"Grad-CAM for {label}", truth=words))
    cards(shown, side=140)
    st.caption("Grad-CAM: how much each part speaks for the class. It shows where, not why.")


@st.cache_data(show_spinner="Looking where it looked", max_entries=128)
def _map(path: str, spec: str, split_seed: int, item: str, target: int) -> tuple[Picture, bool]:
    import numpy as np

    from clfcore.data.pixels import read_deep
    from clfcore.explain import explain, overlay

    model, dataset = classifier(path), _dataset(spec, split_seed)
    if item not in dataset.ids:
        raise InputError(f"{item} is no longer in the data: it cannot be shown")
    index = dataset.ids.index(item)
    if dataset.pixels is not None:
        image = np.broadcast_to(dataset.pixels[index], (*dataset.pixels.shape[1:3], 3))
    else:
        image = read_deep(dataset.paths[index], least_side=model.preprocess.stored_side)
    square = model.square(np.ascontiguousarray(image))
    finest = model.task.slices[-1].start  # of a hierarchy, the case speaks of the finest level
    found = explain(model, square, method="gradcam", target=finest + target)
    return picture(overlay(square, found), side=224, lossless=True), found.evidence


def _neighbours(run: Run, split: str, case: "Case") -> None:
    if not st.toggle("Find the nearest training pictures", key=f"nearest {run.id}"):
        st.caption("By the run's embeddings; where none are cached, that takes a pass over the data the first time.")
        return
    path = str(run.path)
    found = result_of(_space(path, split), "Embedding the pictures", forget=lambda: _space.clear(path, split))
    config = run.config
    near = found.nearest(case.id, n=6)
    cards(
        [
            Card(thumbnail(config.data, config.split_seed, one.id), name=one.id,
                 truth=f"{one.label} {rate(one.similarity)}")
            for one in near
        ],
        side=104,
    )  # fmt: skip
    same = sum(one.label == case.truth for one in near)
    st.caption(
        f"The {count(len(near), 'training picture')} nearest to it, {same} of the class {plain(case.truth)}.",
        help="Cosine similarity of the input of the last layer, 1 where equal.",
    )


@st.cache_resource(show_spinner=False, max_entries=4)
def _space(path: str, split: str) -> Job:
    from clfcore.runs.neighbours import space

    def work(progress: Progress) -> "Space":
        return space(open_run(path), split, progress=progress)

    return Job(work)
