"""A run while it works: how far, how fast, how long still, its curves, and the ways to stop it."""

import streamlit as st

from clfcore.errors import InputError
from clfcore.runs.best_epoch import best_line, choice_in
from clfcore.runs.store import RESUMABLE, Run, open_run
from ui.before import how_it_goes
from ui.charts import chart, dark
from ui.choose import run_name
from ui.feedback import Number, complain, metric_row, plain, refusals
from ui.navigation import go_to
from ui.strategy import further_button
from ui.transfer import after_transfer
from ui.words import count, duration, percent

ACTIVE = ("queued", "running")
STAGES = {
    "preparing": "Opening the data and building the network",
    "decoding": "Decoding pictures",
    "embedding": "Embedding pictures",
    "training": "Training",
    "evaluating": "Evaluating the best epoch",
}


def watch(run: Run) -> None:
    """The run's card, with what can be done to it. It refreshes itself while the run works, and keeps its place."""
    state = run.state
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(run_name(run)), anchor=False, width="stretch")
        _buttons(run)

    @st.fragment(run_every=0.8 if state in ACTIVE else None)
    def card() -> None:
        now = open_run(str(run.path))
        if now.state != state:
            st.rerun()  # once, as a whole page: the timer stops where the run has, and its buttons change
        _far(now)
        _numbers(now)
        _curves(now)
        how_it_goes(now)

    with refusals():
        card()
        if state == "completed":
            after_transfer(run)


def _far(run: Run) -> None:
    """One line and one bar; a finished run's bar is full, so that nothing moves."""
    state, now = run.state, run.progress
    with st.container(height=46, border=False, gap=None):
        if state == "running" and now:
            words = STAGES.get(now.get("stage", ""), "Working")
            if now.get("stage") == "training":
                words += f", epoch {now.get('epoch', 1)} of {now.get('epochs', '?')}"
            elif now.get("total", 0) > 1:
                words += f", {count(now['done'])} of {count(now['total'])}"
            left = now.get("seconds_left")
            words += f"; about {duration(left)} left" if left is not None else ""
            st.progress(min(1.0, now.get("done", 0) / max(1, now.get("total", 1))), text=words)
        elif state == "queued":
            st.progress(0.0, text="Waiting: another run goes first, or the worker is starting")
        elif state == "failed":
            complain(run.message or "the run failed")
        else:
            words = {"completed": "Completed", "cancelled": "Stopped", "interrupted": "Interrupted"}.get(state, state)
            seconds = run.results.get("seconds")
            words += f" in {duration(seconds)}" if seconds is not None else ""
            st.progress(1.0 if state == "completed" else _share(run), text=f"{words}. {plain(run.message)}")


def _share(run: Run) -> float:
    history = run.history
    return min(1.0, history[-1]["epoch"] / (run.config.recipe.epochs or 1)) if history else 0.0


def _numbers(run: Run) -> None:
    history = run.history
    best, last = best_line(history) or {}, history[-1] if history else {}
    choice = choice_in(run)
    metric = choice.metric
    fast = run.progress.get("images_per_second") or last.get("images_per_second")
    metric_row(
        [
            Number(
                "Best validation", percent(best.get("validation_score")), f"{metric}, epoch {best.get('epoch', '–')}"
            ),
            Number(
                "Last validation", percent(last.get("validation_score")), f"{metric}, epoch {last.get('epoch', '–')}"
            ),
            Number(
                "Training loss",
                f"{last['train_loss']:.3f}" if last.get("train_loss") is not None else "–",
                "mean of the last epoch",
            ),
            Number("Pace", f"{fast:,.0f}" if fast else "–", "images a second"),
        ]
    )
    if history:
        st.caption(f"The best epoch is {choice.sentence}.")


def _curves(run: Run) -> None:
    from clfcore import figures

    epochs, lines = run.config.recipe.epochs, run.history
    left, right = st.columns(2, gap="medium")
    judged = (
        "score" if choice_in(run).metric == "mean average precision" else "accuracy"
    )  # what chooses is what is drawn
    best_epoch = (best_line(lines) or {}).get("epoch")
    best = {} if best_epoch is None else {run.id: best_epoch}
    for column, quantity, key in ((left, "loss", "live loss"), (right, judged, "live accuracy")):
        with column:
            figure = figures.history({run.id: lines}, quantity=quantity, epochs=epochs, best=best, dark=dark())
            if not lines:
                figure.update_yaxes(range=[0, 1])  # an empty axis would show shares from -100 % to 400 %
            chart(figure, key)


def _buttons(run: Run) -> None:
    """Stop now, stop after the epoch, resume or delete: what the run's state allows."""
    from clfcore.runs.worker import worker

    state = run.state
    with st.container(horizontal=True, width="content"), refusals(stop=False):
        if state in ACTIVE:
            if st.button("Stop now", key=f"stop {run.id}", help="Within a batch; the last whole epoch is kept."):
                worker().cancel(run)
                st.toast("Stopping within a batch.")
            if state == "running" and st.button("Stop after this epoch", key=f"stop after {run.id}"):
                worker().cancel(run, after_epoch=True)
                st.toast("Stopping after this epoch.")
        if state in RESUMABLE and st.button(
            "Resume", key=f"resume {run.id}", help="Goes on from the last whole epoch."
        ):
            worker().resume(run)
            go_to("pages/train.py", {"run": run.id})
        if run.splits and st.button("Evaluate", key=f"evaluate {run.id}", type="primary"):
            go_to("pages/evaluate.py", {"run": run.id})
        further_button(run)
        if state not in ACTIVE and st.button("Delete", key=f"delete {run.id}"):
            _confirm(run)


@st.dialog("Delete this run?")
def _confirm(run: Run) -> None:
    st.write(
        f"{plain(run_name(run))}: its weights, history and predictions are removed from disk. This cannot be undone."
    )
    with st.container(horizontal=True):
        if st.button("Delete for ever", type="primary"):
            from clfcore.runs import store

            with refusals():
                store.delete(run)
            del st.query_params["run"]
            st.rerun()
        if st.button("Keep it"):
            st.rerun()


def run_in_address() -> Run | None:
    """The run that the address names; a name that no run has is said, and the page goes on."""
    name = st.query_params.get("run")
    if not name:
        return None
    try:
        return open_run(name)
    except InputError as error:
        complain(str(error))
        return None
