"""Locks on a run: one that a process holds, and a look at it that takes nothing.

Exclusion is filelock's. Whoever only wants to know whether a run is held must not take that lock to find out: two who
look at once would each see the other as the holder. On Linux a holder therefore also marks the file with a lock of its
open file description, which the kernel answers questions about (F_OFD_GETLK); macOS answers the same question about
the lock itself. Elsewhere a look falls back to taking the lock for a moment.
"""

import contextlib
import errno
import os
import struct
import sys
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LAYOUT = "qqihh" if sys.platform == "darwin" else "hhqqi4x"  # struct flock


class RunLock:
    """The lock of a file, for execution (run.lock) or for a place in a queue (queue.lock)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path, poll_interval=0.02, thread_local=False)
        self._mark: int | None = None

    def acquire(self, *, timeout: float = 1.0) -> bool:
        """Whether it was free, or became so within `timeout` seconds. Raises OSError where the file cannot be made."""
        if not self.path.parent.is_dir():  # filelock would make the folder of a run that was deleted
            raise FileNotFoundError(errno.ENOENT, "No such folder", str(self.path.parent))
        try:
            self._lock.acquire(timeout=timeout)
        except Timeout:
            return False
        if hasattr(fcntl, "F_OFD_SETLK"):
            with contextlib.suppress(OSError):  # without a mark, looks fall back
                self._mark = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
                fcntl.fcntl(self._mark, fcntl.F_OFD_SETLK, _whole_file())
        return True

    def release(self) -> None:
        if self._mark is not None:
            os.close(self._mark)
            self._mark = None
        self._lock.release()


def is_held(path: Path | str) -> bool:
    """Whether a process holds this lock file; one that is absent or cannot be opened is held by nobody here."""
    if hasattr(fcntl, "F_OFD_GETLK"):
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            answer = struct.unpack(_LAYOUT, fcntl.fcntl(file, fcntl.F_OFD_GETLK, _whole_file()))
            return answer[3 if sys.platform == "darwin" else 0] != fcntl.F_UNLCK
        except OSError:  # a kernel or file system without them
            pass
        finally:
            os.close(file)
    return _taken(Path(path))


def _whole_file() -> bytes:
    """struct flock: an exclusive lock from the first byte to the last."""
    if sys.platform == "darwin":
        return struct.pack(_LAYOUT, 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
    return struct.pack(_LAYOUT, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def _taken(path: Path) -> bool:
    if not path.is_file():
        return False
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False
