"""Embeddings of a split: one pass of a frozen network, cached on disk, after which any head takes seconds.

One file for each split and view, written whole or not at all, keyed by the content of the images, the network, its
weights, its options and the preprocessing. A second head, another seed or another regularization reads it back. While a
pass goes on, each block of it is cached, so that one that was killed goes on from these; several processes share the
blocks. `clfcore.cache` bounds it all. `shards` keeps and reads those that memory does not hold.
"""

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from clfcore import cache
from clfcore.architectures.build import head_name
from clfcore.architectures.fuse import fuse_for_inference
from clfcore.augment.view import View
from clfcore.data.decode import Decoded
from clfcore.data.held_pixels import AHEAD
from clfcore.data.pixels import Preprocess
from clfcore.data.thread_pool import read_ahead
from clfcore.distributed.ranks import ALONE, Ranks, shares
from clfcore.embeddings import files
from clfcore.progress import Progress
from clfcore.training.batches import on_device, seen

BATCH = 16  # the fastest on a CPU: larger batches lose to page faults
BLOCK = 512  # images that are cached at once while a pass goes on; a multiple of every batch
VERSION = 2  # 1: an MLP head's test split was embedded by its own first layer, too


@dataclass(frozen=True, eq=False)
class Embedder:
    """Embedder, a network up to its head: N images -> N x D float32, the input of the last linear layer."""

    module: nn.Module
    preprocess: Preprocess
    identity: str  # architecture, weights and options, as text
    device: torch.device
    head: str = ""  # whose input it is, by name; empty: the last linear layer, which a head of several replaces

    def of(
        self,
        decoded: Decoded,
        indices: np.ndarray,
        progress: Progress | None = None,
        *,
        view: View | None = None,
        ranks: Ranks = ALONE,
        between: Callable[[], None] | None = None,
    ) -> np.ndarray:
        """Embeddings of some items, N x D float32, read from the cache or computed and cached.

        view: None is what evaluation sees. ranks: the processes that compute them together, each a part of the blocks;
        the first one's cache decides, and it alone is sure to get them. between: called in all of them at once, between
        the blocks. A pass that ended early goes on from the blocks that it has cached.
        """
        cached = self.kept(decoded, indices, view=view)
        if ranks.agreed_number(int(cached is not None)):
            return np.empty((0, 0), np.float32) if cached is None else cached
        with torch.inference_mode():
            values = self._pass(decoded, indices, progress=progress, view=view, ranks=ranks, between=between)
        if ranks.first:
            path = self.path(decoded, indices, view=view)
            files.keep(path, values)
            for block in path.parent.glob(f"{path.stem}.*{path.suffix}"):
                block.unlink(missing_ok=True)
        return values

    def kept(
        self, decoded: Decoded, indices: np.ndarray, *, view: View | None = None, mapped: bool = False
    ) -> np.ndarray | None:
        """Cached embeddings of some items; None where there are none, or they are damaged. mapped: left in the file."""
        return files.read(self.path(decoded, indices, view=view), len(indices), mapped=mapped)

    def path(self, decoded: Decoded, indices: np.ndarray, *, view: View | None = None) -> Path:
        """Path of the file in the cache, named by the content that the embeddings depend on."""
        key = {"version": VERSION, "network": self.identity, "preprocess": self.preprocess.as_dict()}
        if view is not None:
            key["view"] = view.text
        return cache.folder("embeddings") / f"{decoded.digest(indices, key)}.npy"

    def _pass(
        self,
        decoded: Decoded,
        indices: np.ndarray,
        *,
        progress: Progress | None,
        view: View | None,
        ranks: Ranks,
        between: Callable[[], None] | None,
    ) -> np.ndarray:
        batch, count = self.batch, len(indices)
        each = min(BLOCK, -(-count // (ranks.size * batch)) * batch)
        edges = [*range(0, count, each), count]
        parts = shares(len(edges) - 1, ranks)
        path = self.path(decoded, indices, view=view)
        own, done = [np.empty((0, 0), np.float32)], 0
        with self.computing(decoded, indices, view=view) as compute:

            def embedded(rows: range) -> np.ndarray:
                made: list[np.ndarray] = []
                for values in compute(rows):
                    made.append(values)
                    if progress:
                        progress(min(count, ranks.size * (done + sum(map(len, made)))), count)
                return np.concatenate(made)

            for number in range(max(b - a for a, b in itertools.pairwise(parts))):
                if between is not None:
                    between()
                block = parts[ranks.rank] + number
                if block >= parts[ranks.rank + 1]:  # the others have one more
                    continue
                rows = range(edges[block], edges[block + 1])
                place = path.with_name(f"{path.stem}.{rows.start}-{rows.stop}{path.suffix}")
                values = files.read(place, len(rows))
                if values is None:
                    values = embedded(rows)
                    if len(edges) > 2:
                        files.keep(place, values)
                done += len(rows)
                own.append(values)
        whole = np.concatenate(own[1:]) if len(own) > 1 else own[0]
        return ranks.rows(whole, [edges[part] for part in parts])

    @property
    def width(self) -> int:
        """D, the numbers of an embedding."""
        head = self.module.get_submodule(self.head or head_name(self.module))
        return next(part for part in head.modules() if isinstance(part, nn.Linear)).in_features

    @property
    def batch(self) -> int:
        """Images of a forward pass."""
        return BATCH if self.device.type == "cpu" else 128

    @contextlib.contextmanager
    def computing(
        self, decoded: Decoded, indices: np.ndarray, *, view: View | None
    ) -> Iterator[Callable[[range], Iterator[np.ndarray]]]:
        """What computes a part of the split, batch after batch; a part begins at a multiple of a batch."""
        inputs = _Inputs(self, decoded, indices, view=view)
        with contextlib.ExitStack() as stack:

            @functools.cache
            def forward() -> Callable[[Tensor], np.ndarray]:
                sample = next(inputs.batches(range(min(len(indices), self.batch)), self.batch))
                return stack.enter_context(self._forward(sample))

            def compute(rows: range) -> Iterator[np.ndarray]:
                for x in inputs.batches(rows, self.batch):
                    yield forward()(x)

            yield compute

    @contextlib.contextmanager
    def _forward(self, sample: Tensor) -> Iterator[Callable[[Tensor], np.ndarray]]:
        """The network made quick (by a sample that is the same in every process), up to its head."""
        captured: list[Tensor] = []
        network, dtype = fuse_for_inference(self.module, sample)
        head = network.get_submodule(self.head or head_name(self.module))
        hook = head.register_forward_pre_hook(lambda _, inputs: captured.append(inputs[0]))

        def forward(x: Tensor) -> np.ndarray:
            network(x.to(dtype=dtype, memory_format=torch.channels_last))
            return captured.pop().flatten(1).float().cpu().numpy()

        try:
            yield forward
        finally:
            hook.remove()


class _Inputs:
    """A split as the network sees it, batch by batch from the cache: all pixels in memory would gain nothing."""

    def __init__(self, embedder: Embedder, decoded: Decoded, indices: np.ndarray, *, view: View | None) -> None:
        self.embedder, self.decoded, self.indices, self.view = embedder, decoded, indices, view
        self.draws = None if view is None else view.draws(len(indices))

    def batches(self, part: range, batch: int) -> Iterator[Tensor]:  # B x channels x size x size
        """The rows of a part of the split."""
        preprocess, device = self.embedder.preprocess, self.embedder.device
        parts = [np.arange(start, min(start + batch, part.stop)) for start in range(part.start, part.stop, batch)]
        taken = read_ahead(lambda rows: self.decoded.tones(self.indices[rows], preprocess), parts, most=AHEAD)
        for rows, tones in zip(parts, taken, strict=True):
            draws = None if self.draws is None else self.draws[rows]
            yield seen(on_device(tones, device), preprocess, view=self.view, draws=draws)
