"""One background thread for the whole process: it owns the queue and gives each run a child process of its own.

Parent and child share only the run's folder. One idle child waits, past its imports; when it takes a run, the next one
is started. A queued run is held by a lock, so that a queue whose process has died reads as interrupted.
"""

import atexit
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from clfcore.errors import Failure, InputError
from clfcore.files import cannot_write
from clfcore.logs import FILE, log
from clfcore.resolved_config import NetworkConfig
from clfcore.runs.create import create_run, with_absolute_data
from clfcore.runs.folder import FINISHED, Run, StopRequest
from clfcore.runs.locks import RunLock, is_held
from clfcore.runs.process_count import ask_processes, check_count
from clfcore.runs.records import Status
from clfcore.runs.starting_weights import require_at_hand
from clfcore.runs.stopping import refuse_unless_resumable, refuse_without_epoch

LOOK = 0.5  # seconds between two looks for runs of this queue that another server stopped
ENDING = 10.0  # seconds that a process may take to end after its run has

_LEAVES_QUEUE = ("now", "epoch")  # of a run that waits; `best` is carried out when its turn comes

# What a Stop does: it left this queue; it ends within a batch or after its epoch; its process still starts, and will
# find the request; it waits in another server's queue, which drops it; it is not at work.
Cancelled = Literal["cancelled", "stopping", "starting", "elsewhere", "over"]


@dataclass(frozen=True)
class Waiting:
    """What a run waits for. behind: the run at work; place: its own in the queue, from 1; both None: it is elsewhere.

    starting: its turn has come, and its process is starting.
    """

    behind: Run | None = None
    place: int | None = None
    starting: bool = False


