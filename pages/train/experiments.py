"""The strategy before a launch: what trains and when, advice, and what can be measured first."""

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.api import advise
from clfcore.config import RunConfig, make
from pages.train.strategy import STRATEGIES
from ui.charts import chart, dark
from ui.formatting import count, duration, percent
from ui.jobs import Job, result_of
from ui.messages import escape_markdown, refusals

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.experiments.plan import Plan


def strategy_preview(plan: "Plan") -> None:
    """Groups that train in each epoch, and the learning rate of each over the run; nothing where all is one."""
    if plan.config.strategy not in ("fine-tuning", "progressive-unfreezing"):
        return
    from clfcore.experiments.plan import rates
    from clfcore.figures.training_phases import group_rates, groups

    with st.expander("What trains, when and how fast"):
        free = [(phase.first_epoch, phase.last_epoch, list(phase.rates)) for phase in plan.phases]
        chart(groups(list(plan.groups), free, dark=dark()), "groups preview")
        steps, found = rates(plan)
        per_epoch = max(1, -(-plan.splits["train"] // plan.config.recipe.batch_size))
        chart(group_rates(steps, found, steps_per_epoch=per_epoch, dark=dark()), "group rates preview")
        sizes = ", ".join(f"{name} {count(size)}" for name, size in reversed(plan.groups.items()))
        st.caption(f"Parameters: {sizes}. Epoch 0 is the fitted head, so that training never ends below it.")


def strategy_advice(config: RunConfig, dataset: "ImageDataset") -> None:
    """What suits, with its reasons; and the buttons that measure it."""
    with refusals(), st.expander("Which strategy suits?"):
        found = advise(config, dataset=dataset).advice
        then = f", then **{STRATEGIES[found.then].lower()}**" if found.then else ""
        st.write(
            f"Begin with **{STRATEGIES[found.strategy].lower()}**{then}. " + escape_markdown(" ".join(found.reasons))
        )
        _asked(config, "Try all on a sample", "Each strategy in turn, for about a minute in all.", _trying, _show_tried)
        _asked(config, "Would more pictures help?", "A head on parts of the training split.", _growing, _show_curve)


def rate_finder(config: RunConfig) -> None:
    """A search for the learning rate, its curve, and one click to take what it suggests."""
    if config.strategy == "feature-extraction":
        return
    with st.expander("Find a learning rate"):
        _asked(config, "Search", "A short training of its own, whose rate rises.", _searching, _show_rates)


def _asked(config: RunConfig, label: str, words: str, work: Any, show: Any) -> None:
    """A button; once clicked, the work for this configuration, its progress, and what it found."""
    asked = config.as_json()
    key = f"asked {label}"
    if st.button(label, key=label, help=words):
        st.session_state[key] = asked
    if st.session_state.get(key) == asked:
        with refusals():
            show(result_of(work(asked), words, forget=lambda: work.clear(asked)))


@st.cache_resource(show_spinner=False, max_entries=4)
def _trying(config: str) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.compare_strategies import compare_strategies

        return compare_strategies(_read(config), progress=progress)

    return Job(work)


@st.cache_resource(show_spinner=False, max_entries=4)
def _growing(config: str) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.learning_curve import learning_curve

        return learning_curve(_read(config), progress=progress)

    return Job(work)


@st.cache_resource(show_spinner=False, max_entries=4)
def _searching(config: str) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.experiments.lr_finder import find_rate

        return find_rate(_read(config), progress=progress)

    return Job(work)


def _read(config: str) -> RunConfig:
    return make(json.loads(config))


def _show_tried(found: Any) -> None:
    rows = [
        {
            "strategy": STRATEGIES[one.strategy],
            "validation": percent(one.score),
            "95 % interval": f"{percent(one.interval[0])} to {percent(one.interval[1])}" if one.interval else "–",
            "epochs": one.epochs,
            "took": duration(one.seconds),
            "trained": count(one.trainable),
        }
        for one in found.tried
    ]
    st.dataframe(rows, hide_index=True, alt="Strategies tried on a sample, best first")
    st.write(escape_markdown(found.sentence))
    st.caption(
        f"{found.train_items:,} training and {found.validation_items:,} validation images; test was not touched."
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
        st.button(f"Take {found.suggestion:.1e}", key="take rate", on_click=_take, args=(found.suggestion,))


def _take(rate: float) -> None:
    st.session_state["field recipe.learning_rate"] = float(f"{rate:.1e}")
