"""Dynamic batching: one thread computes, and each time takes all that waits, up to a batch."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from clfcore.inference.predictor import Outputs


class Busy(Exception):
    """As much waits already as may wait."""


@dataclass(eq=False)
class _Job:
    squares: Sequence[np.ndarray]
    result: "Future[Outputs]" = field(default_factory=Future)


class Batcher:
    """A queue of squares in front of a model.

    compute: squares of one shape and type -> outputs. most: squares in a batch; waiting: squares in the queue. Numbers
    of what was done are for the metrics.
    """

    def __init__(
        self, compute: Callable[[Sequence[np.ndarray]], Outputs], *, most: int = 16, waiting: int = 128
    ) -> None:
        self._compute, self._most, self._waiting = compute, most, waiting
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.batches, self.squares, self.seconds, self.queued = 0, 0, 0.0, 0
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)
        self._thread.start()

    def submit(self, squares: Sequence[np.ndarray]) -> "Future[Outputs]":
        """The outputs to come. A cancelled future is not computed. Raises Busy where the queue is full."""
        job = _Job(squares)
        with self._changed:
            if self._closed or (self.queued and self.queued + len(squares) > self._waiting):
                raise Busy
            self._jobs.append(job)
            self.queued += len(squares)
            self._changed.notify()
        return job.result

    def close(self) -> None:
        """Compute what waits, then end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._take():
            started = time.perf_counter()
            squares = [square for job in jobs for square in job.squares]
            try:
                outputs = self._compute(squares)
            except Exception as error:  # the model's: every picture of the batch has it
                for job in jobs:
                    job.result.set_exception(error)
                continue
            finally:
                self.batches, self.squares = self.batches + 1, self.squares + len(squares)
                self.seconds += time.perf_counter() - started
            start = 0
            for job in jobs:
                job.result.set_result(outputs.rows(start, start + len(job.squares)))
                start += len(job.squares)

    def _take(self) -> list[_Job]:
        """The next batch: jobs of one shape and type; empty once all is done and closed."""
        with self._changed:
            while True:
                jobs: list[_Job] = []
                while self._jobs and (not jobs or self._fits(jobs, self._jobs[0])):
                    job = self._jobs.popleft()
                    self.queued -= len(job.squares)
                    if job.result.set_running_or_notify_cancel():
                        jobs.append(job)
                if jobs or (self._closed and not self._jobs):
                    return jobs
                self._changed.wait()

    def _fits(self, jobs: Sequence[_Job], job: _Job) -> bool:
        mine, other = jobs[0].squares[0], job.squares[0]
        count = sum(len(taken.squares) for taken in jobs) + len(job.squares)
        return count <= self._most and mine.shape == other.shape and mine.dtype == other.dtype
