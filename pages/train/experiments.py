"""Experiments before a run: strategy advice, the learning-rate finder, overfitting one batch, a batch preview."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.api import advise
from clfcore.config import RunConfig
from pages.train.strategy import STRATEGIES
from ui.cards import Card, cards, picture
from ui.charts import chart, dark
from ui.formatting import count, decimal, duration, percent
from ui.jobs import Job, result_of
from ui.messages import escape_markdown, refusals
from ui.session import LEARNING_RATE

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset


def strategy_advice(config: RunConfig, dataset: "ImageDataset") -> None:
    """What suits, with its reasons; and the buttons that measure it."""
    with refusals(), st.expander("Which strategy fits?"):
        found = advise(config, dataset=dataset).advice
        then = f", then **{STRATEGIES[found.then].lower()}**" if found.then else ""
        st.write(
            f"Start with **{STRATEGIES[found.strategy].lower()}**{then}. " + escape_markdown(" ".join(found.reasons))
        )
        _asked(
            config,
            "Compare strategies on a sample",
            "Trains each strategy in turn, for about a minute in total.",
            _trying,
            _show_tried,
        )
        _asked(
            config,
            "Would more data help?",
            "Fits a head on growing parts of the training split.",
            _growing,
            _show_curve,
        )


def rate_finder(config: RunConfig) -> None:
    """A search for the learning rate, its curve, and one click to take what it suggests."""
    if config.strategy == "feature-extraction":
        return
    with st.expander("Find a learning rate"):
        _asked(config, "Search", "A short separate training with a rising learning rate.", _searching, _show_rates)


def _asked(config: RunConfig, label: str, words: str, work: Any, show: Any) -> None:
    """A button; once clicked, the work for this configuration, its progress, and what it found."""
    key = f"asked {label}"
    if st.button(label, key=label, help=words):
        st.session_state[key] = config
    if st.session_state.get(key) == config:
        with refusals():
            show(result_of(work(config), words, forget=lambda: work.clear(config)))


@st.cache_resource(show_spinner=False, max_entries=4)
def _trying(config: RunConfig) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.compare_strategies import compare_strategies

        return compare_strategies(config, progress=progress)

    return Job(work)


@st.cache_resource(show_spinner=False, max_entries=4)
def _growing(config: RunConfig) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.learning_curve import learning_curve

        return learning_curve(config, progress=progress)

    return Job(work)


@st.cache_resource(show_spinner=False, max_entries=4)
def _searching(config: RunConfig) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.lr_finder import find_rate

        return find_rate(config, progress=progress)

    return Job(work)


def _show_tried(found: Any) -> None:
    rows = [
        {
            "strategy": STRATEGIES[one.strategy],
            "validation": percent(one.score),
            "95 % interval": f"{percent(one.interval[0])} to {percent(one.interval[1])}" if one.interval else "–",
            "epochs": one.epochs,
            "training time": duration(one.seconds),
            "trainable parameters": count(one.trainable),
        }
        for one in found.tried
    ]
    st.dataframe(rows, hide_index=True, alt="Strategies compared on a sample, best first")
    st.write(escape_markdown(found.sentence))
    st.caption(
        f"{found.train_items:,} training and {found.validation_items:,} validation images; the test split was not used."
    )


def _show_curve(found: Any) -> None:
    from clfcore.figures.training_phases import learning_curve

    points = [(point.items, point.score, point.interval) for point in found.points]
    chart(learning_curve(points, dark=dark()), "learning curve")
    st.write(escape_markdown(found.sentence))


def _show_rates(found: Any) -> None:
    from clfcore.figures.training_phases import rate_search

    chart(rate_search(found.rates, found.losses, found.suggestion, dark=dark()), "rate search")
    st.write(escape_markdown(found.sentence))
    if found.suggestion is not None:
        st.button(f"Use {decimal(found.suggestion)}", key="take rate", on_click=_take, args=(found.suggestion,))


def _take(rate: float) -> None:
    LEARNING_RATE.set(float(f"{rate:.1e}"))


def check_before_training(config: RunConfig) -> None:
    """Buttons: learn one batch by heart, and see a first batch as the network sees it."""
    with st.container(horizontal=True):
        if st.button(
            "Overfit one batch",
            help="A sanity check: a network that cannot has a bug in its data, loss or learning rate.",
        ):
            st.session_state["check"] = ("heart", config)
        if st.button(
            "Preview a batch", help="The first batch as the network sees it: augmented, mixed and de-normalized."
        ):
            st.session_state["check"] = ("batch", config)
    which, of = st.session_state.get("check", ("", None))
    if of != config:
        return
    if which == "heart":
        _show_overfit(
            result_of(_overfitting(config), "Learning one batch by heart", forget=lambda: _overfitting.clear(config))
        )
    else:
        _show_batch(result_of(_previewing(config), "Decoding and augmenting", forget=lambda: _previewing.clear(config)))


@st.cache_resource(show_spinner=False, max_entries=4)
def _overfitting(config: RunConfig) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.overfit_one_batch import overfit_one_batch

        return overfit_one_batch(config, progress=progress)

    return Job(work)


@st.cache_resource(show_spinner=False, max_entries=4)
def _previewing(config: RunConfig) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.overfit_one_batch import preview_batch

        return preview_batch(config)

    return Job(work)


def _show_overfit(found: Any) -> None:
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
