"""Web page of a served model: `export --format web`, made once by a process of its own when it is first asked for."""

import importlib.util
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from clfcore.files import shortened
from clfcore.logs import log

PACKAGES = ("onnx", "onnxscript", "onnxruntime")


def can_be_made() -> bool:
    """Whether the extra `export` is installed."""
    return all(importlib.util.find_spec(name) is not None for name in PACKAGES)


def export_line(model: str, runs: Path | None) -> tuple[str, ...]:
    """The command that writes the page of a run or an architecture, but for where."""
    given = () if runs is None else ("--runs", str(runs))
    return (sys.executable, "-m", "clfcore", "export", model, "--format", "web", *given)


class WebPage:
    """The page in a folder that ends with the server. line: the command that writes it to the `--out` it is given.

    A process of its own: to trace and to verify a network takes half a minute, in which the server shall answer.
    """

    def __init__(self, line: Sequence[str]) -> None:
        self._line = tuple(line)
        self._folder = tempfile.TemporaryDirectory(prefix="clflab-page-")
        self._path = Path(self._folder.name) / "page.html"
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._ready, self._done = False, threading.Event()

    @property
    def making(self) -> bool:
        """Whether the page is on its way."""
        return self._process is not None and not self._done.is_set()

    def wait(self, seconds: float | None = None) -> None:
        """Until it is made, or cannot be."""
        self._done.wait(seconds)

    def path(self) -> Path | None:
        """The page, once it is there. The first call has it made."""
        with self._lock:
            if self._process is None and not self._done.is_set():
                self._process = subprocess.Popen(
                    [*self._line, "--out", str(self._path)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,  # Ctrl-C is for the server, which ends this one
                )
                threading.Thread(target=self._wait, args=(self._process,), name="page", daemon=True).start()
        return self._path if self._ready else None

    def _wait(self, process: "subprocess.Popen[str]") -> None:
        _, errors = process.communicate()
        self._ready = process.returncode == 0
        if process.returncode > 0:  # less than 0: ended with the server
            reason = shortened((errors.strip().splitlines() or ["no reason was given"])[-1], most=300)
            log.warning("the web page could not be made, the form is kept: %s", reason)
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
