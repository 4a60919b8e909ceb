"""The catalogue row of one timm network, which the stored list and timm's own registry both give."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One of timm's networks; sides in pixels, parameters for 1,000 classes and 3 channels."""

    name: str
    family: str  # timm's module
    year: int | None  # of the first paper its module names
    parameters: int | None
    smallest_image: int  # the smallest of some usual sides that ran
    native_image: int
    weights: tuple[str, ...]  # tags, the default first
