"""Memory budget of decoding: how many pixels all threads of a process decode at once."""

import contextlib
import threading
from collections.abc import Iterator

MOST_PIXELS = 128_000_000  # at 4 to 12 bytes a pixel while it is decoded
SMALL = 4_000_000  # pixels of a picture that does not count


class DecodeBudget:
    """Pixels that threads hold while they decode; one waits where its picture would pass the most.

    A picture of more than the most is decoded alone.
    """

    def __init__(self, most: int = MOST_PIXELS) -> None:
        self.most, self._held = most, 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        """Wait for room for a picture of so many pixels, and hold it."""
        if pixels <= SMALL:
            yield
            return
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._held + pixels <= self.most)
            self._held += pixels
        try:
            yield
        finally:
            with self._changed:
                self._held -= pixels
                self._changed.notify_all()


BUDGET = DecodeBudget()
