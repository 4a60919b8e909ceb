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
from collections import deque
from pathlib import Path

from filelock import FileLock

from clfcore.config import RunConfig
from clfcore.errors import InputError
from clfcore.runs import store
from clfcore.runs.store import RESUMABLE, Run


class Worker:
    """Submit, resume and cancel return at once; runs are carried out one after another, in their order."""

    def __init__(self) -> None:
        self._queue: deque[Run] = deque()
        self._locks: dict[Path, FileLock] = {}
        self._changed = threading.Condition()
        self._idle: subprocess.Popen | None = None
        self._current: tuple[Run, subprocess.Popen] | None = None
        self._thread: threading.Thread | None = None

    def warm(self) -> None:
        """Start the idle child, so that the next run begins without waiting for imports."""
        with self._changed:
            if self._idle is None or self._idle.poll() is not None:
                self._idle = _start_child()

    def submit(self, config: RunConfig, folder: Path | None = None) -> Run:
        """A new run at the end of the queue. Raises Failure where its folder cannot be written."""
        run = store.create(config, folder)
        self._enqueue(run)
        return run

    def resume(self, run: Run) -> None:
        """Queue an interrupted, cancelled or failed run again. Raises InputError for any other."""
        with self._changed:
            state = run.state
            if state not in RESUMABLE:
                raise InputError(
                    f"run {run.id} is {state}: only an interrupted, cancelled or failed run can be resumed"
                )
            run.clear_stop()
            run.set_state("queued")
            self._enqueue(run)

    def cancel(self, run: Run, *, after_epoch: bool = False) -> None:
        """Stop a run within a batch, or after its epoch; a queued one leaves the queue. Others are left as they are."""
        with self._changed:
            if run in self._queue:
                self._queue.remove(run)
                run.set_state("cancelled")
                self._unlock(run)
                return
        if run.state == "running":
            run.request_stop(after_epoch=after_epoch)

    @property
    def queued(self) -> tuple[Run, ...]:
        """The runs that wait, in their order."""
        with self._changed:
            return tuple(self._queue)

    def close(self) -> None:
        """End the children; a run under way keeps its last checkpoint and reads as interrupted."""
        with self._changed:
            for child in (self._idle, self._current[1] if self._current else None):
                if child is not None:
                    with contextlib.suppress(OSError):
                        child.stdin.close()

    def _enqueue(self, run: Run) -> None:
        lock = FileLock(run.path / "queue.lock", timeout=1.0, thread_local=False)
        lock.acquire()
        with self._changed:
            self._locks[run.path] = lock
            self._queue.append(run)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, daemon=True, name="clflab-worker")
                self._thread.start()
            self._changed.notify_all()

    def _unlock(self, run: Run) -> None:
        self._locks.pop(run.path).release()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue)
                self.warm()
                run, child = self._queue.popleft(), self._idle
                self._current, self._idle = (run, child), None
            self._carry_out(run, child)
            with self._changed:
                self._current = None
                self._unlock(run)
                if not self._queue:
                    self.warm()

    def _carry_out(self, run: Run, child: subprocess.Popen) -> None:
        """Hand the run over and wait for the child's end; what it could not write of its end is written here."""
        try:
            child.stdin.write(f"{run.path}\n")
            child.stdin.flush()
        except OSError:  # the idle child was killed while it waited: take a fresh one
            child = _start_child()
            with self._changed:
                self._current = (run, child)
            child.stdin.write(f"{run.path}\n")
            child.stdin.flush()
        said = child.stderr.read()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            with contextlib.suppress(OSError):
                pipe.close()
        if said.strip():
            with contextlib.suppress(OSError):
                (run.path / "log.txt").write_text(said, encoding="utf-8")


def _start_child() -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "clfcore.runs.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *_search_path()])},
    )


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
