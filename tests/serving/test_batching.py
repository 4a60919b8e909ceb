"""A queue in front of a model: what waits together is computed together."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

import numpy as np
import pytest

from clfcore.inference.predictor import Outputs
from clfcore.serving.batching import Batcher, Busy

SECONDS = 30  # until a test that hangs has failed


def square(value: int, *, side: int = 2) -> np.ndarray:
    return np.full((side, side, 3), value, np.uint8)


def doubled(squares: Sequence[np.ndarray]) -> Outputs:
    logits = np.array([[2.0 * each[0, 0, 0]] for each in squares], np.float32)
    return Outputs(logits, logits)


def answers(futures: Sequence["Future[Outputs]"]) -> list[float]:
    return [float(value) for future in futures for value in future.result(SECONDS).logits[:, 0]]


@contextmanager
def batcher_of(compute: Callable[[Sequence[np.ndarray]], Outputs], **limits: int) -> Iterator[Batcher]:
    batcher = Batcher(compute, **limits)
    try:
        yield batcher
    finally:
        batcher.close()


class Gate:
    """A model that tells how large its batches are, and computes none before it may."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.began, self.may = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, squares: Sequence[np.ndarray]) -> Outputs:
        self.sizes.append(len(squares))
        self.began.release()
        assert self.may.acquire(timeout=SECONDS)
        return doubled(squares)

    def has_begun(self) -> bool:
        return self.began.acquire(timeout=SECONDS)


def test_what_waits_is_one_batch_up_to_the_limit() -> None:
    gate = Gate()
    with batcher_of(gate, most=4) as batcher:
        first = batcher.submit([square(0)])
        assert gate.has_begun()
        rest = [batcher.submit([square(i)]) for i in range(1, 7)]
        gate.may.release(3)
        assert answers([first, *rest]) == [0, 2, 4, 6, 8, 10, 12]
    assert gate.sizes == [1, 4, 2]
    assert (batcher.batches, batcher.squares, batcher.queued) == (3, 7, 0)


def test_squares_of_another_shape_are_another_batch() -> None:
    gate = Gate()
    with batcher_of(gate) as batcher:
        first = batcher.submit([square(0)])
        assert gate.has_begun()
        rest = [batcher.submit([square(1)]), batcher.submit([square(2, side=3)]), batcher.submit([square(3)])]
        gate.may.release(4)
        assert answers([first, *rest]) == [0, 2, 4, 6]
    assert gate.sizes == [1, 1, 1, 1]


def test_a_full_queue_refuses_and_a_cancelled_job_is_not_computed() -> None:
    gate = Gate()
    with batcher_of(gate, waiting=2) as batcher:
        first = batcher.submit([square(0)])
        assert gate.has_begun()
        waiting = batcher.submit([square(1), square(2)])
        with pytest.raises(Busy):
            batcher.submit([square(3)])
        assert waiting.cancel()
        gate.may.release(2)
        assert answers([first]) == [0]
    assert gate.sizes == [1]


def test_the_end_computes_what_waits_and_takes_nothing_more() -> None:
    gate = Gate()
    batcher = Batcher(gate)
    futures = [batcher.submit([square(i)]) for i in range(4)]
    gate.may.release(4)
    batcher.close()
    assert answers(futures) == [0, 2, 4, 6]
    with pytest.raises(Busy):
        batcher.submit([square(5)])


def test_an_error_of_the_model_is_that_of_every_picture_of_its_batch_alone() -> None:
    def compute(squares: Sequence[np.ndarray]) -> Outputs:
        if len(squares) == 2:
            raise ValueError("no memory")
        return doubled(squares)

    with batcher_of(compute) as batcher:
        with pytest.raises(ValueError, match="no memory"):
            batcher.submit([square(1), square(1)]).result(SECONDS)
        assert answers([batcher.submit([square(4)])]) == [8]
