"""Slices: the parts of a global batch, one a process, cut alike whoever trains them.

A batch of B is cut into one contiguous slice a process, whose sizes differ by one at most. The last batch fills its
slices in the same order, so that its last processes may go empty; a slice of one joins the one before, for batch
normalization cannot learn from one image. So two processes at B see what one sees that accumulates two batches of B/2.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from torch import Tensor

Batch = tuple[Tensor, ...]  # x, y and, where pictures are mixed, the soft targets


class Slice(NamedTuple):
    """A process's part of a global batch, None where the last batch does not reach it.

    images: of the whole batch; parts: its slices that are not empty.
    """

    batch: Batch | None
    images: int
    parts: int = 1


def edges(items: int, batch_size: int, processes: int = 1, *, for_all: bool = False) -> list[int]:
    """Where the slices of an epoch begin, one after another, and at last `items`.

    for_all: the last batch is cut evenly, so that every process has a part of it; one of fewer images than processes
    joins the batch before.
    """
    if for_all:
        last = (items - 1) // batch_size * batch_size
        last -= batch_size if last and items - last < processes else 0
        cuts = [last + (items - last) * rank // processes for rank in range(1, processes + 1)]
        return [*edges(last, batch_size, processes), *cuts]
    width, wider = divmod(batch_size, processes)
    widths = itertools.cycle([width + (rank < wider) for rank in range(processes)])
    places = [0]
    while places[-1] < items:
        places.append(min(items, places[-1] + next(widths)))
    if len(places) > 2 and places[-1] - places[-2] == 1 and width > 1:
        del places[-2]
    return places


def grouped(batches: Iterable[Batch | Slice], size: int) -> Iterator[list[Slice]]:
    """Lists of `size` batches; the last may be shorter."""
    group: list[Slice] = []
    for batch in batches:
        group.append(batch if isinstance(batch, Slice) else Slice(batch, len(batch[0])))
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