class Worker:
    """Submit, resume and cancel return at once; runs are carried out one after another, in their order."""

    def __init__(self, start: Callable[[], subprocess.Popen[str]] | None = None) -> None:
        """start: starts a child as `start_child` does."""
        self._start = start or start_child
        self._queue: deque[Run] = deque()
        self._locks: dict[Path, RunLock] = {}
        self._changed = threading.Condition()
        self._idle: subprocess.Popen[str] | None = None
        self._current: tuple[Run, subprocess.Popen[str] | None] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def warm(self) -> None:
        """Start the idle child, so that the next run begins without waiting for imports; without one, it waits."""
        with self._changed:
            if self._idle is None or self._idle.poll() is not None:
                try:
                    self._idle = self._start()
                except Exception:  # a run that needs a child says why it has none
                    log.warning("no process waits for the next run", exc_info=True)

    def submit(self, config: NetworkConfig, folder: Path | None = None, *, processes: int = 1) -> Run:
        """A new run at the end of the queue, to be trained by so many processes.

        Raises InputError where it begins with published weights that are not here, Failure where its folder cannot be
        written.
        """
        require_at_hand(config.architecture, config.weights)
        run = create_run(with_absolute_data(config), folder)
        ask_processes(run, check_count(processes))
        self._enqueue(run, _place_in_queue(run))
        return run

    def resume(self, run: Run, *, keep_best: bool = False) -> None:
        """Queue a run again that was broken off or completed early. Raises InputError for any other.

        keep_best: not to train on, but to complete with its best epoch so far.
        """
        if keep_best:
            refuse_without_epoch(run)
        lock = _place_in_queue(run, resumed=True)
        try:
            if run.read(Status).state not in FINISHED and is_held(run.path / "run.lock"):
                raise InputError(f"run {run.id} is running")  # anew: another server may have been quicker
            if run.read(Status).state in FINISHED:
                refuse_unless_resumable(run)
            run.clear_stop()
            if keep_best:
                run.request_stop("best")
            run.set_state("queued")
        except (InputError, Failure):
            lock.release()
            raise
        self._enqueue(run, lock)

    def cancel(self, run: Run, wish: StopRequest = "now") -> Cancelled:
        """Stop a run within a batch, or after its epoch; a queued one leaves the queue. Returns what happens now.

        wish: `best` completes it within a batch instead, with its best epoch so far. At any moment: whoever has the run
        next finds the request in its folder. Raises InputError where the run's state is damaged, or where there is no
        epoch yet to complete with.
        """
        if wish == "best":
            refuse_without_epoch(run)
        with self._changed:
            if run in self._queue and wish != "best":
                self._leave_queue(run)
                return "cancelled"
            here = run in self._queue or (self._current is not None and self._current[0] == run)
        state = run.state
        if state not in ("running", "queued"):
            return "over"
        run.request_stop(wish)
        return "stopping" if state == "running" else "starting" if here else "elsewhere"

    def waiting(self, run: Run) -> Waiting:
        """What a queued run waits for, as this queue knows it."""
        with self._changed:
            current = self._current[0] if self._current is not None else None
            if current == run:
                return Waiting(starting=True)
            place = self._queue.index(run) + 1 if run in self._queue else None
            return Waiting(current if place else None, place)

    @property
    def queued(self) -> tuple[Run, ...]:
        """The runs that wait, in their order."""
        with self._changed:
            return tuple(self._queue)

    def close(self) -> None:
        """End the children; a run under way keeps its last checkpoint and reads as interrupted."""
        with self._changed:
            self._closed = True
            for child in (self._idle, self._current[1] if self._current else None):
                if child is not None:
                    with contextlib.suppress(OSError):
                        _pipe(child.stdin).close()

    def _enqueue(self, run: Run, lock: RunLock) -> None:
        with self._changed:
            self._locks[run.path] = lock
            self._queue.append(run)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, daemon=True, name="clflab-worker")
                self._thread.start()
            self._changed.notify_all()

    def _leave_queue(self, run: Run) -> None:
        """A run that waits is cancelled; held: self._changed."""
        self._queue.remove(run)
        try:
            run.set_state("cancelled")
            run.clear_stop()
        finally:
            self._unlock(run)

    def _unlock(self, run: Run) -> None:
        self._locks.pop(run.path).release()

    def _serve(self) -> None:
        """Carry out run after run; whatever goes wrong with one is written into its state, and the next is taken."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue)
                run = self._queue.popleft()
                self._current = (run, None)
            try:
                self._carry_out(run)
            except OSError as error:
                _fail(
                    run, f"its process could not be started ({error.strerror or error}): close others, then resume it"
                )
            except Exception as error:  # the queue outlives every fault of one run
                log.exception("run %s was not carried out", run.id)
                _fail(run, f"it could not be carried out ({type(error).__name__}: {error}); resume it to try again")
            with self._changed:
                self._current = None
                self._unlock(run)
                if not self._queue:
                    self.warm()

    def _carry_out(self, run: Run) -> None:
        """Hand the run over and wait for the child's end; what it could not write of its end is written here."""
        if not run.path.is_dir():  # removed by hand
            return
        if run.stop_requested() in _LEAVES_QUEUE:
            run.set_state("cancelled")
            run.clear_stop()
            return
        child = self._hand_over(run)
        output: list[str] = []
        reader = threading.Thread(target=lambda: output.append(_pipe(child.stderr).read()), daemon=True)
        reader.start()
        while reader.is_alive():
            reader.join(LOOK)
            self._drop_stopped()
        code = child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            with contextlib.suppress(OSError):
                _pipe(pipe).close()
        text = "".join(output).strip()
        if text and run.path.is_dir():
            with contextlib.suppress(OSError), (run.path / FILE).open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        self._note_unbegun(run, code, text)

    def _hand_over(self, run: Run) -> subprocess.Popen[str]:
        """A child that has the run: the idle one, or a fresh one where that was killed while it waited."""
        with self._changed:
            idle, self._idle = self._idle, None
        for child in (idle, None):
            child = child or self._start()
            with self._changed:
                self._current = (run, child)
            try:
                _pipe(child.stdin).write(f"{run.path}\n")
                _pipe(child.stdin).flush()
            except OSError:
                if child is not idle:
                    raise
                continue
            return child
        raise OSError("no process took the run")

    def _note_unbegun(self, run: Run, code: int, text: str) -> None:
        """Where the child ended before it took the run's lock, say so: else the run reads as interrupted, no more."""
        if self._closed or is_held(run.path / "run.lock") or run.read(Status).state != "queued":
            return
        if run.stop_requested() in _LEAVES_QUEUE:
            run.set_state("cancelled")
            run.clear_stop()
            return
        last = text.splitlines()[-1][:300] if text else "it said nothing"
        _fail(run, f"its process ended before it began (exit status {code}): {last}")

    def _drop_stopped(self) -> None:
        """Those that wait and were stopped by another server on the same folder, which cannot reach this queue."""
        for run in self.queued:
            if run.stop_requested() in _LEAVES_QUEUE:
                with self._changed, contextlib.suppress(Failure):
                    if run in self._queue:
                        self._leave_queue(run)


def _place_in_queue(run: Run, *, resumed: bool = False) -> RunLock:
    """The run's place in a queue. One that was just stopped holds its old place until its process has ended."""
    lock, until = RunLock(run.path / "queue.lock"), time.monotonic() + ENDING
    while True:
        if resumed:
            refuse_unless_resumable(run)
        try:
            if lock.acquire(timeout=0.1):
                return lock
        except OSError as error:
            raise cannot_write(lock.path, error) from error
        if time.monotonic() > until:
            raise InputError(f"run {run.id} is in the queue of another server on this folder: wait for it, or stop it")


def _fail(run: Run, message: str) -> None:
    with contextlib.suppress(Failure):  # a full disk, or a folder that is gone
        run.set_state("failed", message)


def start_child() -> subprocess.Popen[str]:
    """A process that imports what a run needs, then waits for a run's folder on its standard input."""
    return subprocess.Popen(
        [sys.executable, "-m", "clfcore.runs.worker_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *_search_path()])},
    )


def _pipe(pipe: IO[str] | None) -> IO[str]:
    """A pipe to or from a child. Raises OSError where the child was started without it."""
    if pipe is None:
        raise OSError("the process has no pipe")
    return pipe


def _search_path() -> list[str]:
    return [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]


_worker: Worker | None = None
_making = threading.Lock()


def worker() -> Worker:
    """The one worker of this process, made when it is first asked for."""
    global _worker
    with _making:
        if _worker is None:
            _worker = Worker()
            atexit.register(_worker.close)
        return _worker
