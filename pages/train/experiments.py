"""Experiments before a run: strategy advice, the learning-rate finder, overfitting one batch, a batch preview."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from clfcore.api import advise
from clfcore.config import RunConfig
from clfcore.numerals import decimal
from clfcore.progress import Progress
from pages.train.strategy import STRATEGIES
from ui.cards import Card, cards, picture
from ui.charts import chart, dark
from ui.formatting import count, duration, ends, percent
from ui.jobs import Background, background, result_of
from ui.messages import escape_markdown, refusals
from ui.session import LEARNING_RATE, SessionValue

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.experiments.compare_strategies import Ranking
    from clfcore.experiments.learning_curve import LearningCurve
    from clfcore.experiments.lr_finder import RateSearch
    from clfcore.experiments.overfit_one_batch import BatchPreview, OneBatch

_CHECK = SessionValue[tuple[str, RunConfig]]("check")
R = TypeVar("R")  # what an experiment returns


def strategy_advice(config: RunConfig, dataset: "ImageDataset") -> None:
    """Strategy advice with its reasons, and the experiments that check it."""
    with refusals(), st.expander("Which strategy fits?"):
        advice = advise(config, dataset=dataset).advice
        then = f", then try **{STRATEGIES[advice.then].lower()}**" if advice.then else ""
        st.write(
            f"Start with **{STRATEGIES[advice.strategy].lower()}**{then}. " + escape_markdown(" ".join(advice.reasons))
        )
        _experiment(
            config,
            "Compare strategies on a sample",
            help_text="Trains with each strategy in turn, for about a minute in total.",
            start=_comparing,
            show=_show_ranking,
        )
        _experiment(
            config,
            "Would more data help?",
            help_text="Fits a head on growing parts of the training split.",
            start=_growing,
            show=_show_curve,
        )


def rate_finder(config: RunConfig) -> None:
    """Learning-rate finder: the range test, its curve, and a button that applies the suggestion."""
    if config.strategy == "feature-extraction":
        return
    with st.expander("Find a learning rate"):
        _experiment(
            config,
            "Search",
            help_text="A short separate training run with a rising learning rate.",
            start=_searching,
            show=_show_search,
        )


def _experiment(
    config: RunConfig,
    label: str,
    *,
    help_text: str,
    start: Background[[RunConfig], R],
    show: Callable[[R], None],
) -> None:
    """A button; once clicked, the experiment on this configuration, its progress, and its result."""
    requested = SessionValue[RunConfig](f"asked {label}")
    if st.button(label, key=label, help=help_text):
        requested.set(config)
    if requested.get() == config:
        with refusals():
            show(result_of(start(config), help_text.rstrip(".")))


@background(entries=4)
def _comparing(progress: Progress, config: RunConfig) -> "Ranking":
    from clfcore.experiments.compare_strategies import compare_strategies

    return compare_strategies(config, progress=progress)


@background(entries=4)
def _growing(progress: Progress, config: RunConfig) -> "LearningCurve":
    from clfcore.experiments.learning_curve import learning_curve

    return learning_curve(config, progress=progress)


@background(entries=4)
def _searching(progress: Progress, config: RunConfig) -> "RateSearch":
    from clfcore.experiments.lr_finder import find_rate

    return find_rate(config, progress=progress)


def _show_ranking(ranking: "Ranking") -> None:
    rows = [
        {
            "strategy": STRATEGIES[result.strategy],
            "validation": percent(result.score),
            "95% interval": ends(result.interval, share=True),
            "epochs": result.epochs,
            "training time": duration(result.seconds),
            "trainable parameters": count(result.trainable),
        }
        for result in ranking.tried
    ]
    st.dataframe(rows, hide_index=True, alt="Strategies compared on a sample, best first")
    st.write(escape_markdown(ranking.sentence))
    st.caption(
        f"{count(ranking.train_items)} training and {count(ranking.validation_items)} validation images; the test "
        "split was not used."
    )


def _show_curve(curve: "LearningCurve") -> None:
    from clfcore.figures.training_phases import learning_curve

    points = [(point.items, point.score, point.interval) for point in curve.points]
    chart(learning_curve(points, dark=dark()), "learning curve")
    st.write(escape_markdown(curve.sentence))


def _show_search(search: "RateSearch") -> None:
    from clfcore.figures.training_phases import rate_search

    chart(rate_search(search.rates, search.losses, search.suggestion, dark=dark()), "rate search")
    st.write(escape_markdown(search.sentence))
    if search.suggestion is not None:
        label = f"Use {decimal(search.suggestion)}"
        st.button(label, key="take rate", on_click=_use_rate, args=(search.suggestion,))


def _use_rate(rate: float) -> None:
    LEARNING_RATE.set(float(f"{rate:.1e}"))


def check_before_training(config: RunConfig) -> None:
    """Sanity checks before training: overfit one batch, and preview a batch as the network sees it."""
    with st.container(horizontal=True):
        if st.button(
            "Overfit one batch",
            help="A sanity check: if the network cannot, the data, the loss or the learning rate is at fault.",
        ):
            _CHECK.set(("overfit", config))
        if st.button(
            "Preview a batch", help="The first batch as the network sees it: augmented, mixed and de-normalized."
        ):
            _CHECK.set(("batch", config))
    check, checked = _CHECK.get() or ("", None)
    if checked != config:
        return
    if check == "overfit":
        _show_overfit(result_of(_overfitting(config), "Overfitting one batch"))
    else:
        _show_batch(result_of(_previewing(config), "Decoding and augmenting"))


@background(entries=4)
def _overfitting(progress: Progress, config: RunConfig) -> "OneBatch":
    from clfcore.experiments.overfit_one_batch import overfit_one_batch

    return overfit_one_batch(config, progress=progress)


@background(entries=4)
def _previewing(progress: Progress, config: RunConfig) -> "BatchPreview":
    from clfcore.experiments.overfit_one_batch import preview_batch

    return preview_batch(config)


def _show_overfit(result: "OneBatch") -> None:
    mark = "✓" if result.passed else "✗"
    st.write(f"{mark} {escape_markdown(result.verdict)}")
    st.caption(
        f"{count(result.images, 'image')}, training accuracy {percent(result.accuracy)}, {duration(result.seconds)}."
    )


def _show_batch(batch: "BatchPreview") -> None:
    triples = zip(batch.pictures, batch.ids, batch.labels, strict=True)
    cards([Card(picture(pixels), name, label) for pixels, name, label in triples], side=88)
    st.caption(
        f"The network's input ranges from {batch.low:.2f} to {batch.high:.2f}, with mean {batch.mean:.2f} and "
        f"standard deviation {batch.deviation:.2f}."
    )
