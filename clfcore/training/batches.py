"""A split and a policy -> batches. Order and augmentation are functions of seed and epoch alone."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor

from clfcore.augment.apply import apply
from clfcore.augment.geometry import center
from clfcore.augment.mixup import mix_batch, soft_targets
from clfcore.augment.mixup_draws import Mix, pairing
from clfcore.augment.policy import Policy
from clfcore.augment.view import View
from clfcore.data.decode import Decoded
from clfcore.data.held_pixels import AHEAD, most_held
from clfcore.data.pixels import Preprocess
from clfcore.data.thread_pool import read_ahead
from clfcore.distributed.ranks import ALONE, Ranks, shares
from clfcore.task import Task
from clfcore.training.activations import ActivationSource
from clfcore.training.slices import Batch, Slice, edges


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of one split: call with an epoch to train, or `in_order()` to judge.

    indices: the split's items among the decoded ones; targets: the whole dataset's, as `Task` says. Batches are
    x: B x C x size x size float32, normalized, and y, both on `device`.
    """

    decoded: Decoded
    indices: np.ndarray
    targets: np.ndarray
    preprocess: Preprocess
    batch_size: int
    device: torch.device
    policy: Policy | None = None
    seed: int = 0
    mix: Mix | None = None
    task: Task | None = None  # what mixed targets are made for
    weights: np.ndarray | None = None  # how often each item is drawn, N that sum to 1; None: once an epoch each
    ranks: Ranks = ALONE  # this process among those that share each batch
    for_all: bool = False  # each process takes part in every batch, the last one too
    views: int = 0  # draws of the policy that the epochs take in turn; 0: each epoch draws anew
    activations: Sequence[ActivationSource] = ()  # of each view, which batches then hold in the images' place
    _kept: dict[str, Tensor] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """Steps an epoch. A last batch of one joins the one before: batch normalization cannot learn from one image."""
        return max(1, -(-(len(self._edges()) - 1) // self.ranks.size))

    def order(self, epoch: int) -> np.ndarray:
        """The places in the split that an epoch takes, one after another."""
        generator, n = np.random.default_rng((self.seed, epoch)), len(self.indices)
        return generator.permutation(n) if self.weights is None else generator.choice(n, size=n, p=self.weights)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """An epoch of training: shuffled, augmented, mixed; a function of (seed, epoch) alone.

        A mixed batch is x, y and the soft targets (B x columns float32) that the loss takes instead of y.
        """
        return (part.batch for part in self.slices(epoch) if part.batch is not None)

    def slices(self, epoch: int) -> Iterator[Slice]:
        """An epoch's batches as this process's slices of them; partners are mixed within a slice."""
        order, n = self.order(epoch), len(self.indices)
        # An item that is drawn twice is changed in two ways: then a row of the table is a draw's, not an item's. Where
        # views are drawn once it has as many changes as there are views.
        places = order if self.weights is None or self.views else np.arange(n)
        cuts, size = [*zip(self._cut(order), self._cut(places), strict=True)], self.ranks.size
        inputs = self._inputs(epoch, [cuts[place] for place in range(self.ranks.rank, len(cuts), size)])
        for first in range(0, len(cuts), size):
            parts, place = cuts[first : first + size], first + self.ranks.rank
            batch: Batch | None = None
            if place < len(cuts):
                x, y = next(inputs), self._labels(cuts[place][0])
                batch = (x, y) if self.mix is None else self._mixed(self.mix, x, y, epoch=epoch, step=place)
            yield Slice(batch, sum(len(rows) for rows, _ in parts), len(parts))

    def view(self, epoch: int) -> View | None:
        """The view of the split that an epoch sees; None where nothing is changed."""
        if self.policy is None:
            return None
        return View(self.policy, self.seed, (epoch - 1) % self.views + 1 if self.views else epoch)

    def in_view(self, view: View | None, parts: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """The images of each part's rows under a view, B x C x size x size."""
        return self._changed(view, [(rows, rows) for rows in parts])

    def _inputs(self, epoch: int, cuts: Sequence[tuple[np.ndarray, np.ndarray]]) -> Iterator[Tensor]:
        """What the network is given for some rows, each with their places in the table of the epoch's view."""
        if self.activations:
            return self.activations[(epoch - 1) % self.views].batches([rows for rows, _ in cuts])
        return self._changed(self.view(epoch), cuts)

    def _changed(self, view: View | None, cuts: Sequence[tuple[np.ndarray, np.ndarray]]) -> Iterator[Tensor]:
        draws = None if view is None else view.draws(len(self.indices))
        for (_, places), pixels in zip(cuts, self._pictures(rows for rows, _ in cuts), strict=True):
            yield seen(pixels, self.preprocess, view=view, draws=None if draws is None else draws[places])

    def _mixed(self, mix: Mix, x: Tensor, y: Tensor, *, epoch: int, step: int) -> tuple[Tensor, ...]:
        assert self.task is not None, "mixed targets are made for a task"
        pairs = pairing(mix, seed=self.seed, epoch=epoch, step=step, items=len(x), side=x.shape[-1])
        out = mix_batch(pairs, x, soft_targets(y, self.task))
        return out.x, y, out.y

    def in_order(self, batch_size: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """The split once, in its order, as evaluation sees it; of several processes this one's part of the batches."""
        step = batch_size or self.batch_size
        parts = self.in_order_parts(step)
        for rows, pixels in zip(parts, self._pictures(parts), strict=True):
            yield normalized(center(pixels, self.preprocess.size), self.preprocess), self._labels(rows)

    def in_order_parts(self, batch_size: int) -> list[np.ndarray]:
        """The rows of each batch of this process, in the split's order."""
        first, last = self.parts(batch_size)[self.ranks.rank : self.ranks.rank + 2]
        ends = range(first, last, batch_size)
        return [np.arange(start, min(start + batch_size, len(self.indices))) for start in ends]

    def first(self, items: int) -> Tensor:
        """The split's first images, at most `items`, as evaluation sees them; the same in every process."""
        rows = np.arange(min(items, len(self.indices)))
        return normalized(center(next(self._pictures([rows])), self.preprocess.size), self.preprocess)

    def parts(self, batch_size: int) -> list[int]:
        """Where each process's part of the split begins, whole batches in its order, and at last its size."""
        n = len(self.indices)
        return [min(n, batch * batch_size) for batch in shares(-(-n // batch_size), self.ranks)]

    def _edges(self) -> list[int]:
        return edges(len(self.indices), self.batch_size, self.ranks.size, for_all=self.for_all and self.ranks.size > 1)

    def _cut(self, order: np.ndarray) -> list[np.ndarray]:
        return [order[a:b] for a, b in itertools.pairwise(self._edges())]

    def _pictures(self, parts: Iterable[np.ndarray]) -> Iterator[Tensor]:
        """The pixels of each part's rows, B x C x S x S: bytes, or tones (float32 from 0 to 255) of deeper pictures.

        A split that memory holds lies on the device; of a larger one the next batches are read while one is worked on.
        """
        side, channels = self.preprocess.stored_side, self.preprocess.channels
        size = 4 if self.decoded.deep else 1
        if len(self.indices) * side * side * channels * size > most_held():
            load = partial(self.decoded.tones, preprocess=self.preprocess)
            for tones in read_ahead(load, (self.indices[rows] for rows in parts), most=AHEAD):
                yield on_device(tones, self.device)
            return
        if "pixels" not in self._kept:
            self._kept["pixels"] = pixels_of(self.decoded, self.indices, self.preprocess, device=self.device)
        for rows in parts:
            yield self._kept["pixels"][torch.from_numpy(rows).to(self.device)]

    def _labels(self, rows: np.ndarray) -> Tensor:
        if "labels" not in self._kept:
            self._kept["labels"] = torch.from_numpy(np.ascontiguousarray(self.targets[self.indices])).to(self.device)
        return self._kept["labels"][torch.from_numpy(rows).to(self.device)]


def seen(pixels: Tensor, preprocess: Preprocess, *, view: View | None, draws: np.ndarray | None) -> Tensor:
    """Stored squares as the network sees them, B x channels x size x size: changed as a view has it, or their middle.

    draws: the rows of `View.draws` that belong to them; None without a view.
    """
    if view is None or draws is None:
        return normalized(center(pixels, preprocess.size), preprocess)
    changed = apply(view.policy, draws, pixels, size=preprocess.size, mean=preprocess.mean)
    return normalized(changed, preprocess)


def normalized(pixels: Tensor, preprocess: Preprocess) -> Tensor:
    """B x C' x H x W bytes or tones (float32 of 0..255) -> B x channels x H x W float32, gray or color as needed."""
    x = pixels
    if x.shape[1] == 3 and preprocess.channels == 1:
        luma = torch.tensor([0.299, 0.587, 0.114], device=x.device).view(1, 3, 1, 1)  # ITU-R 601
        x = (x.float() * luma).sum(dim=1, keepdim=True)
    elif x.shape[1] == 1 and preprocess.channels == 3:
        x = x.expand(-1, 3, -1, -1)
    mean = torch.tensor(preprocess.mean, device=x.device).view(1, -1, 1, 1)
    deviation = torch.tensor(preprocess.deviation, device=x.device).view(1, -1, 1, 1)
    return torch.div(x, 255).sub_(mean).div_(deviation)  # one new tensor: three cost up to ten times the time


def pixels_of(decoded: Decoded, items: np.ndarray, preprocess: Preprocess, *, device: torch.device) -> Tensor:
    """Some items' stored squares, n x C x S x S on the device: bytes, or tones of deeper pictures."""
    return on_device(decoded.tones(items, preprocess), device)


def on_device(taken: np.ndarray, device: torch.device) -> Tensor:
    """What `Decoded.tones` gave, n x S x S x C, as n x C x S x S on the device."""
    return torch.from_numpy(np.ascontiguousarray(taken)).permute(0, 3, 1, 2).to(device)
