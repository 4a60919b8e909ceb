"""File of a server that a process of its own makes, in a folder that ends with the server."""

import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clfcore.files import shortened


@dataclass(frozen=True)
class Outcome:
    """How the making ended. path: the file, None where it could not be made, and then `reason`, empty where the server
    ended first; output: what the process wrote to its standard output."""

    path: Path | None
    output: str
    reason: str


class MadeFile:
    """line: the command, which writes the file to the path that it is given last.

    To trace and to verify a network takes half a minute, in which the server shall answer: hence the process.
    """

    def __init__(self, line: Sequence[str], name: str, *, done: Callable[[Outcome], None]) -> None:
        self._line, self._told = tuple(line), done
        self._folder = tempfile.TemporaryDirectory(prefix="clflab-serve-")
        self._path = Path(self._folder.name) / name
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._ready, self._done = False, threading.Event()

    @property
    def making(self) -> bool:
        """Whether the file is on its way."""
        return self._process is not None and not self._done.is_set()

    def wait(self, seconds: float | None = None) -> None:
        """Until it is made, or cannot be."""
        self._done.wait(seconds)

    def path(self) -> Path | None:
        """The file, once it is there."""
        return self._path if self._ready else None

    def start(self) -> None:
        """Have it made; once."""
        with self._lock:
            if self._process is None and not self._done.is_set():
                self._process = subprocess.Popen(
                    [*self._line, str(self._path)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,  # Ctrl-C is for the server, which ends this one
                )
                threading.Thread(target=self._wait, args=(self._process,), name="making", daemon=True).start()

    def _wait(self, process: "subprocess.Popen[str]") -> None:
        output, errors = process.communicate()
        self._ready = process.returncode == 0
        reason = ""
        if process.returncode > 0:  # less than 0: ended with the server
            reason = shortened((errors.strip().splitlines() or ["no reason was given"])[-1], most=300)
        self._told(Outcome(self.path(), output, reason))
        self._done.set()

    def close(self) -> None:
        """End what makes it, and remove it."""
        with self._lock:
            process = self._process
            if process is None:
                self._done.set()
            elif process.poll() is None:
                process.kill()
        if process is not None:
            self._done.wait()
        self._folder.cleanup()
