"""What can be done with a run in its state: stop, finish with its best epoch, resume, name, delete."""

from collections.abc import Mapping

import streamlit as st

from clfcore.errors import InputError
from clfcore.progress import Progress
from clfcore.remote import transfer_progress
from clfcore.runs import folder, transfer
from clfcore.runs.about import LONGEST_NAME, LONGEST_NOTE, set_about
from clfcore.runs.cautions import cautions
from clfcore.runs.folder import RESUMABLE, Run, StopRequest
from clfcore.runs.index import ACTIVE, Listed
from clfcore.runs.stopping import can_keep_best
from clfcore.runs.worker import worker
from ui.jobs import background, result_beside
from ui.messages import complain, escape_markdown, refusals
from ui.pickers import run_name
from ui.session import SessionValue, go_to


def state_buttons(one: Listed) -> None:
    """Stop, finish, resume, change, name or delete: what the run's state allows."""
    run, state = one.run, one.state
    with st.container(horizontal=True, width="content"), refusals(stop=False):
        if state in ACTIVE:
            if st.button(
                "Stop now",
                key=f"stop {run.id}",
                help="Stops after the current batch; the last complete epoch is saved.",
            ):
                stop(run)
            if state == "running" and st.button("Stop after this epoch", key=f"stop after {run.id}"):
                stop(run, "epoch")
            if state == "running":
                _finish_button(run)
        if (
            not one.damaged
            and run.resumable
            and st.button(
                "Resume", key=f"resume {run.id}", help="Continues from the last complete epoch, to the same end."
            )
        ):
            worker().resume(run)
            go_to("pages/train/page.py", {"run": run.id})
        if state in RESUMABLE and st.button(
            FINISH,
            key=f"finish {run.id}",
            disabled=not can_keep_best(run),
            help="Evaluates the weights of the best epoch so far and completes the run; it can still be resumed."
            if can_keep_best(run)
            else NO_EPOCH,
        ):
            worker().resume(run, keep_best=True)
            go_to("pages/train/page.py", {"run": run.id})
        if state == "failed" and st.button(
            "Change and try again",
            key=f"again {run.id}",
            type="primary",
            help="Opens Train with this run's configuration, and what went wrong beside it.",
        ):
            go_to("pages/train/page.py", {"again": run.id})
        if not one.damaged:
            _naming(one)
        if not one.damaged and state not in ACTIVE:
            _pushing(run)
        if state not in ACTIVE and st.button("Delete", key=f"delete {run.id}"):
            _confirm(run)


def show_about(run: Listed) -> None:
    """The run's tags and note, where it has any."""
    if run.about.tags:
        st.markdown(" ".join(f":gray-badge[{escape_markdown(tag)}]" for tag in run.about.tags))
    if run.about.note:
        st.caption(escape_markdown(run.about.note).replace("\n", "  \n"))


def _naming(one: Listed) -> None:
    """Name, note and tags; the run's id, which addresses hold, stays."""
    run, now = one.run, one.about
    with st.popover("Name"), st.form(f"about {run.id}", border=False):
        name = st.text_input("Name", now.name, max_chars=LONGEST_NAME, placeholder=run_name(run))
        tags = st.text_input("Tags", ", ".join(now.tags), placeholder="baseline, week 3", help="Separated by commas.")
        note = st.text_area("Note", now.note, max_chars=LONGEST_NOTE, height=90)
        st.caption(f"Kept with the run `{run.id}`.")
        if st.form_submit_button("Save", type="primary"):
            try:
                set_about(run, name=name, note=note, tags=tags.split(","))
            except InputError as error:
                complain(str(error))
            else:
                st.rerun()


def _pushing(run: Run) -> None:
    """Copy the run to remote storage, from which any machine pulls it."""
    with st.popover("Push"):
        with st.form(f"push {run.id}", border=False):
            url = st.text_input("Address", placeholder="s3://bucket/runs", key=f"push to {run.id}")
            asked = st.form_submit_button("Push", type="primary")
        st.caption("Copies the run to a bucket. Keys are read as its own tools read them, such as AWS_PROFILE.")
        asked_url = SessionValue[str](f"pushed to {run.id}")
        if asked:
            asked_url.set(url.strip())
        if asked_url.exists and (done := result_beside(_push(run, asked_url.get() or ""), "Pushing")) is not None:
            st.caption("Pushed. Pull it on another machine from:")
            st.code(done.url, language=None, wrap_lines=True)


@background()
def _push(progress: Progress, run: Run, url: str) -> transfer.PushedFiles:
    with transfer_progress(progress):
        return transfer.push(run, url)


def say_cautions(run: Run, split: str | None = None) -> None:
    """Below a score: what is known to make it flatter or vague."""
    with refusals(stop=False):
        for text in cautions(run, split):
            st.caption(f"⚠ {text}")


FINISH = "Finish with the best epoch so far"
NO_EPOCH = "No epoch has finished yet, so there are no weights to keep."


@st.fragment(run_every=1.0)
def _finish_button(run: Run) -> None:
    """Completes a run at work; the button wakes when there is an epoch to complete with."""
    ready = can_keep_best(run)
    if st.button(
        FINISH,
        key=f"finish {run.id}",
        disabled=not ready,
        help="Ends after the current batch, evaluates the weights of the best epoch and completes the run, which can "
        "still be resumed."
        if ready
        else NO_EPOCH,
    ):
        stop(run, "best")


@st.dialog("Delete this run?")
def _confirm(run: Run) -> None:
    st.write(
        f"{escape_markdown(run_name(run))}: this folder is deleted from disk, "
        f"with its weights, history and predictions."
    )
    st.code(str(run.path), language=None, wrap_lines=True)
    st.write("This cannot be undone.")
    with st.container(horizontal=True):
        if st.button("Delete permanently", key="confirm delete", type="primary"):
            with refusals():
                folder.delete(run)
            if "run" in st.query_params:
                del st.query_params["run"]
            st.rerun()
        if st.button("Cancel"):
            st.rerun()


STOPPING: Mapping[StopRequest, str] = {
    "now": "Stopping after this batch.",
    "epoch": "Stopping after this epoch.",
    "best": "Finishing with the best epoch so far: evaluated after this batch.",
}


def stop(run: Run, wish: StopRequest = "now") -> None:
    """Ask for a stop, and say what becomes of it."""
    with refusals(stop=False):
        answer = worker().cancel(run, wish)
        if wish == "best" and answer not in ("stopping", "over"):
            st.toast("The run finishes with its best epoch so far when its turn comes.")
            return
        st.toast({
            "cancelled": "The run was queued; it has been removed from the queue.",
            "stopping": STOPPING[wish],
            "starting": "The run is starting; it stops before training begins.",
            "elsewhere": "The run is in another server's queue, which removes it within a second.",
            "over": "The run has already ended.",
        }[answer])  # fmt: skip
