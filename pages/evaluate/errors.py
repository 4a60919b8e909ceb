"""Errors: lists of misclassified, uncertain and costly images, and the review of their labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.error_lists import cases_csv, error_list
from clfcore.evaluation.errors import cases, confusion, top_pairs
from clfcore.runs.folder import Run
from clfcore.runs.review_queue import cell_queue
from pages.evaluate.review import list_button, review_view
from ui.cards import Card
from ui.closeup.grid import open_cards, open_pages
from ui.closeup.sources import Entry, RunPictures
from ui.formatting import count, percent, shorten
from ui.loaders import run_dataset, run_thumbnail
from ui.messages import refusals
from ui.review.handover import review_queue
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.evaluation.errors import Case
    from clfcore.predictions import Predictions

# list -> its name, and what it holds
LISTS = {
    "most_confident": (
        "Most confident errors",
        "Wrong, with the highest confidence: a good place to look for wrong labels.",
    ),
    "least_confident_correct": (
        "Least confident correct",
        "Correct, but with the lowest confidence: the next to go wrong.",
    ),
    "closest_calls": ("Closest calls", "Right or wrong, the two most probable classes are almost equally probable."),
    "highest_loss": ("Highest loss", "The true class has the lowest probability: these images dominate the log-loss."),
    "pair": ("By pair of classes", "Images of one class predicted as another, most confident first."),
}


def errors_view(run: Run, predictions: "Predictions") -> None:
    """One of the lists as cards; below, the review of its labels and one image up close."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "List", list(LISTS), format_func=lambda name: LISTS[name][0], key="errors", bind="query-params", width=260
        )
        true = predicted = None
        if name == "pair":
            true, predicted = _pair(predictions)
        most = choose_length()
        shown = _cases(predictions, name, most, true=true, predicted=predicted)
        truths = {case.id: case.truth for case in shown}
        if shown:
            list_button(
                run,
                name,
                lambda: _cases(predictions, name, 1000, true=true, predicted=predicted),
                truth=lambda case: case.truth,
                write=cases_csv,
            )
    if not shown:
        wrong = name in ("most_confident", "pair")
        st.write("No image of this split is misclassified." if wrong else "This list is empty.")
        return
    st.caption(LISTS[name][1])
    open_cards(case_cards(run, shown), key=f"errors {name}", side=140, source=pictures_of(run, predictions))
    if st.button("Review one by one", key="review errors", icon=":material/keyboard:"):
        with refusals():
            review_queue(run.config.data, cell_queue(predictions, [case.index for case in shown], run_dataset(run)))
    if name == "most_confident":
        where = {"pictures of": "A run's errors", "run": run.id}
        st.page_link("pages/explain/page.py", label="Explain these errors", query_params=where)
    with refusals(stop=False):
        review_view(run, f"{name} {true} {predicted} {len(shown)}", rows=[_row(case) for case in shown], truths=truths)


def choose_length() -> int:
    """How many images of a list are shown."""
    return st.segmented_control("Images", (12, 24, 48), default=12, required=True, key="shown", bind="query-params")


def case_cards(run: Run, cases: "Sequence[Case]") -> list[Card]:
    """Cards with truth, prediction, mark and both probabilities."""
    return [
        Card(
            run_thumbnail(run, case.id),
            name=case.id,
            item=case.id,
            truth=case.truth,
            predicted=case.predicted,
            right=case.right,
            probability=case.p_predicted,
            truth_probability=None if case.right else case.p_truth,
        )
        for case in cases
    ]


def pictures_of(run: Run, predictions: "Predictions") -> RunPictures:
    """What the pictures of these predictions are items of."""
    return RunPictures(run, predictions.split, predictions.task.levels[-1].name)


def open_cases(run: Run, predictions: "Predictions", indices: Sequence[int], *, key: str) -> None:
    """Items of these predictions by their places, a page at a time."""
    open_pages(
        indices,
        key=key,
        card=lambda shown: case_cards(run, cases(predictions, shown)),
        entry=lambda index: Entry(predictions.ids[index]),
        source=pictures_of(run, predictions),
    )


def _pair(predictions: "Predictions") -> tuple[str | None, str | None]:
    """A true and a predicted class among the most frequent confusions; None where nothing is misclassified."""
    pairs = top_pairs(confusion(predictions), 100)
    if not pairs:
        return None, None
    pair = st.selectbox(
        "Pair", pairs, **kept(f"pair {hash(pairs)}"), width=300,
        format_func=lambda p: f"{shorten(p.truth, 18)} → {shorten(p.predicted, 18)} ({count(p.items)})",
        help="True class → predicted class (images).",
    )  # fmt: skip
    return pair.truth, pair.predicted


def _cases(
    predictions: "Predictions", name: str, most: int, *, true: str | None, predicted: str | None
) -> "tuple[Case, ...]":
    if name == "pair" and true is None:
        return ()
    return error_list(predictions, name, most, true=true, predicted=predicted)


def _row(case: "Case") -> dict[str, str]:
    return {
        "image": case.id,
        "true class": case.truth,
        "predicted": case.predicted,
        "p(true)": percent(case.p_truth),
        "p(predicted)": percent(case.p_predicted),
        "top classes": ", ".join(f"{label} {percent(p)}" for label, p in case.top),
    }
