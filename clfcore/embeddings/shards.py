"""Embeddings of a split that memory does not hold: shards of 4,096 items in the cache, read where they lie.

They are those of `Embedder.of` to the bit. A shard is a file as soon as its items are done, so that a pass that was
killed goes on from the shards that it has.
"""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from clfcore import cache
from clfcore.augment.view import View
from clfcore.data.decode import Decoded
from clfcore.distributed.ranks import ALONE, Ranks, shares
from clfcore.embeddings import files
from clfcore.embeddings.embedder import BLOCK, Embedder
from clfcore.errors import InputError
from clfcore.progress import Progress

SHARD = 8 * BLOCK  # items of a file


def embeddings_of(
    embedder: Embedder,
    decoded: Decoded,
    indices: np.ndarray,
    *,
    held: int,
    progress: Progress | None = None,
    view: View | None = None,
    ranks: Ranks = ALONE,
    between: Callable[[], None] | None = None,
) -> Sequence[np.ndarray]:
    """Embeddings of some items as arrays one after another, N x D float32 in all.

    One array in memory where they take at most `held` bytes, else memory-mapped ones. The other arguments are those of
    `Embedder.of`, and so is what each process gets. Raises InputError where the cache has no room for what memory does
    not hold.
    """
    if not ranks.agreed_number(int(bytes_of(embedder, len(indices)) > held)):
        return [embedder.of(decoded, indices, progress, view=view, ranks=ranks, between=between)]
    whole = embedder.kept(decoded, indices, view=view, mapped=True)
    if ranks.agreed_number(int(whole is not None)):
        return [] if whole is None else [whole]
    shards = _Shards(embedder, decoded, indices, view=view)
    with torch.inference_mode():
        return shards.made(progress, ranks=ranks, between=between)


def kept_embeddings(embedder: Embedder, decoded: Decoded, indices: np.ndarray) -> Sequence[np.ndarray] | None:
    """The cached embeddings of some items as arrays one after another, memory-mapped; None where some are absent."""
    whole = embedder.kept(decoded, indices, mapped=True)
    if whole is not None:
        return [whole]
    found = _Shards(embedder, decoded, indices, view=None).kept()
    present = [values for values in found if values is not None]
    return present if len(present) == len(found) else None


def bytes_of(embedder: Embedder, items: int) -> int:
    """What the embeddings of so many items take."""
    return items * embedder.width * np.dtype(np.float32).itemsize


class _Shards:
    """The files of a split's embeddings under one view."""

    def __init__(self, embedder: Embedder, decoded: Decoded, indices: np.ndarray, *, view: View | None) -> None:
        self.embedder, self.decoded, self.indices, self.view = embedder, decoded, indices, view
        path, count = embedder.path(decoded, indices, view=view), len(indices)
        self.rows = [range(start, min(start + SHARD, count)) for start in range(0, count, SHARD)]
        self.places = [path.with_name(f"{path.stem}.{rows.start}-{rows.stop}{path.suffix}") for rows in self.rows]

    def kept(self) -> list[np.ndarray | None]:
        """Each shard that the cache has; None for the others."""
        return [files.read(place, len(rows), mapped=True) for rows, place in zip(self.rows, self.places, strict=True)]

    def made(
        self, progress: Progress | None, *, ranks: Ranks, between: Callable[[], None] | None
    ) -> Sequence[np.ndarray]:
        """Every shard; the processes compute the absent ones together, and the first one keeps them."""
        shards = self.kept()
        absent = [int(number) for number in _numbers(ranks, [n for n, values in enumerate(shards) if values is None])]
        ranks.each(lambda: self._require_room(absent) if ranks.first else None)
        parts = shares(len(absent), ranks)
        done, count = len(self.indices) - sum(len(self.rows[number]) for number in absent), len(self.indices)
        with self.embedder.computing(self.decoded, self.indices, view=self.view) as compute:
            for step in range(max(b - a for a, b in itertools.pairwise(parts))):
                now = [absent[a + step] if a + step < b else None for a, b in itertools.pairwise(parts)]
                sizes = [0 if number is None else len(self.rows[number]) for number in now]
                mine, made = now[ranks.rank], [np.empty((0, 0), np.float32)]
                for first in range(0, SHARD, BLOCK):
                    if between is not None:
                        between()
                    for values in compute(self._piece(mine, first)):
                        made.append(values)
                        if progress:
                            progress(min(count, done + ranks.size * sum(map(len, made))), count)
                own = np.concatenate(made[1:]) if len(made) > 1 else made[0]
                edges = [0, *itertools.accumulate(sizes)]
                of_all = ranks.rows(own, edges)
                done += edges[-1]
                for number, (a, b) in zip(now, itertools.pairwise(edges), strict=True):
                    if ranks.first and number is not None:
                        shards[number] = self._written(self.places[number], of_all[a:b])
        return [values for values in shards if values is not None] if ranks.first else []

    def _piece(self, number: int | None, first: int) -> range:
        rows = range(0) if number is None else self.rows[number]
        return rows[first : first + BLOCK]

    def _written(self, place: Path, values: np.ndarray) -> np.ndarray:
        files.write(place, values)
        mapped = files.read(place, len(values), mapped=True)
        return values if mapped is None else mapped  # it was removed at once: this one stays in memory

    def _require_room(self, absent: Sequence[int]) -> None:
        wanted = sum(bytes_of(self.embedder, len(self.rows[number])) for number in absent)
        if not cache.make_room(wanted):
            count = len(self.indices)
            raise InputError(
                f"the embeddings of {count:,} images take {bytes_of(self.embedder, count) / 1e9:,.3g} GB, more than is "
                f"held in memory, and the cache has no room for them: raise {cache.VARIABLE}, which is "
                f"{cache.limit() / 1e9:g}"
            )


def _numbers(ranks: Ranks, own: Sequence[int]) -> Sequence[int]:
    """The first process's numbers, in all."""
    agreed = ranks.agreed([int(number) for number in own])
    return [number for number in agreed if isinstance(number, int)] if isinstance(agreed, list) else []
