"""Long work beside a page: it goes on in a thread, the page shows how far it is, stays alive, and can stop it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from clfcore.crash_report import crash
from clfcore.errors import Failure, InputError
from clfcore.progress import Progress
from ui.formatting import duration
from ui.messages import complain, refusals

PATIENCE = 0.3  # seconds; what is done by then shows no bar


class Job:
    """A function at work in a thread of its own; it is given `progress(done, total)` and calls no Streamlit."""

    def __init__(self, work: Callable[[Progress], Any]) -> None:
        self.done, self.total, self.stopped = 0, 0, False
        self.result: Any = None
        self.error: InputError | Failure | None = None
        self.started = time.monotonic()
        self.thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self.thread.start()

    def _run(self, work: Callable[[Progress], Any]) -> None:
        try:
            self.result = work(self._progress)
        except (InputError, Failure) as error:  # shown by the page that waits
            self.error = error
        except Exception as error:  # a fault of the lab's own: a line for the page, the traceback in a file
            self.error = Failure(crash(error, ["page:", getattr(work, "__qualname__", "work")]))

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self.stopped:
            raise InputError("stopped: start it again to continue")

    @property
    def seconds_left(self) -> float | None:
        """From the pace so far; None until there is one."""
        if not self.done:
            return None
        return (time.monotonic() - self.started) / self.done * (self.total - self.done)


def result_of(job: Job, words: str, *, forget: Callable[[], None], patience: float = PATIENCE) -> Any:
    """The job's result; until it is there, how far it is, and the page ends here.

    Its error becomes one red line, and `forget` is called: what was mended is tried again by the next look.
    patience: seconds that the page waits before it shows a bar; what is nearly always quicker needs none.
    """
    job.thread.join(patience)
    if job.thread.is_alive():
        _wait(job, words)
        st.stop()
    if job.error is not None:
        forget()
        with refusals():
            raise job.error
    return job.result


def result_beside(job: Job, words: str, *, forget: Callable[[], None]) -> Any:
    """As `result_of`, but the page goes on: None until the job has ended, and where it ended in an error."""
    job.thread.join(PATIENCE)
    if job.thread.is_alive():
        _wait(job, words)
    elif job.error is not None:
        forget()
        with refusals(stop=False):
            raise job.error
    return job.result


def result_if_ready(job: Job, *, forget: Callable[[], None], key: str) -> Any:
    """The job's result where it is there; else None: the page goes on, and is drawn again when the job has ended.

    Its error becomes one red line, with a button that calls `forget`, so that it is tried again. key: the button's.
    """
    job.thread.join(PATIENCE)
    if job.thread.is_alive():
        _watch(job)
    elif job.error is not None:
        complain(str(job.error))
        if st.button("Try again", key=key, icon=":material/refresh:"):
            forget()
            st.rerun()
    return job.result


@st.fragment(run_every=0.5)
def _watch(job: Job) -> None:
    if not job.thread.is_alive():
        st.rerun()


@st.fragment(run_every=0.5)
def _wait(job: Job, words: str) -> None:
    if not job.thread.is_alive():
        st.rerun()
    left = f", about {duration(job.seconds_left)} left" if job.seconds_left is not None else ""
    far = f": {job.done:,} of {job.total:,}{left}" if job.total else " …"
    st.progress(job.done / job.total if job.total else 0.0, text=words + far)
    if job.total and st.button("Stop"):
        job.stopped = True
