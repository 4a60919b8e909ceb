"""What was read of small files, in memory: read again when a file's times, size or identity changes."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

_SETTLED = 2_000_000_000  # nanoseconds after which a file's time tells a change: FAT counts in steps of two seconds
V = TypeVar("V")
Signature = tuple[int, int, int, int]


class Kept:
    """Values by the file that they were read from, for all threads of the process.

    A file that was written within the last two seconds is not trusted to show its next change, and is read again.
    """

    MOST = 65_536  # files

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, tuple[Signature, object]] = {}

    def get(self, name: str, reader: Callable[[Path], V]) -> V:
        """What `reader` makes of the file, or made of it while it was the same. Its errors are not kept."""
        try:
            status = os.stat(name)  # noqa: PTH116 - of thousands of files, where a Path takes three times as long
        except (OSError, ValueError):
            with self._lock:
                self._values.pop(name, None)
            return reader(Path(name))
        signature = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        with self._lock:
            kept = self._values.get(name)
        if kept is not None and kept[0] == signature:
            return cast(V, kept[1])  # one file, one reader
        looked = time.time_ns()
        value = reader(Path(name))
        if looked - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED:
            with self._lock:
                if len(self._values) >= self.MOST:
                    self._values.clear()
                self._values[name] = (signature, value)
        return value


KEPT = Kept()
