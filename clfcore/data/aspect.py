"""Aspect ratios: what of a dataset's pictures the default fit leaves out, and what of one picture a network sees."""

import contextlib
from dataclasses import dataclass

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.data.image_file import image_size
from clfcore.data.pixels import Fit, Preprocess
from clfcore.errors import InputError
from clfcore.results import JsonObject, Result

CUT_OFF = 0.4  # share of a picture from which the loss is worth a word: 4:3 loses a quarter, 16:9 loses 0.44
MANY = 0.2  # share of the pictures that must lose as much
SAMPLED = 64  # headers that are read where sizes are not known


@dataclass(frozen=True)
class Cut:
    """How many of the pictures lose CUT_OFF or more, and the one in the middle of these: its size and its loss."""

    count: int
    of: int
    width: int
    height: int
    loss: float

    @property
    def sentence(self) -> str:
        which = "all pictures" if self.count == self.of else f"{self.count:,} of {self.of:,} pictures"
        return (
            f"The default crop keeps the middle square, and so cuts off {self.loss:.0%} of {which} (such as "
            f"{self.width} x {self.height} pixels): fit pad (--fit pad) shows all of each."
        )


def cut_off(sizes: np.ndarray) -> Cut | None:
    """What a central square leaves out of pictures of N x 2 sizes (0: unknown); None where it is little, or seldom."""
    known = sizes[sizes.min(axis=1) > 0] if len(sizes) else sizes
    if not len(known):
        return None
    loss = 1 - known.min(axis=1) / known.max(axis=1)
    much = np.flatnonzero(loss >= CUT_OFF)
    if len(much) < MANY * len(known):
        return None
    middle = much[np.argsort(loss[much], kind="stable")[len(much) // 2]]
    width, height = (int(side) for side in known[middle])
    return Cut(len(much), len(known), width, height, float(loss[middle]))


def sampled_sizes(dataset: ImageDataset) -> np.ndarray:
    """Width and height of up to SAMPLED pictures, evenly chosen, by their headers: n x 2 int64, none of an array."""
    sizes = []
    for i in np.unique(np.linspace(0, len(dataset) - 1, SAMPLED).astype(int)) if dataset.paths else ():
        with contextlib.suppress(InputError):  # unreadable files are told of by the checks
            sizes.append(image_size(dataset.files[i]))
    return np.array(sizes, np.int64).reshape(-1, 2)


@dataclass(frozen=True)
class SeenPart(Result):
    """The part of a picture that a network sees, in shares of its width and height, and of its area."""

    fit: Fit
    left: float
    top: float
    width: float
    height: float
    far_from_square: bool

    @property
    def share(self) -> float:
        return self.width * self.height

    def as_json(self) -> JsonObject:
        return {**super().as_json(), "share": self.share, "message": self.sentence}

    @property
    def sentence(self) -> str:
        """What a person should know of a picture far from square; empty of others."""
        if not self.far_from_square:
            return ""
        if self.fit == "crop":
            return f"The network sees the middle square alone, {self.share:.0%} of this picture."
        if self.fit == "pad":
            return "The network sees all of this picture, small, with an empty ground around it."
        return "The network sees all of this picture, squeezed into a square: its proportions are lost."


def seen_part(preprocess: Preprocess, width: int, height: int) -> SeenPart:
    """What the network sees of a picture of this size, in pixels."""
    side = min(width, height)
    far = 1 - side / max(width, height) >= CUT_OFF
    if preprocess.fit != "crop":
        return SeenPart(preprocess.fit, 0.0, 0.0, 1.0, 1.0, far)
    edge = side * preprocess.size / preprocess.stored_side
    across, down = edge / width, edge / height
    return SeenPart("crop", (1 - across) / 2, (1 - down) / 2, across, down, far)
