"""Streams of torch's random numbers: every piece of work draws from its own.

Initialization and dropout take no generator: they draw from the one that the whole process shares. A stream lends its
state to that generator while its work draws, under one lock, and puts back what was there. So what a piece of work
draws depends on its seed alone, whatever other threads do, and the process's own generator is left as it was.
"""

import contextlib
import threading
from collections.abc import Iterator

import torch

_drawing = threading.RLock()  # held by whoever draws from the process's generators


class Stream:
    """The random numbers of one piece of work, on the CPU and on its device."""

    def __init__(self, seed: int, device: torch.device | None = None) -> None:
        self._devices = [torch.device("cpu"), *([device] if device is not None and device.type != "cpu" else [])]
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Begin anew, as `torch.manual_seed` would."""
        self._states = [torch.Generator(device).manual_seed(seed).get_state() for device in self._devices]

    @contextlib.contextmanager
    def drawn(self) -> Iterator[None]:
        """Within it torch draws from this stream, in this thread alone: others that draw by a stream wait."""
        with _drawing:
            before = [_state(device) for device in self._devices]
            self._lend(self._states)
            try:
                yield
            finally:
                self._states = [_state(device) for device in self._devices]
                self._lend(before)

    def _lend(self, states: list[torch.Tensor]) -> None:
        for device, state in zip(self._devices, states, strict=True):
            if device.type == "cpu":
                torch.set_rng_state(state)
            else:
                getattr(torch, device.type).set_rng_state(state, *_index(device))


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """Within it this thread may draw without a seed; no stream is disturbed, and nothing drawn is seen by others."""
    with Stream(0).drawn():
        yield


def _state(device: torch.device) -> torch.Tensor:
    if device.type == "cpu":
        return torch.get_rng_state()
    return getattr(torch, device.type).get_rng_state(*_index(device))


def _index(device: torch.device) -> tuple[torch.device, ...]:
    return (device,) if device.type == "cuda" else ()
