"""The monitor of a run (progress, time left, curves, notes, buttons), and the queue of runs."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.errors import InputError
from clfcore.numerals import decimal
from clfcore.resolved_config import as_resolved
from clfcore.runs.best_epoch import best_record, choice_in
from clfcore.runs.epochs_done import epochs_done
from clfcore.runs.folder import Run, find_run
from clfcore.runs.index import ACTIVE, Listed, list_runs, listed
from clfcore.runs.records import RunProgress
from clfcore.runs.worker import worker
from clfcore.training.diagnose import notes
from ui.charts import chart, dark, learning_rate_chart
from ui.formatting import count, duration, percent, time_left
from ui.messages import Number, complain, escape_markdown, metric_row, refusals
from ui.pickers import listed_name, run_name
from ui.runs.actions import say_cautions, show_about, state_buttons, stop
from ui.runs.next_steps import next_steps

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from clfcore.figures.history import Quantity


def watch(run: Run, *, as_title: bool = False) -> None:
    """A run's card and buttons, refreshed while it is active. as_title: its name is the page's title."""
    one = listed(run)
    with st.container(horizontal=True, vertical_alignment="center"):
        heading = st.title if as_title else st.subheader
        heading(escape_markdown(listed_name(one)), anchor=False, width="stretch")
        state_buttons(one)
    if as_title:
        st.caption("You can close or reload this page: the run continues, and the Runs page leads back here.")
    if one.damaged:
        complain(one.damaged)
        return
    show_about(one)
    if one.state == "failed":  # whole, however long it is
        complain(one.status.message or "the run failed")

    @st.fragment(run_every=0.8 if one.state in ACTIVE else None)
    def card() -> None:
        now = listed(run)
        if now.state != one.state or not run.path.exists():
            st.rerun()  # once, as a whole page: the timer stops where the run has, and its buttons change
        with refusals():
            _far(now)
            _numbers(run)
            _curves(now)
            training_signals(run)

    card()
    if one.splits:
        say_cautions(run)
        next_steps(one)
    if one.state == "completed":
        with refusals():
            after_transfer(run)


def _far(one: Listed) -> None:
    """One line and one bar; a finished run's bar is full, so that nothing moves."""
    state, run = one.state, one.run
    far = run.progress
    with st.container(height=46, border=False, gap=None):
        if state == "running" and far.stage:
            words = STAGES.get(far.stage, "Working")
            if far.stage == "training":
                words += f", epoch {far.epoch or 1} of {far.epochs or '?'}"
            elif far.total > 1:
                words += f", {count(far.done)} of {count(far.total)}"
            words += f"; {time_left(far.seconds_left)}" if far.seconds_left is not None else ""
            st.progress(share_done(far), text=words)
        elif state in ACTIVE:
            st.progress(0.0, text=waits_for(run, state))
        elif state == "failed":
            st.progress(_share(run), text="Failed.")
        else:
            words = {"completed": "Completed", "cancelled": "Stopped", "interrupted": "Interrupted"}.get(state, state)
            words += f" in {duration(one.results.seconds)}" if one.results.seconds is not None else ""
            far_done = epochs_done(one)
            words += f"; epochs: {far_done.text}" if far_done else ""
            share = 1.0 if state == "completed" else _share(run)
            st.progress(share, text=f"{words}. {escape_markdown(one.status.message)}")


def _share(run: Run) -> float:
    history = run.history
    return min(1.0, history[-1].epoch / (run.config.recipe.epochs or 1)) if history else 0.0


def _numbers(run: Run) -> None:
    history = run.history
    best, last = best_record(history), history[-1] if history else None
    choice = choice_in(run)
    metric = choice.metric
    fast = run.progress.images_per_second or (last.images_per_second if last else None)
    metric_row(
        [
            Number(
                "Best validation",
                percent(best.validation_score if best else None),
                f"{metric}, epoch {best.epoch if best else '–'}",
            ),
            Number(
                "Last validation",
                percent(last.validation_score if last else None),
                f"{metric}, epoch {last.epoch if last else '–'}",
            ),
            Number(
                "Training loss",
                f"{last.train_loss:.3f}" if last and last.train_loss is not None else "–",
                "mean over the last epoch",
            ),
            Number("Pace", f"{fast:,.0f}" if fast else "–", "images per second"),
        ]
    )
    if history:
        st.caption(f"The best epoch is {choice.sentence}.")


def _curves(one: Listed) -> None:
    """Loss and what chooses; the axis has room for the epochs to come, and ends with those of a run that has ended."""
    from clfcore.figures.history import history_figure

    run, lines = one.run, one.run.history
    epochs = run.config.recipe.epochs if one.state in ACTIVE or not lines else None
    left, right = st.columns(2, gap="medium")
    # what chooses is what is drawn
    chosen_by: Quantity = "score" if choice_in(run).metric == "mean average precision" else "accuracy"
    charts: tuple[tuple[DeltaGenerator, Quantity, str], ...] = (
        (left, "loss", "live loss"),
        (right, chosen_by, "live accuracy"),
    )
    best_epoch = best_record(lines)
    best = {} if best_epoch is None else {run.id: best_epoch.epoch}
    for column, quantity, key in charts:
        with column:
            figure = history_figure({run.id: lines}, quantity=quantity, epochs=epochs, best=best, dark=dark())
            if not lines:
                figure.update_yaxes(range=[0, 1])  # an empty axis would show shares from -100% to 400%
            chart(figure, key)


