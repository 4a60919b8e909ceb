"""What is said of a dataset's values: pictures without a range of their own, and depths that are mixed."""

import contextlib
from collections import Counter

import numpy as np

from clfcore.data.bit_depth import Extremes, ValueRange, shared_range
from clfcore.data.dataset import ImageDataset, Problem
from clfcore.data.image_file import depth, open_picture
from clfcore.data.regular_file import read_bytes
from clfcore.errors import InputError

SAMPLE = 256  # pictures


def training_range(dataset: ImageDataset, extremes: tuple[Extremes | None, ...]) -> ValueRange | None:
    """The dataset's value range, from its training split; None where that has 8 bits alone."""
    train = dataset.splits.get("train", np.empty(0, np.int64))
    return shared_range([one for i in train if (one := extremes[i])])


def shown_range(dataset: ImageDataset) -> ValueRange | None:
    """The value range to show a dataset's pictures by: its own, or that of a sample where it was not read to its end.

    Up to 256 pictures of the training split are read, where they are deep; so many are the whole split of most such
    datasets.
    """
    if dataset.value_range is not None or dataset.paths is None:
        return dataset.value_range
    train = dataset.splits.get("train", np.arange(len(dataset)))
    some = train[np.unique(np.linspace(0, len(train) - 1, SAMPLE).astype(int))] if len(train) else train
    ranges = []
    for path in (dataset.paths[i] for i in some):
        if depth(path).deep:
            with contextlib.suppress(InputError):
                ranges.append(open_picture(read_bytes(path), str(path)).extremes)
    return shared_range([one for one in ranges if one])


def value_problems(
    dataset: ImageDataset,
    *,
    extremes: tuple[Extremes | None, ...],
    notes: tuple[tuple[str, ...], ...],
    faults: tuple[str, ...],
) -> tuple[list[Problem], ...]:
    """Values, depths and bands: a sentence of each picture that is not what its neighbors are, or not whole.

    extremes, notes, faults: one an item, as `DecodeReport` has them; empty where the dataset is an array of bytes.
    """
    values: list[Problem] = []
    bands: list[Problem] = []
    if not any(extremes) and not any(notes):
        return values, [], bands
    common = training_range(dataset, extremes)
    for item, extreme, item_notes in zip(dataset.ids, extremes, notes, strict=True):
        for note in item_notes:
            if "NaN" in note:
                values.append(Problem("values", item, f"{item}: {note}"))
            else:
                bands.append(Problem("bands", item, f"{item}: {note}"))
        if extreme is not None and extreme.lowest == extreme.highest:
            values.append(Problem("values", item, f"{item} has one value alone, {extreme.lowest:g}: it shows nothing"))
        elif extreme is not None and common is not None and extreme.beyond(common):
            own_range = f"{item} has values from {extreme.lowest:g} to {extreme.highest:g}"
            training = f"the value range of the training split is {common[0]:g} to {common[1]:g}"
            values.append(Problem("values", item, f"{own_range}, {training}: what lies beyond is cut"))
    readable = tuple(extreme for extreme, fault in zip(extremes, faults, strict=True) if not fault)
    return values, _mixed(dataset.name, readable), bands


def _mixed(name: str, extremes: tuple[Extremes | None, ...]) -> list[Problem]:
    """One sentence where pictures differ in depth."""
    names = {"uint16": "16 bits", "float32": "floating-point, signed or 32-bit values"}
    counts = Counter("8 bits" if one is None else names[one.dtype] for one in extremes)
    if len(counts) < 2:
        return []
    listed = ", ".join(f"{n:,} have {what}" for what, n in sorted(counts.items()))
    advice = "those of 8 bits keep their own tones, all others share one value range; save them alike if you can"
    return [Problem("depths", "", f"{name} mixes depths: {listed}: {advice}")]
