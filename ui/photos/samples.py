"""Sample pictures to try a classifier with: a run's own test images, digits, photographs."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from clfcore.architectures.catalogue import architecture
from clfcore.errors import Failure, InputError
from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.runs import samples
from clfcore.runs.folder import Run
from clfcore.runs.samples import OFFERED, Sample, suits_digits
from ui.cards import Picture
from ui.loaders import Files, by_files
from ui.photos.held import thumbnail


@dataclass(frozen=True)
class ShownSample:
    """A sample picture with its thumbnail; title: what is in it."""

    title: str
    photo: Photo
    small: Picture


def samples_for(models: Sequence[str], *, channels: int | None = None) -> dict[str, ShownSample]:
    """Samples by name that suit classifiers: a run's own test images, digits for small gray networks, else photos.

    channels: of a network that is built with others than its own.
    """
    groups: list[dict[str, ShownSample]] = []
    for name in models:
        group = _samples_of(name, channels)
        if group not in groups:
            groups.append(group)
    most = max(3, OFFERED // max(1, len(groups)))
    chosen: dict[str, ShownSample] = {}
    for group in groups or [photographs()]:
        for key in list(group)[:most]:
            chosen.setdefault(key, group[key])
    return chosen


def _samples_of(name: str, channels: int | None) -> dict[str, ShownSample]:
    folder = runs_folder() / name
    if folder.is_dir():
        try:
            return _of_run(name) or photographs()
        except (InputError, Failure):  # its data is gone
            return photographs()
    return _digits() if suits_digits(architecture(name), channels=channels) else photographs()


@by_files
@st.cache_data(show_spinner=False, max_entries=8)
def _of_run(name: str, files: Files) -> dict[str, ShownSample]:
    return _shown(samples.of_run(Run(runs_folder() / name)))


@st.cache_data(show_spinner=False)
def _digits() -> dict[str, ShownSample]:
    return _shown(samples.digits())


@st.cache_data(show_spinner=False)
def photographs() -> dict[str, ShownSample]:
    """The photographs that ship, by name."""
    return _shown(samples.photographs())


def _shown(samples: Sequence[Sample]) -> dict[str, ShownSample]:
    pictures = ((sample, thumbnail(sample.photo)) for sample in samples)
    return {sample.name: ShownSample(sample.title, sample.photo, small) for sample, small in pictures if small}
