"""Background jobs and downloads: long work in a thread; its page shows the progress and can stop it."""

import atexit
import inspect
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Generic, ParamSpec, TypeVar, cast

import streamlit as st

from clfcore.crash_report import crash
from clfcore.errors import Failure, InputError
from clfcore.progress import Progress, Transfer
from ui.formatting import time_left, transfer_text
from ui.messages import complain, escape_markdown, refusals

PATIENCE = 0.3  # seconds; a job that ends sooner shows no progress bar
ENDING = 10.0  # seconds that the jobs may take to end when the server does

P = ParamSpec("P")
R = TypeVar("R")


def background(*, entries: int = 8) -> "Callable[[Callable[Concatenate[Progress, P], R]], Background[P, R]]":
    """Decorator of a function of `progress` and hashable values: a call returns its job, shared by all sessions.

    The function runs in a thread and must not call Streamlit: what it needs of a cache is passed to it, as an argument
    whose name begins with an underscore (not part of the cache key). entries: how many jobs are cached.
    """
    return lambda work: Background(work, entries=entries)


def result_of(
    job: "Job[R]", words: str, *, patience: float | None = None, on_error: Callable[[], None] | None = None
) -> R:
    """The job's result; while the job runs, the page shows its progress and ends here.

    An error of the job stands here as one red line; the job is forgotten, so that the next rerun tries again.
    patience: seconds before a progress bar is shown (default: PATIENCE); on_error: called before the error is shown.
    """
    if not job.has_ended(patience=patience):
        _show_progress(job, words)
        st.stop()
    if job.error is not None:
        job.forget()
        if on_error is not None:
            on_error()
    with refusals():
        return job.value()


def result_beside(job: "Job[R]", words: str) -> R | None:
    """As `result_of`, but the page goes on: None while the job runs, and after an error."""
    if not job.has_ended():
        _show_progress(job, words)
        return None
    if job.error is not None:
        job.forget()
    with refusals(stop=False):
        return job.value()
    return None


def result_in_fragment(job: "Job[R]", words: str, *, key: str) -> R | None:
    """As `result_beside`, in a fragment: only this fragment runs again until the job ends, so a dialog stays open.

    A wait in the script would hold up every other click of the dialog, and `run_every` cannot be switched off without
    a run of the whole page, which closes it.
    """
    if job.has_ended():
        return result_beside(job, words)
    st.progress(job.done / job.total if job.total else 0.0, text=words + _progress_text(job))
    again = st.components.v2.component("clf_again", js=_AGAIN)
    again(key=f"again {key}", data={"at": time.monotonic()}, on_again_change=lambda: None)
    return None


# Runs the fragment that it stands in once more, after half a second.
_AGAIN = """
export default function({ data, setTriggerValue }) {
  const timer = setTimeout(() => setTriggerValue("again", data.at), 500);
  return () => clearTimeout(timer);
}
"""


def _progress_text(job: "Job[R]") -> str:
    left = f", {time_left(job.seconds_left)}" if job.seconds_left is not None else ""
    return f": {job.done:,} of {job.total:,}{left}" if job.total else " …"


def result_if_ready(job: "Job[R]", *, key: str, words: str = "", patience: float | None = None) -> R | None:
    """The job's result, or None while it runs: the page goes on, and is drawn again when the job has ended.

    An error stands here as one red line, with a button that tries again. key: the button's. words: a line that stands
    here meanwhile, with how far the job is; empty: the page says it elsewhere. patience: as of `result_of`.
    """
    if not job.has_ended(patience=patience):
        _show_progress(job, words, can_stop=False)
        return None
    if job.error is None:
        return job.value()
    complain(str(job.error))
    if st.button("Try again", key=key, icon=":material/refresh:"):
        job.forget()
        st.rerun()
    return None


@st.fragment(run_every=0.5)
def _show_progress(job: "Job[R]", words: str, *, can_stop: bool = True) -> None:
    """Draws the page again when the job has ended. words: empty for no progress bar."""
    if not job.thread.is_alive():
        st.rerun()
    if words:
        st.progress(min(1.0, job.done / job.total) if job.total else 0.0, text=words + _progress_text(job))
    if can_stop and job.total and st.button("Stop"):
        job.stop()


_running: dict[threading.Thread, Callable[[], None]] = {}  # the jobs at work, and what stops each


def wait_for_jobs(timeout: float | None = None) -> None:
    """Return when no job runs any more, or after `timeout` seconds."""
    until = None if timeout is None else time.monotonic() + timeout
    for thread in [thread for thread in list(_running) if thread.is_alive()]:
        thread.join(None if until is None else max(0.0, until - time.monotonic()))


@atexit.register
def stop_jobs() -> None:
    """Ask every job to stop at its next step, and wait for them, but not for ever.

    A thread that is inside torch when the interpreter ends aborts the whole process.
    """
    for stop in list(_running.values()):
        stop()
    wait_for_jobs(ENDING)


def _stopped() -> InputError:
    return InputError("stopped: start it again to continue")


