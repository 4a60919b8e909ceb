"""Progress: what work of some length reports to whoever waits for it."""

import time
from collections import deque
from collections.abc import Callable

from clfcore.results import JsonObject

Progress = Callable[[int, int], None]  # how much is done, of how much
Show = Callable[[JsonObject], None]  # takes what a run writes to progress.json


class Transfer:
    """How far a download is, how fast it was in the last seconds, and how long it still takes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.done, self.total = 0, 0
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque(maxlen=20)  # when, and how many bytes there were

    def __call__(self, done: int, total: int) -> None:
        """Take what is done: bytes, those that were here before it began included."""
        self.done, self.total = done, total
        now = self._clock()
        if not self._marks or now - self._marks[-1][0] >= 0.25:
            self._marks.append((now, done))

    @property
    def bytes_per_second(self) -> float | None:
        """None until there is a pace."""
        if not self._marks:
            return None
        since, before = self._marks[0]
        passed = self._clock() - since
        return (self.done - before) / passed if passed >= 0.25 and self.done > before else None

    @property
    def seconds_left(self) -> float | None:
        """None until there is a pace."""
        pace = self.bytes_per_second
        return (self.total - self.done) / pace if pace else None

    def describe(self, duration: Callable[[float], str]) -> str:
        """`12.3 of 46.8 MB, 5.1 MB/s, 7 s left`, as far as it is known. duration: writes the seconds that are left."""
        words = f"{self.done / 1e6:.1f} of {self.total / 1e6:.1f} MB"
        pace, left = self.bytes_per_second, self.seconds_left
        return words if pace is None or left is None else f"{words}, {pace / 1e6:.1f} MB/s, {duration(left)} left"