def run_in_address() -> Run | None:
    """The run whose id the address holds; a name that no run has is refused, and the page goes on."""
    name = st.query_params.get("run")
    if not name:
        return None
    try:
        return find_run(name)
    except InputError as error:
        complain(str(error))
        return None


def training_signals(run: Run) -> None:
    """Below a run's curves: the last epoch's rate, gradient, memory and device, and what its history says."""
    history = run.history
    last = history[-1] if history else None
    parts = []
    if last and last.learning_rate is not None:
        by_l2 = run.config.strategy == "feature-extraction" and run.config.head == "logistic"
        parts.append(f"{'L2 penalty' if by_l2 else 'learning rate'} {decimal(last.learning_rate)}")
    if last and last.gradient_norm is not None:
        parts.append(f"gradient norm {decimal(last.gradient_norm, digits=3)}")
    if last and last.memory:
        parts.append(f"peak memory {last.memory:,} MB")
    if device := run.data.computed_on.get("device"):
        parts.append(f"device {device}")
    if last and last.mixed:
        parts.append("training accuracy is measured on mixed images, against each one's own label")
    st.caption(
        " · ".join(parts) or ("The first epoch is running." if run.state == "running" else "No epoch has finished.")
    )
    if run.state == "running":
        for note in (*run.data.notes, *notes(history)):
            st.caption(f"⚠ {escape_markdown(note)}")
    _rate_now(run)


def _rate_now(run: Run) -> None:
    """The schedule with the step that is reached, while the run trains."""
    now = run.progress
    splits, config = run.data.splits, as_resolved(run.config)
    if run.state != "running" or now.stage != "training" or "train" not in splits or config is None:
        return
    with st.expander("Learning-rate schedule"):
        learning_rate_chart(config, images=splits["train"], now=now.done)


def after_transfer(run: Run) -> None:
    """How far each group moved, the baselines beside a fitted head, and where the weights came from."""
    from clfcore.figures.training_phases import weight_change

    results = run.results
    if any(results.moved.values()):
        with st.expander("Weight change by layer group"):
            chart(weight_change(results.moved, dark=dark()), f"moved {run.id}")
    names = {"nearest_class_mean": "nearest class mean", "k_nearest": "5 nearest neighbors"}
    for split in ("test", "validation"):
        baselines = {names[n]: by[split]["accuracy"] for n, by in results.baselines.items() if split in by}
        if baselines:
            scores = ", ".join(f"{name} {percent(value)}" for name, value in baselines.items())
            st.caption(f"Baselines without training, on {split}: {scores}.")
            break
    for older in run.data.ancestry.ancestors[:1]:
        st.caption(f"Initialized with the weights of {escape_markdown(str(older.run or older.file))}.")


def show_queue() -> None:
    """Runs at work and waiting, refreshed while there are any; the page is drawn anew when one of them ends."""
    working = [one.run for one in list_runs() if one.state in ACTIVE]
    if not working:
        return

    @st.fragment(run_every=1.0)
    def live() -> None:
        now = [listed(run) for run in working]
        if any(one.state not in ACTIVE for one in now):
            st.rerun()
        for one in reversed(now):
            with st.container(horizontal=True, vertical_alignment="center", border=True):
                far = one.run.progress if one.state == "running" else None
                st.progress(share_done(far), text=_line(one, far))
                st.page_link("pages/train/page.py", label="View", query_params={"run": one.id})
                if st.button("Stop", key=f"stop queued {one.id}"):
                    stop(one.run)

    live()


def waits_for(run: Run, state: str) -> str:
    """What a run that has not begun waits for: its process, the runs before it, or another server."""
    if state == "running":
        return "Opening the run"
    waiting = worker().waiting(run)
    if waiting.starting:
        return "Starting its process"
    if waiting.place is None:
        return "Queued by another server on this folder"
    behind = f"Waiting for {escape_markdown(run_name(waiting.behind))}" if waiting.behind else "Waiting for the worker"
    return f"{behind}; number {waiting.place} in the queue"


def _line(run: Listed, far: RunProgress | None) -> str:
    stage = STAGES[far.stage] if far and far.stage in STAGES else waits_for(run.run, run.state)
    left = f", {time_left(far.seconds_left)}" if far and far.seconds_left is not None else ""
    return f"**{escape_markdown(listed_name(run))}**: {stage}{left}"


def active_runs() -> None:
    """On other pages: one line and the way to the run that is at work, or the first that waits."""
    active = [one for one in list_runs() if one.state in ACTIVE]
    if active:
        at_work = next((one for one in active if one.state == "running"), active[-1])
        words = "Running" if at_work.state == "running" else "Queued"
        label = f"{words}: {escape_markdown(listed_name(at_work))}. View progress."
        st.page_link("pages/train/page.py", label=label, query_params={"run": at_work.id})


STAGES = {
    "preparing": "Opening the data and building the network",
    "decoding": "Decoding images",
    "embedding": "Computing embeddings",
    "activations": "Computing what the frozen layers make of the images",
    "training": "Training",
    "evaluating": "Evaluating the best epoch",
}


def share_done(far: RunProgress | None) -> float:
    """How much of its stage is done, from 0 to 1."""
    return min(1.0, far.done / max(1, far.total)) if far else 0.0
