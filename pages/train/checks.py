"""The two checks before a launch as buttons, and how a run goes beside its curves: rate, gradient, memory, notes."""

import json
from typing import Any

import streamlit as st

from clfcore.config import RunConfig, make
from ui.cards import Card, cards, picture
from ui.formatting import duration
from ui.jobs import Job, result_of
from ui.messages import escape_markdown


def check_before_training(config: RunConfig) -> None:
    """Buttons: learn one batch by heart, and see a first batch as the network sees it."""
    asked = config.as_json()
    with st.container(horizontal=True):
        if st.button("Learn one batch by heart", help="A network that cannot has a fault in data, loss or rate."):
            st.session_state["check"] = ("heart", asked)
        if st.button("See a first batch", help="What the network sees: augmented, mixed, taken back from its input."):
            st.session_state["check"] = ("batch", asked)
    which, of = st.session_state.get("check", ("", ""))
    if of != asked:
        return
    if which == "heart":
        _say_heart(result_of(_heart(asked), "Learning one batch by heart", forget=lambda: _heart.clear(asked)))
    else:
        _show_batch(result_of(_batch(asked), "Decoding and augmenting", forget=lambda: _batch.clear(asked)))


@st.cache_resource(show_spinner=False, max_entries=4)
def _heart(config: str) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.overfit_one_batch import overfit_one_batch

        return overfit_one_batch(make(json.loads(config)), progress=progress)

    return Job(work)


@st.cache_resource(show_spinner=False, max_entries=4)
def _batch(config: str) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.overfit_one_batch import preview_batch

        return preview_batch(make(json.loads(config)))

    return Job(work)


def _say_heart(found: Any) -> None:
    mark = "✓" if found.passed else "✗"
    st.write(f"{mark} {escape_markdown(found.verdict)}")
    st.caption(f"{found.images} images, {100 * found.accuracy:.1f} % right, {duration(found.seconds)}.")


def _show_batch(seen: Any) -> None:
    triples = zip(seen.pictures, seen.ids, seen.labels, strict=True)
    shown = [Card(picture(pixels), name, label) for pixels, name, label in triples]
    cards(shown, side=88)
    st.caption(
        f"The network's input runs from {seen.low:.2f} to {seen.high:.2f}, mean {seen.mean:.2f}, "
        f"deviation {seen.deviation:.2f}."
    )
