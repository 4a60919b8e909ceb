"""A run that was pushed to remote storage, copied into the runs folder of this machine."""

import streamlit as st

from clfcore.progress import Progress
from clfcore.remote import transfer_progress
from clfcore.runs import transfer
from ui.jobs import background, result_beside
from ui.messages import escape_markdown
from ui.session import SessionValue

_ASKED = SessionValue[str]("run to pull")


def pull_button() -> None:
    """The address of a pushed run, and how far its copy is."""
    with st.popover("Pull a run"), st.form("pull a run", border=False):
        url = st.text_input("Address", placeholder="s3://bucket/runs/20260131-120000-resnet18-photos-1a2b")
        st.caption("Where Push, or `runs push`, put a run. It is copied into the runs folder of this machine.")
        if st.form_submit_button("Pull", type="primary"):
            _ASKED.set(url.strip())
    if (asked := _ASKED.get()) is None:
        return
    job = _pull(asked)
    pulled = result_beside(job, f"Pulling {escape_markdown(asked)}")
    if not job.thread.is_alive():
        _ASKED.forget()
        job.forget()
    if pulled is not None:
        st.toast(f"Run {pulled.run} is here now.")
        st.rerun()


@background()
def _pull(progress: Progress, url: str) -> transfer.PushedFiles:
    with transfer_progress(progress):
        return transfer.pull(url)