class Job(Generic[R]):
    """A function running in its own thread; it is given `progress(done, total)`, where a stop takes effect."""

    def __init__(
        self, work: Callable[[Progress], R], *, name: str = "work", forget: Callable[[], None] = lambda: None
    ) -> None:
        self.done, self.total, self.stopped = 0, 0, False
        self._results: tuple[R, ...] = ()  # one, once it has ended well; it may be None
        self.error: InputError | Failure | None = None
        self.forget = forget
        self.started = time.monotonic()
        self.thread = threading.Thread(target=self._run, args=(work, name), daemon=True)
        _running[self.thread] = self.stop
        self.thread.start()

    def has_ended(self, *, patience: float | None = None) -> bool:
        """Whether it ends within `patience` seconds, by default within PATIENCE."""
        self.thread.join(PATIENCE if patience is None else patience)
        return not self.thread.is_alive()

    def stop(self) -> None:
        """Have the work end at its next step."""
        self.stopped = True

    def value(self) -> R:
        """The result of a job that has ended. Raises its error."""
        if self.error is not None:
            raise self.error
        return self._results[0]

    @property
    def result(self) -> R | None:
        """None until there is one."""
        return self._results[0] if self._results else None

    @property
    def seconds_left(self) -> float | None:
        """From the pace so far; None until there is one."""
        if not self.done:
            return None
        return (time.monotonic() - self.started) / self.done * (self.total - self.done)

    def _run(self, work: Callable[[Progress], R], name: str) -> None:
        try:
            self._results = (work(self._progress),)
        except (InputError, Failure) as error:  # shown by the page that waits
            self.error = error
        except Exception as error:  # a fault of the lab's own: a line for the page, the traceback in a file
            self.error = _stopped() if self.stopped else Failure(crash(error, ["page:", name]))
        finally:
            del _running[self.thread]

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self.stopped:
            raise _stopped()


class Background(Generic[P, R]):
    """A function whose calls run as jobs, one for each set of arguments, cached for all sessions."""

    def __init__(self, work: Callable[Concatenate[Progress, P], R], *, entries: int) -> None:
        signature = inspect.signature(work)
        called = signature.replace(parameters=list(signature.parameters.values())[1:])  # without `progress`

        @wraps(work)  # Streamlit tells cached functions apart by module, name and source
        def start(*given: P.args, **named: P.kwargs) -> Job[R]:
            key = called.bind(*given, **named)
            # What is no part of the key may be large: a cached job does not hold it.
            key.arguments |= {name: None for name in key.arguments if name.startswith("_")}
            return Job(
                lambda progress: work(progress, *given, **named),
                name=work.__qualname__,
                forget=lambda: self.clear(*key.args, **key.kwargs),
            )

        start.__signature__ = called  # type: ignore[attr-defined] # read by Streamlit
        cached = st.cache_resource(show_spinner=False, max_entries=entries)
        self._cached = cached(cast("Callable[P, Job[R]]", start))  # mypy sees the wrapped function's own signature
        self.__doc__ = work.__doc__

    def __call__(self, *given: P.args, **named: P.kwargs) -> Job[R]:
        return self._cached(*given, **named)

    def clear(self, *given: P.args, **named: P.kwargs) -> None:
        """Forget the job of these arguments."""
        self._cached.clear(*given, **named)

    def clear_all(self) -> None:
        """Forget every job."""
        self._cached.clear()


class Download:
    """A download at work or at its end: it goes on when its page is left, and every session shows the same."""

    def __init__(self, work: Callable[[Progress], object], *, name: str) -> None:
        self.transfer = Transfer()
        self.job: Job[object] = Job(lambda progress: work(self._both(progress)), name=name)

    def _both(self, progress: Progress) -> Progress:
        def report(done: int, total: int) -> None:
            self.transfer(done, total)
            progress(done, total)  # raises where it is stopped

        return report


@st.cache_resource(show_spinner=False)
def _downloads() -> dict[str, Download]:
    """Those of this server, by what they fetch; one that has ended well is taken out."""
    return {}


def download(what: str, label: str, work: Callable[[Progress], object], *, help: str | None = None) -> None:
    """The button of a download, or its progress where it is at work; the page is drawn anew at its end.

    what: names it, in sentences and among the others. work: takes `progress(done, total)` in bytes and must not call
    Streamlit; what it raises stands here as one line, and the button tries again.
    """
    going = _downloads().get(what)
    if going is not None and going.job.thread.is_alive():
        _show_download(what, going)
        return
    if going is not None and going.job.error is None:
        del _downloads()[what]
        st.rerun()
    if going is not None and going.job.stopped:
        st.caption(f"Stopped after {going.transfer.done / 1e6:.1f} MB. What arrived is kept: go on whenever you like.")
    elif going is not None:
        complain(str(going.job.error))
    if st.button(label, key=f"download {what}", icon=":material/download:", help=help):
        _downloads()[what] = Download(work, name=f"download {what}")
        st.rerun()


@st.fragment(run_every=0.5)
def _show_download(what: str, going: Download) -> None:
    if not going.job.thread.is_alive():
        st.rerun()
    far = going.transfer
    words = "stopping …" if going.job.stopped else transfer_text(far) if far.total else "connecting …"
    with st.container(horizontal=True, vertical_alignment="center"):
        share = min(1.0, far.done / far.total) if far.total else 0.0
        st.progress(share, text=f"Downloading {escape_markdown(what)}: {words}")
        if st.button("Cancel", key=f"cancel {what}", disabled=going.job.stopped):
            going.job.stop()
            st.rerun(scope="fragment")
