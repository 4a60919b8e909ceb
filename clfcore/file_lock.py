"""A file that one process alone writes: the others are refused at once, and the lock's file does not stay."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def locked(lock: Path, *, busy: Exception) -> Iterator[None]:
    """Hold a lock file, which is removed at the end. Raises `busy` where another process holds it."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise busy from None
    try:
        yield
    finally:
        held.release()
        with suppress(OSError):
            lock.unlink(missing_ok=True)  # folders are not littered
