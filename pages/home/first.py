"""A dropped dataset: what it is, what is wrong with it, and one button that trains a first classifier on it."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.config import make
from clfcore.data.checks import worst_first
from clfcore.data.library.specs import display_name
from clfcore.progress import Progress
from clfcore.resolved_config import NetworkConfig
from clfcore.runs.folder import Run
from clfcore.runs.index import ACTIVE, list_runs
from clfcore.runs.resolve_run import with_network
from clfcore.runs.worker import worker
from pages.home.dropped import close_dataset
from ui.cards import Card, cards
from ui.data_picker import read_data, thumbnail
from ui.formatting import count, duration, join_names, shorten
from ui.jobs import background, result_if_ready
from ui.messages import escape_markdown, refusals
from ui.runs.monitor import run_in_address, watch
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.experiments.plan import Plan

CLASSES = 12  # named with their counts
PICTURES = 10
PROBLEMS = 3
GO = ":material/arrow_forward:"
_CLICK = """<script>
setTimeout(() => document.querySelector(".st-key-open-evaluate a")?.click(), 100);
</script>"""
_STARTED = SessionValue[str]("first classifier started")  # its run, in the tab that started it, until Evaluate opens


def first_classifier(spec: str) -> None:
    """The dataset and the button; while it trains, the run; when it has ended, Evaluate opens once."""
    run = run_in_address()
    dataset = read_data(spec)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(escape_markdown(display_name(spec)), anchor=False, width="stretch")
        st.button("Close", key="close dataset", type="tertiary", on_click=close_dataset)
    if run is None:
        _train(spec, dataset)
    else:
        watch(run)
    _contents(spec, dataset)
    _problems(dataset)
    if run is not None:
        _open_evaluate(run)


def _open_evaluate(run: Run) -> None:
    """Only in the tab that started it, and only once: Back leads to the finished run on Home.

    By a click in the browser, whose timers have stopped by then. Switched here, a refresh of the run's card that was
    still on its way would break off Evaluate and leave it empty.
    """
    if _STARTED.get() == run.id and run.state not in ACTIVE:
        if run.splits:
            with st.container(key="open-evaluate"):
                st.page_link("pages/evaluate/page.py", label="Open Evaluate", icon=GO, query_params={"run": run.id})
                st.html(_CLICK, unsafe_allow_javascript=True)
        _STARTED.forget()


def _contents(spec: str, dataset: "ImageDataset") -> None:
    """Its size, splits and classes with their counts, and a picture of each of the first classes."""
    names = {"train": "training", "validation": "validation", "test": "test"}
    splits = [f"{count(size)} {names[name]}" for name, size in dataset.sizes().items() if size]
    drawn = f" ({join_names(dataset.drawn)} drawn by the lab)" if dataset.drawn else ""
    kind = {"single-label": "one class an image", "multi-label": "several labels an image"}.get(
        dataset.task.kind, f"{len(dataset.task.levels)} levels of classes"
    )
    st.markdown(
        f"{count(len(dataset), 'image')}, {count(len(dataset.classes), 'class')}, {kind}; "
        f"{escape_markdown(join_names(splits) + drawn)}."
    )
    columns = {name: dataset.having(name) for name in dataset.classes[:CLASSES]}
    named = [f"{escape_markdown(shorten(name, 24))} {count(int(column.sum()))}" for name, column in columns.items()]
    more = f" and {count(len(dataset.classes) - CLASSES)} more" if len(dataset.classes) > CLASSES else ""
    st.caption(f"{' · '.join(named)}{more}")
    firsts = [int(column.nonzero()[0][0]) for column in columns.values() if column.any()][:PICTURES]
    cards(
        [Card(thumbnail(spec, 0, dataset.ids[i]), name=dataset.ids[i], truth=dataset.label(i)) for i in firsts], side=96
    )


def _problems(dataset: "ImageDataset") -> None:
    """The kinds of problems that hurt most, and the way to all."""
    groups = worst_first(dataset.problems)
    for group in groups[:PROBLEMS]:
        more = f" ({count(group.count - 1)} more like it)" if group.count > 1 else ""
        message = group.first.message[:1].upper() + group.first.message[1:]
        st.caption(f":material/warning: {escape_markdown(shorten(message, 160))}{more}")
    with st.container(horizontal=True):
        label = "All problems and pictures on Data" if groups else "No problems found. Browse it on Data"
        st.page_link("pages/data/page.py", label=label, icon=GO)
        st.page_link("pages/train/page.py", label="Choose the network and recipe yourself on Train", icon=GO)


def _train(spec: str, dataset: "ImageDataset") -> None:
    """The button, what it does and how long that should take."""
    with refusals():
        config = with_network(make({"data": spec}), dataset=dataset)  # all else is left to the defaults, too
        strategy = api.defaults(config, dataset=dataset).strategy
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="first"):
        if st.button("Train a first classifier", type="primary", key="train first"):
            with refusals():
                run = worker().submit(config)
            _STARTED.set(run.id)
            st.query_params["run"] = run.id
            st.rerun()
        with st.container(gap=None):
            waiting = sum(one.state in ACTIVE for one in list_runs())
            ahead = f" It waits for {count(waiting, 'run')} that began before." if waiting else ""
            st.markdown(f"{_duration(config)}{ahead}")
            how = "from scratch" if strategy == "scratch" else (strategy or "").replace("-", " ")
            st.caption(f"{config.architecture}, {how}. Evaluate opens when it ends.")


def _duration(config: NetworkConfig) -> str:
    """How long training should take, as its plan measured on a few batches."""
    measuring = _measuring(config)
    plan = result_if_ready(measuring, key="measure the first plan again")
    if plan is None or plan.seconds is None:
        return "Measuring a few batches to say how long it takes …"
    return f"About {duration(plan.seconds, rough=True)} on this machine."


@background(entries=8)
def _measuring(progress: Progress, config: NetworkConfig) -> "Plan":
    return api.plan(config, measure=True)
