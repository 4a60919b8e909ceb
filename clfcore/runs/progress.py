"""What a run says of itself while it works: progress.json for those who watch, and a callback for a terminal."""

import contextlib
import math
import time

from pydantic import JsonValue
from torch import Tensor

from clfcore.errors import Failure
from clfcore.progress import Show
from clfcore.runs.folder import Run

EVERY = 0.25  # seconds between two writes: watchers look about once a second


class Reporter:
    """Writes progress at most every quarter of a second, and always when the stage changes."""

    def __init__(self, run: Run, show: Show | None) -> None:
        self.run, self.show = run, show
        self._last, self._stage, self._since = 0.0, "", 0.0
        self._epochs = self._steps = self._batch = 0
        self._first: tuple[int, float] | None = None

    def __call__(self, stage: str, done: int, total: int, **more: JsonValue) -> None:
        """`done` of `total` within a stage: preparing, decoding, embedding, activations, training or evaluating."""
        now = time.perf_counter()
        if stage != self._stage:
            self._stage, self._since = stage, now
        elif now - self._last < EVERY and done < total:
            return
        self._last = now
        passed = now - self._since
        values = {"stage": stage, "done": done, "total": total, **more}
        if done and passed > 0.5:
            values.setdefault("images_per_second", round(done / passed, 1))
            values.setdefault("seconds_left", round(passed / done * (total - done), 1))
        with contextlib.suppress(Failure):  # watching is worth no run: a full disk is met by the checkpoint
            self.run.write("progress.json", values)
        if self.show:
            self.show(values)

    def epochs(self, epochs: int, steps: int, batch_size: int) -> None:
        """Say how long the training stage is: epochs, steps an epoch, images a step."""
        self._epochs, self._steps, self._batch, self._first = epochs, steps, batch_size, None

    def step(self, step: int, loss: Tensor) -> None:
        """A training step (from 1, over the whole run) is done; waits for the device only when it writes."""
        now = time.perf_counter()
        if self._first is None:
            self._first = (step, now)
        total = self._epochs * self._steps
        if self._stage == "training" and now - self._last < EVERY and step < total:
            return
        first, since = self._first
        value = loss.item()
        more: dict[str, JsonValue] = {"epoch": (step - 1) // self._steps + 1}
        if math.isfinite(value):  # JSON knows no NaN; a loss that is none ends the run soon
            more["loss"] = round(value, 5)
        if step > first and now > since:
            per_step = (now - since) / (step - first)
            more["images_per_second"] = round(self._batch / per_step, 1)
            more["seconds_left"] = round(per_step * (total - step), 1)
        self("training", step, total, epochs=self._epochs, **more)
