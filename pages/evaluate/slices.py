"""Slices: groups of images on which the run is right significantly less often, with their pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.errors import cases
from clfcore.evaluation.metrics import decide
from clfcore.progress import Progress
from clfcore.runs.folder import Run, open_run
from pages.evaluate.errors import case_cards, pictures_of
from ui.cards import Card
from ui.closeup.grid import open_pages
from ui.closeup.sources import Entry
from ui.formatting import count, ends, percent, shorten
from ui.jobs import background, result_beside
from ui.loaders import Files, by_files, run_dataset, run_thumbnail, stored
from ui.messages import refusals
from ui.review.handover import review_queue
from ui.session import SessionValue, kept

if TYPE_CHECKING:
    import numpy as np

    from clfcore.predictions import Predictions
    from clfcore.quality.run_slices import RunSlices
    from clfcore.quality.slices import Slice

_ASKED = SessionValue[tuple[str, str, str | None]]("slices asked")


def slices_view(run: Run, predictions: "Predictions") -> None:
    """The button that looks for slices; those that are significant, all that were tested, and the pictures of one."""
    split = predictions.split
    st.write(
        "Is the run weaker on some kind of image? Groups by class, size, shape, brightness, contrast, sharpness and "
        "similarity are each tested against all other images."
    )
    level = predictions.task.levels[-1].name if len(stored(run, split).task.levels) > 1 else None
    key = (str(run.path), split, level)
    if _ASKED.get() != key and not st.button("Look for slices", icon=":material/search_insights:", key="slices ask"):
        return
    _ASKED.set(key)
    job = _slices(str(run.path), split=split, level=level)
    slices = result_beside(job, f"Measuring and embedding the {split} images")
    if slices is None:
        if not job.thread.is_alive():
            _ASKED.forget()
        return
    _shown(run, predictions, slices)
    st.code(
        f"python -m clfcore slices {run.id} --split {split}" + (f" --level {level}" if level else ""), language="bash"
    )


def _shown(run: Run, predictions: "Predictions", slices: "RunSlices") -> None:
    weak = [one for one in slices.slices if one.significant]
    right = f"{percent(slices.right / slices.items)} of {count(slices.items)} {slices.split} images are right"
    if weak:
        groups = "group is" if len(weak) == 1 else "groups are"
        st.write(f"**{len(weak)} of {len(slices.slices)} {groups} significantly weaker than the rest**; {right}.")
    else:
        st.write(f"None of {len(slices.slices)} groups is significantly weaker than the rest; {right}.")
    st.dataframe(
        [_row(one) for one in slices.slices],
        hide_index=True,
        height=min(38 + 35 * len(slices.slices), 390),
        alt="Groups of images with how often the run is right in each and elsewhere",
    )
    st.caption(
        "Each group is tested against all other images, and the tests are corrected together: where nothing is wrong, "
        "a false report occurs in at most one case in twenty. Groups of fewer than 10 images are left out.",
        help="Fisher's exact test, one-sided; intervals of Wilson, 1927; correction of Benjamini and Hochberg, 1995.",
    )
    if not slices.slices:
        return
    chosen = st.selectbox(
        "Pictures of", slices.slices, format_func=_title, width=420, **kept(f"slice {run.id} {slices.split}")
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("The images that the run gets wrong come first.", width="content")
        if st.button("Review one by one", key="review slice", icon=":material/keyboard:"):
            from clfcore.quality.review_queues import slice_queue

            with refusals():
                review_queue(run.config.data, slice_queue(chosen, run_dataset(run)))
    wrong = set(chosen.ids[: chosen.items - chosen.right])
    open_pages(
        chosen.ids,
        key=f"slice {chosen.by} {chosen.name}",
        card=lambda ids: _cards(run, predictions, ids, wrong=wrong),
        entry=Entry,
        source=pictures_of(run, predictions),
    )


def _title(part: "Slice") -> str:
    return f"{part.by}: {shorten(part.name, 30)} ({percent(part.accuracy)} of {count(part.items)})"


def _row(part: "Slice") -> dict[str, str]:
    return {
        "by": part.by,
        "group": part.name,
        "significant": "✓" if part.significant else "",
        "right": percent(part.accuracy),
        "95% interval": ends(part.interval, share=True),
        "images": count(part.items),
        "right elsewhere": percent(part.rest_accuracy),
        "adjusted p": f"{part.adjusted:.2g}",
    }


def _cards(run: Run, predictions: "Predictions", ids: Sequence[str], *, wrong: set[str]) -> list[Card]:
    places = {name: i for i, name in enumerate(predictions.ids)}
    rows = [places[name] for name in ids]
    if predictions.task.kind != "multi-label":
        return case_cards(run, cases(predictions, rows))
    predicted = decide(predictions)
    return [
        Card(
            run_thumbnail(run, name),
            name=name,
            item=name,
            truth=_labels(predictions, predictions.targets[row]),
            predicted=_labels(predictions, predicted[row]),
            right=name not in wrong,
        )
        for name, row in zip(ids, rows, strict=True)
    ]


def _labels(predictions: "Predictions", present: "np.ndarray") -> str:
    return ", ".join(name for name, there in zip(predictions.classes, present, strict=True) if there) or "no label"


@by_files
@background(entries=8)
def _slices(progress: Progress, path: str, files: Files, *, split: str, level: str | None) -> "RunSlices":
    from clfcore.quality.run_slices import slices_of_run

    return slices_of_run(open_run(path), split, level=level, progress=progress)
