"""Where the squares of a batch come from: memory, the flat file of the cache, or the picture files."""

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from clfcore.data.bit_depth import as_stored
from clfcore.data.dataset import ImageDataset
from clfcore.data.pixel_store import PixelStore
from clfcore.data.pixels import Preprocess
from clfcore.data.scan import read_file
from clfcore.data.thread_pool import shared
from clfcore.errors import InputError

_LEAST = 8  # pictures that a thread takes at once


class Pictures(Protocol):
    """Squares by row: M pictures, of which `take` gives n x S x S x C of `dtype` as a copy in memory."""

    @property
    def dtype(self) -> np.dtype: ...

    def take(self, rows: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class InMemory:
    """Squares as they are; or, with a preprocessing, pictures that are resized when they are taken."""

    pixels: np.ndarray
    preprocess: Preprocess | None = None

    @property
    def dtype(self) -> np.dtype:
        return self.pixels.dtype

    def take(self, rows: np.ndarray) -> np.ndarray:
        taken = self.pixels[rows]
        return taken if self.preprocess is None else resized(taken, self.preprocess)


@dataclass(frozen=True, eq=False)
class InFiles:
    """Pictures of files, as they are kept (`compact`), and made squares when they are taken.

    What is not kept, or damaged, is decoded from its file, whose content must be that of `digests`.
    """

    dataset: ImageDataset
    preprocess: Preprocess
    dtype: np.dtype
    channels: int
    digests: tuple[str, ...]
    store: PixelStore | None
    _whole: bool = field(init=False)  # all are kept as squares

    def __post_init__(self) -> None:
        whole = self.store is not None and self.store.squares(self.shape, self.dtype)
        object.__setattr__(self, "_whole", whole)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.preprocess.stored_side, self.preprocess.stored_side, self.channels

    def take(self, rows: np.ndarray) -> np.ndarray:
        if self._whole and self.store is not None:
            stored = self.store.gather(rows, self.shape, self.dtype)
            if stored is not None:
                return stored
        out = np.empty((len(rows), *self.shape), self.dtype)

        def fill(part: range) -> None:
            for place in part:
                out[place] = self._square(int(rows[place]))

        shared(fill, len(rows), least=_LEAST)
        return out

    def _square(self, row: int) -> np.ndarray:
        kept = None if self.store is None else self.store.picture(row)
        square = self.preprocess.resized(self._from_file(row) if kept is None else kept)
        as_it_is = square.dtype == self.dtype and square.shape[2] == self.channels
        return square if as_it_is else as_stored(square, self.channels, self.dtype)

    def _from_file(self, row: int) -> np.ndarray:
        name = self.dataset.ids[row]
        data = read_file(self.dataset.files[row], name)
        if hashlib.blake2b(data, digest_size=16).hexdigest() != self.digests[row]:
            raise InputError(
                f"{name} has changed since it was read: begin again, so that all of the data is of one state"
            )
        return self.preprocess.stored_file(data, name).pixels


def resized(pictures: np.ndarray, preprocess: Preprocess) -> np.ndarray:
    """n x H x W x C uint8 -> n x S x S x C: each as `stored` makes it."""
    side = preprocess.stored_side
    if pictures.shape[1:3] == (side, side):
        return pictures
    out = np.empty((len(pictures), side, side, pictures.shape[3]), np.uint8)

    def fill(part: range) -> None:
        for i in part:
            out[i] = preprocess.stored(pictures[i])

    shared(fill, len(pictures), least=_LEAST)
    return out
