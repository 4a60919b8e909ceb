"""Embeddings of a split: one pass of a frozen network, cached on disk, after which any head takes seconds.

One file for each split and view, written whole or not at all, keyed by the content of the images, the network, its
weights, its options and the preprocessing. A second head, another seed or another regularization reads it back.
`clfcore.cache` bounds it.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from clfcore import cache
from clfcore.architectures.build import head_name
from clfcore.architectures.fuse import fuse_for_inference
from clfcore.augment import random_table
from clfcore.augment.apply import apply
from clfcore.augment.geometry import center
from clfcore.augment.policy import Policy
from clfcore.data.decode import Decoded
from clfcore.data.held_pixels import AHEAD
from clfcore.data.pixels import Preprocess
from clfcore.data.thread_pool import read_ahead
from clfcore.errors import Failure
from clfcore.files import write_whole
from clfcore.progress import Progress
from clfcore.training.batches import normalized, on_device

BATCH = 16  # the fastest on a CPU: larger batches lose to page faults
VERSION = 1


@dataclass(frozen=True)
class View:
    """Random view of every image: draw `number` (from 1) of a policy under a seed."""

    policy: Policy
    seed: int
    number: int

    @property
    def text(self) -> str:
        """Identity of the view, as text."""
        return json.dumps([self.policy.as_dict(), self.seed, self.number], sort_keys=True)


@dataclass(frozen=True, eq=False)
class Embedder:
    """Embedder, a network up to its head: N images -> N x D float32, the input of the last linear layer."""

    module: nn.Module
    preprocess: Preprocess
    identity: str  # architecture, weights and options, as text
    device: torch.device

    def of(
        self, decoded: Decoded, indices: np.ndarray, progress: Progress | None = None, *, view: View | None = None
    ) -> np.ndarray:
        """Embeddings of some items, N x D float32, read from the cache or computed and cached.

        view: None is what evaluation sees.
        """
        cached = self.kept(decoded, indices, view=view)
        if cached is not None:
            return cached
        values = self._pass(decoded, indices, progress=progress, view=view)
        if cache.make_room(values.nbytes):
            with contextlib.suppress(Failure):  # a full disk does not end a run whose work is done
                write_whole(self.path(decoded, indices, view=view), lambda partial: _write(partial, values))
        return values

    def kept(self, decoded: Decoded, indices: np.ndarray, *, view: View | None = None) -> np.ndarray | None:
        """Cached embeddings of some items; None where there are none, or they are damaged."""
        values = _read(self.path(decoded, indices, view=view))
        if values is None or values.dtype != np.float32 or values.ndim != 2 or len(values) != len(indices):
            return None
        return values if np.isfinite(values).all() else None

    def path(self, decoded: Decoded, indices: np.ndarray, *, view: View | None = None) -> Path:
        """Path of the file in the cache, named by the content that the embeddings depend on."""
        content = hashlib.blake2b(digest_size=16)
        for index in indices:
            content.update(decoded.digests[index].encode())
        key = {"version": VERSION, "network": self.identity, "preprocess": self.preprocess.as_dict()}
        if decoded.deep:
            key["values"] = str(decoded.dtype)
        if view is not None:
            key["view"] = view.text
        content.update(json.dumps(key, sort_keys=True).encode())
        return cache.folder("embeddings") / f"{content.hexdigest()}.npy"

    def _pass(
        self, decoded: Decoded, indices: np.ndarray, *, progress: Progress | None, view: View | None
    ) -> np.ndarray:
        batch = BATCH if self.device.type == "cpu" else 128
        captured: list[Tensor] = []
        parts: list[np.ndarray] = []
        network = hook = None
        try:
            with torch.inference_mode():
                for x in self._inputs(decoded, indices, batch=batch, view=view):
                    if network is None:
                        network, dtype = fuse_for_inference(self.module, x)
                        head = network.get_submodule(head_name(self.module))
                        hook = head.register_forward_pre_hook(lambda _, inputs: captured.append(inputs[0]))
                    network(x.to(dtype=dtype, memory_format=torch.channels_last))
                    parts.append(captured.pop().flatten(1).float().cpu().numpy())
                    if progress:
                        progress(sum(map(len, parts)), len(indices))
        finally:
            if hook is not None:
                hook.remove()
        return np.concatenate(parts)

    def _inputs(
        self, decoded: Decoded, indices: np.ndarray, *, batch: int, view: View | None
    ) -> Iterator[Tensor]:  # B x channels x size x size
        """Batch by batch from the cache: one pass gains nothing from all pixels in memory, and pays for the copy."""
        size, mean = self.preprocess.size, self.preprocess.mean
        table = None
        if view is not None:
            table = random_table.table(view.policy, seed=view.seed, epoch=view.number, items=len(indices))
        parts = [np.arange(start, min(start + batch, len(indices))) for start in range(0, len(indices), batch)]
        taken = read_ahead(lambda rows: decoded.tones(indices[rows], self.preprocess), parts, most=AHEAD)
        for rows, tones in zip(parts, taken, strict=True):
            pixels = on_device(tones, self.device)
            if view is None or table is None:
                pixels = center(pixels, size)
            else:
                pixels = apply(view.policy, table[rows], pixels, size=size, mean=mean)
            yield normalized(pixels, self.preprocess)


def _read(path: Path) -> np.ndarray | None:
    try:
        with path.open("rb") as file:
            values = np.load(file, allow_pickle=False)
    except Exception:  # numpy raises many kinds on damaged files: they are computed anew, as absent ones are
        return None
    if not isinstance(values, np.ndarray):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # the cache drops what was used longest ago
    return values


def _write(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, values)
