"""Embeddings as rows: N x D float32, read a batch or a block at a time, held in memory or mapped from files.

Either way a batch is the same to the bit, and so are sums over all rows, which are taken block by block.
"""

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from clfcore.data.held_pixels import AHEAD
from clfcore.data.thread_pool import read_ahead

BLOCK = 4096  # rows that are read at once where all are needed: 21 MB of 1,280 numbers each


class Standardization(NamedTuple):
    """Mean and deviation of each dimension, D float32."""

    mean: np.ndarray
    deviation: np.ndarray


class Rows(Protocol):
    """Embeddings of N items, D numbers each."""

    def __len__(self) -> int: ...

    @property
    def width(self) -> int:
        """D."""
        ...

    def batches(self, parts: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """The rows of each part, B x D."""
        ...

    def blocks(self) -> Iterator[Tensor]:
        """All rows in their order, BLOCK x D at a time."""
        ...


@dataclass(frozen=True, eq=False)
class HeldRows:
    """Rows in memory. values: N x D float32."""

    values: Tensor

    def __len__(self) -> int:
        return len(self.values)

    @property
    def width(self) -> int:
        return self.values.shape[1]

    def batches(self, parts: Sequence[np.ndarray]) -> Iterator[Tensor]:
        for rows in parts:
            yield self.values[torch.from_numpy(rows)]

    def blocks(self) -> Iterator[Tensor]:
        yield from self.values.split(BLOCK)

    def first(self, count: int) -> "HeldRows":
        """So many rows from the beginning."""
        return HeldRows(self.values[:count])


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Rows of several arrays, one after another, which may be memory-mapped; standardized as they are read.

    Batches are read ahead, in a thread.
    """

    arrays: Sequence[np.ndarray]
    standard: Standardization | None = None

    def __len__(self) -> int:
        return self._edges()[-1]

    @property
    def width(self) -> int:
        return self.arrays[0].shape[1]

    def batches(self, parts: Sequence[np.ndarray]) -> Iterator[Tensor]:
        edges = np.array(self._edges())
        _advise(self.arrays, "MADV_RANDOM")  # else each row brings its neighbors along, 25 times as much
        yield from map(torch.from_numpy, read_ahead(lambda rows: self._rows(rows, edges), parts, most=AHEAD))

    def blocks(self) -> Iterator[Tensor]:
        _advise(self.arrays, "MADV_SEQUENTIAL")
        yield from map(torch.from_numpy, self._blocks())

    def first(self, count: int) -> "StoredRows":
        """So many rows from the beginning."""
        starts = self._edges()[:-1]
        arrays = [a[: count - start] for a, start in zip(self.arrays, starts, strict=True) if start < count]
        return StoredRows(arrays, self.standard)

    def held(self) -> HeldRows:
        """The same in memory."""
        values = torch.empty(len(self), self.width)
        place = 0
        for block in self.blocks():
            values[place : place + len(block)] = block
            place += len(block)
        return HeldRows(values)

    def _edges(self) -> list[int]:
        edges = [0]
        for array in self.arrays:
            edges.append(edges[-1] + len(array))
        return edges

    def _rows(self, rows: np.ndarray, edges: np.ndarray) -> np.ndarray:
        values = np.empty((len(rows), self.width), np.float32)
        of_array = np.searchsorted(edges, rows, side="right") - 1
        for number in np.unique(of_array).tolist():
            here = of_array == number
            values[here] = self.arrays[number][rows[here] - edges[number]]
        return self._standard(values)

    def _blocks(self) -> Iterator[np.ndarray]:
        edges, count = self._edges(), len(self)
        for start in range(0, count, BLOCK):
            stop = min(start + BLOCK, count)
            parts = [
                array[max(0, start - first) : stop - first]
                for array, first in zip(self.arrays, edges[:-1], strict=True)
                if first < stop and start < first + len(array)
            ]
            yield self._standard(np.concatenate(parts))  # a copy: what is mapped cannot be written to

    def _standard(self, values: np.ndarray) -> np.ndarray:
        if self.standard is not None:
            values -= self.standard.mean
            values /= self.standard.deviation
        return values


def standardize(embeddings: Sequence[np.ndarray]) -> Standardization:
    """The standardization of embeddings, N x D in one array or several; a constant dimension has deviation 1.

    Two passes of sums in double precision, block by block.
    """
    rows = StoredRows(embeddings)
    mean, square = np.zeros(rows.width), np.zeros(rows.width)
    for block in rows.blocks():
        mean += block.numpy().sum(axis=0, dtype=np.float64) / len(rows)
    for block in rows.blocks():
        square += np.square(block.numpy() - mean).sum(axis=0) / len(rows)
    deviation = np.sqrt(square)
    return Standardization(mean.astype(np.float32), np.where(deviation > 1e-6, deviation, 1).astype(np.float32))


def _advise(arrays: Sequence[np.ndarray], advice: str) -> None:
    """Tell the system how mapped arrays are read from now on, where it can be told."""
    number: int | None = getattr(mmap, advice, None)
    if number is None:
        return
    for array in arrays:
        base: object = array
        while isinstance(base, np.ndarray):
            base = base.base
        if isinstance(base, mmap.mmap):
            base.madvise(number)
