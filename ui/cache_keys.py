"""What is kept of a classifier is kept by the files it was made from: a run replaced under its name is another one."""

from collections.abc import Callable
from typing import Concatenate, Generic, ParamSpec, TypeVar

from clfcore.files import runs_folder

NAMES = ("best.safetensors", "classifier.json", "thresholds.json")
P, R = ParamSpec("P"), TypeVar("R")
Files = tuple[tuple[str, int, int, int], ...]


def files_of(name: str) -> Files:
    """The identity of what a run's classifier is opened from: file, number, size, time; nothing for an architecture."""
    folder, found = runs_folder() / name, []
    for file in NAMES:
        try:
            state = (folder / file).stat()
        except (OSError, ValueError):
            continue
        found.append((file, state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(found)


class by_files(Generic[P, R]):
    """Over a Streamlit cache whose first arguments are a classifier's name and its files: callers name it alone.

    A name may be a run's id, the path of its folder, or an architecture.
    """

    def __init__(self, cached: Callable[Concatenate[str, Files, P], R]) -> None:
        self._cached = cached
        self.__doc__ = cached.__doc__

    def __call__(self, name: str, *given: P.args, **named: P.kwargs) -> R:
        return self._cached(name, files_of(name), *given, **named)

    def clear(self, name: str | None = None, *given: P.args, **named: P.kwargs) -> None:
        """Forget what these arguments gave; without any, everything."""
        if name is None:
            self._cached.clear()
        else:
            self._cached.clear(name, files_of(name), *given, **named)
