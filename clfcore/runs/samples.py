"""Sample pictures that suit a classifier: of a run its own test images, digits for small gray networks, else photos."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from clfcore.architectures.catalogue import Architecture
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import SPLITS
from clfcore.data.regular_file import read_bytes
from clfcore.errors import InputError
from clfcore.files import app_folder
from clfcore.photos import Photo
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset

OFFERED = 6
SMALL = 28  # pixels: a network of this side was made for digits


@dataclass(frozen=True)
class Sample:
    """A picture to try a classifier with. name: of an item of data its id; title: what is in it."""

    name: str
    title: str
    photo: Photo


def photographs() -> tuple[Sample, ...]:
    """The photographs that ship."""
    files = sorted((app_folder() / "assets" / "samples").glob("*.jpg"))
    return tuple(Sample(file.stem, file.stem, Photo(file.name, file.read_bytes())) for file in files)


def digits() -> tuple[Sample, ...]:
    """Handwritten digits of the test split, each another one."""
    return of_dataset(open_dataset("digits"))


def of_run(run: Run) -> tuple[Sample, ...]:
    """Pictures of a run's own data that it was not trained on. Raises InputError where the data is gone."""
    return of_dataset(open_run_data(run))


def of_dataset(dataset: "ImageDataset", *, most: int = OFFERED) -> tuple[Sample, ...]:
    """Pictures of the test split, else of validation, spread over its classes; those that cannot be read left out."""
    split = next((name for name in reversed(SPLITS) if len(dataset.splits.get(name, ()))), None)
    items = [] if split is None else [int(index) for index in dataset.splits[split]]
    first: dict[str, int] = {}  # of each class
    for index in items:
        first.setdefault(dataset.finest_label(index), index)
    chosen = list(first.values())
    chosen += [index for index in items if index not in set(chosen)][: max(0, most - len(chosen))]
    step = max(1, len(chosen) // most)
    samples = []
    for index in chosen[::step]:
        try:
            title = dataset.finest_label(index) or "no label"
            samples.append(Sample(dataset.ids[index], title, item_photo(dataset, index, title)))
        except (InputError, OSError):
            continue
        if len(samples) == most:
            break
    return tuple(samples)


def suits_digits(row: Architecture, *, channels: int | None = None) -> bool:
    """Whether digits suit a network better than photographs: it is small, or takes gray pictures."""
    return row.native_image <= SMALL or (row.channels if channels is None else channels) == 1


def item_photo(dataset: "ImageDataset", item: int, title: str) -> Photo:
    """An item as a file: its own bytes, or a PNG of its pixels."""
    if dataset.pixels is None:
        path = dataset.files[item]
        return Photo(f"{title}, {path.name}", read_bytes(path))
    pixels, out = np.asarray(dataset.pixels[item]), io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(out, "png")
    return Photo(f"{title}, {dataset.ids[item]}", out.getvalue())
