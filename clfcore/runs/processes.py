"""Several processes for one run on this machine: this one leads, and starts the others.

They share the run's folder and a file in which they meet; nothing is opened to the network but torch's connections on
the loopback interface. A child whose parent is gone ends at once. Where a child is gone, the run stays as its
checkpoint has it, and reads as interrupted.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

import torch
from torch import distributed as dist

from clfcore.distributed.ranks import ALONE, ProcessLost, Ranks, group
from clfcore.errors import Failure
from clfcore.runs.folder import Run

STARTING = 120.0  # seconds that a process may take to import what it needs
ENDING = 20.0  # seconds that a process may take to end once another one has
Start = Callable[[IO[str]], subprocess.Popen[str]]


class Crew(Protocol):
    """The processes of a run, seen from the first. `join` has the others begin, once the folder has what they read."""

    ranks: Ranks

    def join(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Processes:
    """This process, and the others that it starts for a run."""

    def __init__(self, run: Run, count: int = 1, *, start: Start | None = None) -> None:
        """start: starts a process as `start_rank` does, with its standard error in a file."""
        self.run = run
        self.ranks = Ranks(0, count, 0, count) if count > 1 else ALONE
        self._start = start or start_rank
        self._children: list[subprocess.Popen[str]] = []
        self._stack = contextlib.ExitStack()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        if self.ranks.size == 1:
            return self
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="clflab-")))
        self._threads = max(1, torch.get_num_threads() // self.ranks.size)
        torch.set_num_threads(self._threads)
        try:
            for rank in range(1, self.ranks.size):
                with self._log(rank).open("w", encoding="utf-8") as log:
                    self._children.append(self._start(log))
        except OSError as error:
            self._end()
            raise Failure(f"a process could not be started ({error.strerror or error}): close others") from error
        return self

    def join(self) -> None:
        """Have the others begin. Raises ProcessLost where one is gone before it has."""
        if self.ranks.size == 1:
            return
        store = self._folder / "store"
        for rank, child in enumerate(self._children, 1):
            place = {"run": str(self.run.path), "store": str(store), "rank": rank, "size": self.ranks.size}
            with contextlib.suppress(OSError):  # it is gone, which is seen below
                _input(child).write(json.dumps({**place, "threads": self._threads}) + "\n")
                _input(child).flush()
        until = time.monotonic() + STARTING
        while not all(ready_file(store, rank).exists() for rank in range(1, self.ranks.size)):
            if any(child.poll() is not None for child in self._children) or time.monotonic() > until:
                raise ProcessLost("a process of the training did not begin")
            time.sleep(0.02)
        for child in self._children:
            threading.Thread(target=self._watch, args=(child,), daemon=True, name="clflab-rank").start()
        self._stack.enter_context(loopback())
        self._stack.enter_context(group(self.ranks, dist.FileStore(str(store), self.ranks.size)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        why = self._why() if isinstance(error, ProcessLost) else None
        self._end()
        if why is not None:
            raise why from None

    def _why(self) -> Failure | None:
        """What became of the process that is gone: killed, or ended by an error of its own."""
        until = time.monotonic() + 5
        while self._children and all(child.poll() is None for child in self._children) and time.monotonic() < until:
            time.sleep(0.02)
        for rank, child in enumerate(self._children, 1):
            code = child.poll()
            if code is not None and code < 0:
                again = f"run {self.run.id} is interrupted, and `resume {self.run.id}` goes on with it"
                return ProcessLost(f"process {rank} of {self.ranks.size} was killed ({_signal(-code)}): {again}")
            if code:
                lines = self._log(rank).read_text(encoding="utf-8", errors="replace").strip().splitlines()
                return Failure(f"process {rank}: {lines[-1][:300] if lines else f'exit status {code}'}")
        return None

    def _watch(self, child: subprocess.Popen[str]) -> None:
        """Where a process is gone and this one still waits for it, as NCCL may for ever, end: as if killed itself."""
        child.wait()
        if not self._over.wait(ENDING):
            sys.stderr.write("a process of the training is gone: resume the run\n")
            sys.stderr.flush()
            os._exit(1)

    def _end(self) -> None:
        """The others end: those that have done their part by themselves, all else when their standard input closes."""
        self._over.set()
        for child in self._children:
            with contextlib.suppress(OSError):
                _input(child).close()
        for child in self._children:
            try:
                child.wait(timeout=ENDING / 2)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children = []
        self._stack.close()

    def _log(self, rank: int) -> Path:
        return self._folder / f"error-{rank}.txt"


def ready_file(store: Path, rank: int) -> Path:
    """Where a process says that it has begun."""
    return store.with_name(f"ready-{rank}")


def start_rank(log: IO[str]) -> subprocess.Popen[str]:
    """A process that imports what training needs, then waits for its place on standard input."""
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *(part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part)])
    return subprocess.Popen(
        [sys.executable, "-m", "clfcore.runs.rank_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=log,
        text=True,
        start_new_session=True,  # Ctrl-C is the first process's to answer
        env={**os.environ, "PYTHONPATH": path},
    )


@contextlib.contextmanager
def loopback() -> Iterator[None]:
    """Within it gloo connects on the loopback interface, whatever the machine's name resolves to."""
    before = os.environ.get("GLOO_SOCKET_IFNAME")
    if before is None and sys.platform in ("linux", "darwin"):
        os.environ["GLOO_SOCKET_IFNAME"] = "lo" if sys.platform == "linux" else "lo0"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("GLOO_SOCKET_IFNAME", None)


def _input(child: subprocess.Popen[str]) -> IO[str]:
    if child.stdin is None:
        raise OSError("the process has no pipe")
    return child.stdin


def _signal(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
