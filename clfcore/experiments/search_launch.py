"""Searches at work in the background of this process: workers that end when they are stopped, or when it ends."""

import atexit
import contextlib
import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path

from clfcore.experiments.search import start_worker
from clfcore.experiments.study import Study

_at_work: dict[Path, list[subprocess.Popen[str]]] = {}
_changing = threading.Lock()


def launch(study: Study, *, trials: int, workers: int = 1, prune: bool = False) -> None:
    """Start workers for a study; nothing where it has some. Each ends when there are enough trials."""
    with _changing:
        if workers_of(study.path):
            return
        threads = max(1, (os.cpu_count() or 1) // workers)
        asked = json.dumps({"study": str(study.path), "trials": trials, "prune": prune, "threads": threads}) + "\n"
        started = []
        for _ in range(workers):
            with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
                worker = start_worker(output)
            started.append(worker)
            if worker.stdin is not None:
                with contextlib.suppress(OSError):
                    worker.stdin.write(asked)
                    worker.stdin.flush()
        _at_work[study.path] = started


def workers_of(path: Path) -> int:
    """How many workers of a study live in the background of this process."""
    return sum(worker.poll() is None for worker in _at_work.get(path, ()))


def stop(path: Path) -> None:
    """Have a study's workers end within a batch; their trials go on when the search is started again."""
    for worker in _at_work.get(path, ()):
        if worker.stdin is not None:
            with contextlib.suppress(OSError):
                worker.stdin.close()


@atexit.register
def _stop_all() -> None:
    for path in _at_work:
        stop(path)
