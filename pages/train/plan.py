"""The plan of a run: its size, memory and duration, what trains when, and the button that starts it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.architectures.catalogue import architecture
from clfcore.config import RunConfig
from clfcore.data.library.specs import named_spec
from clfcore.progress import Progress
from clfcore.resolved_config import ResolvedConfig
from clfcore.runs.folder import Run
from clfcore.runs.index import ACTIVE, Listed, list_runs
from clfcore.runs.starting_weights import absent_weights
from clfcore.runs.worker import worker
from pages.train.experiments import rate_finder, strategy_advice
from pages.train.processes import choose_processes
from ui.architecture_picker import weights_download
from ui.charts import chart, dark
from ui.data_picker import read_data
from ui.formatting import count, duration
from ui.jobs import background, result_if_ready, result_of
from ui.messages import Number, escape_markdown, metric_row, refusals
from ui.session import FAILED_RUN, SessionValue

if TYPE_CHECKING:
    from clfcore.experiments.plan import Plan


@dataclass(frozen=True)
class Planned:
    """What the button starts: the resolved configuration, and how many processes share its batches."""

    config: ResolvedConfig
    processes: int = 1


def show_plan(config: RunConfig) -> Planned:
    """The plan of a run: counted at once, timed on a few real batches."""
    # Counted for one process, which sees each batch whole: only how many there may be shows what can be synchronized.
    alone = config.changed(recipe={"sync_batch_norm": False})
    counted = result_of(_planning(alone, measure=False, processes=1), "Building the network")
    numbers = st.container()
    processes = choose_processes(counted.most_processes)
    if config.recipe.sync_batch_norm:
        counted = result_of(_planning(config, measure=False, processes=processes), "Building the network")
    measuring = _planning(config, measure=True, processes=processes)  # takes seconds: the page does not wait
    measured = result_if_ready(measuring, key="measure the plan again")
    plan = measured or counted
    active = [one for one in list_runs() if one.state in ACTIVE]
    of_step, of_batches = "peak of one training step", "estimated from a few batches"
    if processes > 1:
        of_step, of_batches = (
            f"peak of each of {processes} processes",
            "a lower bound, from a few slices in one process",
        )
    waits = "could not be measured" if measuring.error is not None else _waits_for(active)
    splits = plan.splits
    with numbers:
        metric_row(
            [
                Number("Trainable", count(plan.trainable), f"of {count(plan.parameters)} parameters"),
                Number("Images", count(splits["train"]), "in the training split"),
                Number("Memory", *_measured(plan.memory, _megabytes, of_step, waits=waits)),
                Number("Duration", *_measured(plan.seconds, _roughly, of_batches, waits=waits)),
            ],
            least=160,  # two beside each other: a duration of hours is not cut off
        )
        st.write(
            f"{count(plan.classes, 'class')}; {count(splits['validation'])} images select the best epoch, "
            f"{count(splits['test'])} are held out for the final test."
        )
    if active:
        st.caption(
            f"Runs train one after another: this one would start after {count(len(active), 'run')} that began before."
        )
    strategy_preview(plan)
    for note in plan.notes:
        st.caption(f"⚠ {escape_markdown(note)}")
    with st.expander("As a command, or as JSON"):
        st.code(
            api.command_of(config.changed(data=named_spec(config.data)), processes=processes),
            language="bash",
            wrap_lines=True,
        )
        st.code(plan.config.as_json(), language="json")
    strategy_advice(config, read_data(config.data, split_seed=config.split_seed))
    rate_finder(config)
    return Planned(plan.config, processes)


@background(entries=16)
def _planning(progress: Progress, config: RunConfig, *, measure: bool, processes: int) -> "Plan":
    return api.plan(config, measure=measure, processes=processes, progress=progress)


def _waits_for(active: Sequence[Listed]) -> str:
    """What an estimate that is not there yet waits for: its few batches, which a run at work slows down."""
    if any(one.state == "running" for one in active):
        return "timing a few batches, slowed by the run at work"
    return "timing a few batches now"


def _measured(value: float | None, write: Callable[[float], str], about: str, *, waits: str) -> tuple[str, str]:
    """A measured number and what it is; before it is there, and where it cannot be, why."""
    return ("…" if waits.startswith("timing") else "–", waits) if value is None else (write(value), about)


def _roughly(seconds: float) -> str:
    return f"≈ {duration(seconds, rough=True)}"


class _Launches:
    """The runs that this session's form has queued since it was last drawn unpressed: a second click finds the first.

    Two scripts of one session can be at work at once: the one that a click interrupts may be in the midst of queueing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[Planned, Run] = {}

    def submit(self, planned: Planned) -> Run:
        with self._lock:
            if planned not in self._runs:
                self._runs[planned] = worker().submit(planned.config, processes=planned.processes)
            return self._runs[planned]

    def forget(self) -> None:
        with self._lock:
            self._runs.clear()


_LAUNCHES = SessionValue[_Launches]("launches")


def _launches() -> _Launches:
    launches = _LAUNCHES.get()
    if launches is None:
        _LAUNCHES.set(launches := _Launches())
    return launches


def train_button(planned: Planned, *, label: str = "Train") -> None:
    """The button that queues the configuration, once however often it is clicked before the run is shown.

    Where its pretrained weights are not here, the button that downloads them stands above it: a run downloads nothing.
    """
    config = planned.config
    absent = absent_weights(config.architecture, config.weights)
    if absent is not None:
        weights_download(architecture(config.architecture), absent)
    if st.button(label, key="train", type="primary", width="stretch", disabled=absent is not None):
        launch(planned)
    else:
        _launches().forget()


def launch(planned: Planned) -> None:
    """Queue the run and show it: its id goes into the address, so that Reload and other tabs find it."""
    launches = _launches()
    with refusals():
        run = launches.submit(planned)
    FAILED_RUN.forget()
    st.query_params["run"] = run.id  # what was chosen stays beside it: Streamlit refuses to clear bound parameters
    st.rerun()


def _megabytes(size: float) -> str:
    return f"≈ {size / 1e6:,.0f} MB"


def strategy_preview(plan: "Plan") -> None:
    """Layer groups that train in each epoch and their learning rates; only for strategies that unfreeze groups."""
    if plan.config.strategy not in ("fine-tuning", "progressive-unfreezing"):
        return
    from clfcore.experiments.plan import rates
    from clfcore.figures.training_phases import group_rates, groups

    with st.expander("What trains, when and how fast"):
        trained = [(phase.first_epoch, phase.last_epoch, list(phase.rates)) for phase in plan.phases]
        chart(groups(list(plan.groups), trained, dark=dark()), "groups preview")
        steps, group_curves = rates(plan)
        per_epoch = max(1, -(-plan.splits["train"] // plan.config.recipe.batch_size))
        chart(group_rates(steps, group_curves, steps_per_epoch=per_epoch, dark=dark()), "group rates preview")
        sizes = ", ".join(f"{name} {count(size)}" for name, size in reversed(list(plan.groups.items())))
        st.caption(f"Parameters: {sizes}. Epoch 0 is the fitted head alone: the result if no later epoch is better.")
