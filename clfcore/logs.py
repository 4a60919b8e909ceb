"""Logging: one logger, `clflab`. A run keeps its own file, and --verbose prints to standard error."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

FILE = "log.txt"  # in a run's folder
FORMAT = "%(asctime)s %(levelname)s %(message)s"

log = logging.getLogger("clflab")


@contextlib.contextmanager
def logged_to(folder: Path) -> Iterator[None]:
    """Inside, messages from INFO on are appended to log.txt in a run's folder.

    A file that cannot be written costs its lines and nothing else: a full disk ends a run by its own message.
    """
    handler = _File(folder / FILE, encoding="utf-8", delay=True)
    with _handled_by(handler):
        yield


@contextlib.contextmanager
def printed() -> Iterator[None]:
    """Inside, messages from INFO on are printed to standard error."""
    with _handled_by(logging.StreamHandler(sys.stderr)):
        yield


@contextlib.contextmanager
def _handled_by(handler: logging.Handler) -> Iterator[None]:
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.setLevel(logging.INFO)
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        handler.close()


class _File(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """Drops a line that cannot be written."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:  # the file cannot be opened
            self.handleError(record)
