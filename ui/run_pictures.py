"""The pictures of a run: under the names and in the split that the run has them in, wherever their files have gone."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.value_ranges import shown_range
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from ui.cards import Picture, item_picture

if TYPE_CHECKING:
    from clfcore.data.bit_depth import ValueRange
    from clfcore.data.dataset import ImageDataset

Kept = tuple[int, int, int] | None  # which split.json it was: a run replaced under its name is another one


def run_dataset(run: Run) -> "ImageDataset":
    """The data of a run, opened once for all sessions. Raises InputError where it is gone."""
    return _opened(str(run.path), _kept(run))[0]


def run_thumbnail(run: Run, item: str) -> Picture:
    """The picture of one of a run's items; one that can no longer be read is an empty square."""
    return _thumbnail(str(run.path), _kept(run), item)


def read_again() -> None:
    """Forget what was read of the data of runs, after files were changed."""
    _opened.clear()
    _thumbnail.clear()
    _value_range.clear()


def _kept(run: Run) -> Kept:
    try:
        state = (run.path / "split.json").stat()
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns


@st.cache_data(show_spinner=False, max_entries=4096)
def _thumbnail(path: str, kept: Kept, item: str) -> Picture:
    dataset, at = _opened(path, kept)
    return item_picture(dataset, at.get(item), lambda: _value_range(path, kept))


@st.cache_resource(show_spinner=False, max_entries=6)
def _opened(path: str, kept: Kept) -> tuple["ImageDataset", dict[str, int]]:
    dataset = open_run_data(Run(Path(path)))
    return dataset, {name: i for i, name in enumerate(dataset.ids)}


@st.cache_resource(show_spinner=False, max_entries=6)
def _value_range(path: str, kept: Kept) -> "ValueRange | None":
    return shown_range(_opened(path, kept)[0])
