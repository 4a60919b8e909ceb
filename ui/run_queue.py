"""The queue of runs: its progress, the link to the active run, and stopping one."""

import streamlit as st

from clfcore.runs.folder import Run
from clfcore.runs.index import ACTIVE, Listed, list_runs, listed
from clfcore.runs.records import RunProgress
from clfcore.runs.worker import worker
from ui.formatting import duration
from ui.messages import escape_markdown, refusals
from ui.pickers import listed_name


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


def _line(one: Listed, far: RunProgress | None) -> str:
    stage = STAGES.get(far.stage, "Starting") if far else "Waiting"
    left = f", about {duration(far.seconds_left)} left" if far and far.seconds_left is not None else ""
    return f"**{escape_markdown(listed_name(one))}**: {stage}{left}"


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
    "training": "Training",
    "evaluating": "Evaluating the best epoch",
}


def share_done(far: RunProgress | None) -> float:
    """How much of its stage is done, from 0 to 1."""
    return min(1.0, far.done / max(1, far.total)) if far else 0.0


def stop(run: Run, *, after_epoch: bool = False) -> None:
    """Ask for a stop, and say what becomes of it."""
    with refusals(stop=False):
        answer = worker().cancel(run, after_epoch=after_epoch)
        st.toast({
            "cancelled": "The run was queued; it has been removed from the queue.",
            "stopping": "Stopping after this epoch." if after_epoch else "Stopping after this batch.",
            "starting": "The run is starting; it stops before training begins.",
            "elsewhere": "The run is in another server's queue, which removes it within a second.",
            "over": "The run has already ended.",
        }[answer])  # fmt: skip
