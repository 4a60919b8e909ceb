"""Activations at the cut of a network, computed for each batch, or kept in the cache and read by batch.

One file for each view of a split, written whole or not at all, keyed as embeddings are and by the cut. It is mapped
into memory, so that an epoch never needs the whole. Kept or not, they are the same to the bit: kernels are chosen by
the size of a batch, so each is filled up to one size.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from clfcore.architectures.cut_network import CutNetwork
from clfcore.data.held_pixels import AHEAD
from clfcore.data.thread_pool import read_ahead
from clfcore.files import write_whole
from clfcore.training.frozen_norm import FrozenNorm
from clfcore.training.loop import State

_HALVES = (torch.bfloat16, torch.float16)  # kept as integers of 16 bits: NumPy has only one of them


class ActivationSource(Protocol):
    """What the frozen stages make of a split's images under one view."""

    def batches(self, parts: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """The activations of each part's rows, B x shape."""
        ...


@dataclass(frozen=True, eq=False)
class ComputedActivations:
    """Activations computed whenever they are asked for, as a training step would: frozen batch normalization folded.

    images: what gives the images of some rows, B x C x S x S. size: images of a forward pass.
    """

    state: State
    network: CutNetwork
    images: Callable[[Sequence[np.ndarray]], Iterator[Tensor]]
    size: int

    def batches(self, parts: Sequence[np.ndarray]) -> Iterator[Tensor]:
        folded: FrozenNorm | None = None
        for x in self.images(parts):
            chunks = []
            for images in x.split(self.size):
                filled = self.state.placed(torch.cat([images, images[:1].expand(self.size - len(images), -1, -1, -1)]))
                if folded is None:
                    folded = FrozenNorm(self.state.model)
                    folded.check(filled)
                with torch.no_grad(), self.state.autocast(), folded.folded():
                    chunks.append(self.network.activations(filled)[: len(images)])
            yield torch.cat(chunks) if len(chunks) > 1 else chunks[0]


@dataclass(frozen=True, eq=False)
class Activations:
    """What the frozen stages made of a split's N images under one view, in their order.

    values: N x the shape of one image's activations, its dimensions in the order in which memory holds them.
    """

    values: np.ndarray
    network: CutNetwork
    device: torch.device

    def batches(self, parts: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """The activations of each part's rows, B x shape, as the network made them; the next are read meanwhile."""
        back = np.argsort(self.network.order).tolist()
        for values in read_ahead(self.values.__getitem__, parts, most=AHEAD):
            yield torch.from_numpy(values).view(self.network.dtype).to(self.device, non_blocking=True).permute(back)


def read_activations(path: Path, network: CutNetwork, *, count: int, device: torch.device) -> Activations | None:
    """The activations of `count` images that stand at a path; None where there are none, or they are damaged."""
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if values.shape != (count, *_shape(network)) or values.dtype != _stored(network.dtype):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # the cache drops what was used longest ago
    return Activations(values, network, device)


def write_activations(path: Path, network: CutNetwork, activations: Iterable[Tensor], *, count: int) -> None:
    """Write the activations of `count` images, B x shape by B x shape. Raises Failure where the disk is full."""

    def fill(partial: Path) -> None:
        values = np.lib.format.open_memmap(
            partial, mode="w+", dtype=_stored(network.dtype), shape=(count, *_shape(network))
        )
        done = 0
        for batch in activations:
            values[done : done + len(batch)] = as_kept(network, batch)
            done += len(batch)
        values.flush()

    write_whole(path, fill)


def as_kept(network: CutNetwork, activations: Tensor) -> np.ndarray:
    """Activations, B x shape, as `Activations` holds them."""
    rows = activations.to(network.dtype).permute(network.order).contiguous()
    return (rows.view(torch.int16) if network.dtype in _HALVES else rows).cpu().numpy()


def image_bytes(network: CutNetwork) -> int:
    """Bytes of one image's activations."""
    return network.shape.numel() * network.dtype.itemsize


def _shape(network: CutNetwork) -> tuple[int, ...]:
    return tuple(network.shape[dimension - 1] for dimension in network.order[1:])


def _stored(dtype: torch.dtype) -> np.dtype:
    return np.dtype(np.int16) if dtype in _HALVES else np.dtype(np.float32)
