"""The pictures behind the numbers: lists of errors and of close calls, verdicts on them, and one picture up close."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.evaluation.error_lists import cases_csv, error_list
from clfcore.evaluation.errors import confusion, top_pairs
from clfcore.runs.folder import Run
from pages.evaluate.closeup import Item, close_view
from pages.evaluate.overview import case_cards
from pages.evaluate.review import list_button, review_view
from ui.cards import cards
from ui.formatting import count, percent, shorten
from ui.messages import refusals

if TYPE_CHECKING:
    from clfcore.evaluation.errors import Case
    from clfcore.predictions import Predictions

# list -> what stands above it
LISTS = {
    "most_confident": ("Most confident errors", "Wrong, and surest of it: look here for wrong labels."),
    "least_confident_correct": ("Least confident correct", "Right, but barely: the next to fail."),
    "closest_calls": ("Closest calls", "Right or wrong, the two likeliest classes are nearest to each other."),
    "highest_loss": ("Highest loss", "The truth was given the least probability: what costs the log-loss most."),
    "pair": ("By pair of classes", "Of one class and taken for another, the surest first."),
}


def mistakes_view(run: Run, predictions: "Predictions") -> None:
    """One of the lists as cards, with verdicts and notes below, and one picture up close."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "List", list(LISTS), format_func=lambda name: LISTS[name][0], key="errors", bind="query-params", width=260
        )
        true = predicted = None
        if chosen == "pair":
            true, predicted = _pair(predictions)
        most = st.segmented_control(
            "How many", (12, 24, 48), default=12, required=True, key="shown", bind="query-params"
        )
        words = LISTS[chosen][1]
        found = _found(predictions, chosen, most, true, predicted)
        truths = {case.id: case.truth for case in found}
        if found:
            list_button(
                run, chosen, lambda: _found(predictions, chosen, 1000, true, predicted), lambda case: case.truth, _csv
            )
    if not found:
        wrong = chosen in ("most_confident", "pair")
        st.write("No picture of this split is wrong." if wrong else "There is no such picture.")
        return
    st.caption(words)
    cards(case_cards(run, found), side=140)
    if chosen == "most_confident":
        where = {"pictures of": "A run's errors", "run": run.id}
        st.page_link("pages/explain/page.py", label="Explain these: where the network looked", query_params=where)
    with refusals(stop=False):
        review_view(run, f"{chosen} {true} {predicted} {len(found)}", [_row(case) for case in found], truths)
        close_view(run, predictions.split, predictions.task.levels[-1].name, [_item(case) for case in found])


def _pair(predictions: "Predictions") -> tuple[str | None, str | None]:
    """A true and a predicted class, of the pairs confused most often; none where nothing is wrong."""
    pairs = top_pairs(confusion(predictions), 100)
    if not pairs:
        return None, None
    pair = st.selectbox(
        "Pair", pairs, key=f"pair {hash(pairs)}", width=300,
        format_func=lambda p: f"{shorten(p.truth, 18)}, taken for {shorten(p.predicted, 18)} ({count(p.items)})",
    )  # fmt: skip
    return pair.truth, pair.predicted


def _found(
    predictions: "Predictions", name: str, most: int, true: str | None, predicted: str | None
) -> "tuple[Case, ...]":
    if name == "pair" and true is None:
        return ()
    return error_list(predictions, name, most, true=true, predicted=predicted)


def _csv(found: "Sequence[Case]", said: Any) -> str:
    return cases_csv(found, said)


def _row(case: "Case") -> dict[str, Any]:
    return {
        "picture": case.id,
        "true": case.truth,
        "predicted": case.predicted,
        "of the truth": percent(case.p_truth),
        "of the prediction": percent(case.p_predicted),
        "likeliest": ", ".join(f"{label} {percent(p)}" for label, p in case.top),
    }


def _item(case: "Case") -> Item:
    return Item(
        id=case.id,
        title=f"{case.truth}, taken for {case.predicted}" if not case.right else f"{case.truth}, right",
        targets={case.truth_index: case.truth, case.predicted_index: case.predicted},
        truth=(case.truth,),
        top=case.top,
    )
