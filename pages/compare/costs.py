"""Costs of runs: latency and memory measured on this machine, and accuracy against each cost."""

from collections.abc import Sequence

import streamlit as st

from clfcore.errors import Failure, InputError
from clfcore.evaluation.compare import hits
from clfcore.evaluation.differences import cost_efficiency
from clfcore.progress import Progress
from clfcore.runs import measured_speed
from clfcore.runs.costs import COSTS, MEASURED, cost
from clfcore.runs.folder import open_run
from clfcore.runs.measured_speed import FILE
from pages.compare.selection import Side, side_name
from ui.charts import chart, dark
from ui.formatting import count, percent
from ui.jobs import background, result_if_ready
from ui.messages import complain, escape_markdown, refusals
from ui.session import MEASURED_RUNS, MEASUREMENT_ERRORS, kept

# cost -> its short name; the axis has the full name with the unit
SHORT = {
    "parameters": "Parameters",
    "multiply_adds": "Multiply-adds",
    "latency": "Latency",
    "answer_memory": "Memory per prediction",
    "seconds": "Training time",
    "memory": "Memory in training",
}


def measure_costs(sides: Sequence[Side]) -> None:
    """A button where latency or memory of a run has not been measured; the page stays usable meanwhile."""
    waiting = tuple(str(side.run.path) for side in sides if measured_speed.kept(side.run) is None)
    devices = {speed.device for side in sides if (speed := measured_speed.kept(side.run)) is not None}
    if devices:
        where = escape_markdown(" and ".join(sorted(devices)))
        st.caption(
            f"Latency: one image, after warm-up, on this machine ({where}).",
            help="The 10th percentile of 30 forward passes, because other load can only slow them down. Memory per "
            "prediction: the weights plus the peak of the activations for one image. Both are saved with the run; "
            "`measure RUN --again` repeats the measurement.",
        )
    if not waiting:
        return
    if st.button(f"Measure latency and memory of {count(len(waiting), 'run')} on this machine", key="measure runs"):
        MEASURED_RUNS.set(waiting)
        MEASUREMENT_ERRORS.set({})
        _job.clear(waiting)
    asked = MEASURED_RUNS.get()
    if asked:
        job = _job(asked)
        errors = result_if_ready(job, key="measure runs again")
        if errors is None and job.error is not None:
            return
        if errors is None:
            st.caption("Timing forward passes; the table is updated when they finish …")
            return
        MEASURED_RUNS.forget()
        MEASUREMENT_ERRORS.set(errors)
        st.rerun()
    for path, error in (MEASUREMENT_ERRORS.get() or {}).items():
        if path in waiting:
            complain(error)


@background(entries=4)
def _job(progress: Progress, paths: tuple[str, ...]) -> dict[str, str]:
    """Measures each run; returns the error messages by run, of those that failed."""
    errors = {}
    for path in paths:
        try:
            measured_speed.measure(open_run(path))
        except (InputError, Failure) as error:
            errors[path] = str(error)
    return errors


def cost_view(sides: Sequence[Side]) -> None:
    """Accuracy against a cost, with the Pareto front."""
    from clfcore.figures.paired_comparison import cost_figure

    name = st.segmented_control(
        "Cost", list(COSTS), default="parameters", required=True, **kept("cost"), format_func=SHORT.__getitem__
    )
    rows, unknown = [], []
    for side in sides:
        with refusals(stop=False):
            value = _cost(str(side.run.path), name, _changed(side))
            right = hits(side_name(side.key)[1])
            if value is None:
                unknown.append(side.name)
            else:
                rows.append((side.name, int(right.sum()), len(right), float(value)))
    if not rows:
        why = "It has not been measured yet: use the button above." if name in MEASURED else "No run recorded it."
        st.write(f"{SHORT[name]} of these runs is unknown. {why}" if name != "parameters" else why)
        return
    efficiency = cost_efficiency(rows)
    chart(cost_figure(efficiency, axis=COSTS[name], dark=dark()), f"cost {name}")
    front = [f"{escape_markdown(row.run)} ({percent(row.accuracy)})" for row in efficiency if row.on_front]
    caption = f"On the Pareto front (no other run is both better and cheaper): {', '.join(front)}."
    st.caption(caption + (f" Unknown for {escape_markdown(', '.join(unknown))}." if unknown else ""))


def _changed(side: Side) -> float:
    path = side.run.path / FILE
    return path.stat().st_mtime if path.exists() else 0.0


@st.cache_data(show_spinner="Counting multiply-adds", max_entries=128)
def _cost(path: str, name: str, changed: float) -> float | None:
    """changed: the modification time of the file with the measurements, part of the cache key."""
    return cost(open_run(path), name)
