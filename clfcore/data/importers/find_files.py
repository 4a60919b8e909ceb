"""Files that a manifest names: as written, without ending, in a folder beside it, or from another start."""

import os
import posixpath
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from clfcore.data.importers.split_names import split_of
from clfcore.data.importers.walk import Folder, Walk
from clfcore.errors import InputError

DEEPEST = 3  # folders that may stand before the true path of a row


@dataclass(frozen=True)
class Located:
    """The path of each row relative to the manifest's folder, empty where there is no such file. folders: where files
    were found that the manifest does not name in full; rivals: folders that have the same names, rows each."""

    paths: tuple[str, ...]
    folders: tuple[str, ...] = ()
    rivals: tuple[tuple[str, int], ...] = ()


def inside(written: str, row: int, manifest: Path) -> str:
    """A row's path, relative to the manifest's folder and with slashes. Raises InputError where it leads outside."""
    item = written.replace("\\", "/")
    folder = manifest.parent
    if item.startswith("/") or (len(item) > 1 and item[1] == ":"):
        for root in dict.fromkeys((folder.absolute(), folder.resolve())):
            start = root.as_posix().rstrip("/") + "/"
            if posixpath.normpath(item).startswith(start):
                item = posixpath.normpath(item)[len(start) :]
                break
    outside = item.startswith("/") or (len(item) > 1 and item[1] == ":")
    item = posixpath.normpath(item) if item else ""
    if outside or item == ".." or item.startswith("../") or "\0" in item:
        raise InputError(
            f"{manifest} row {row}: path is {written!r}, which leads outside the manifest's folder; "
            "write it relative to the manifest, and keep the pictures beside or below it"
        )
    return item


class Files:
    """The files below a manifest's folder: folders are listed once, which is far quicker than to ask for each file."""

    def __init__(self, manifest: Path) -> None:
        self.folder, self.stem = manifest.parent, manifest.stem
        self._listed: dict[str, set[str]] = {}

    def has(self, path: str) -> bool:
        """Whether there is such a regular file."""
        parent, name = posixpath.split(path)
        if not path or any(len(os.fsencode(part)) > 255 for part in path.split("/")):
            return False
        try:
            if parent not in self._listed:
                with os.scandir(self.folder / parent) as entries:
                    self._listed[parent] = {entry.name for entry in entries if entry.is_file()}
            # The file system may not tell cases apart: it is asked before a row is given up.
            return name in self._listed[parent] or (self.folder / path).is_file()
        except (OSError, ValueError):
            self._listed.setdefault(parent, set())
            return False

    @cached_property
    def _index(self) -> dict[str, list[str]]:
        """Picture files by name and by name without ending, alike in case and Unicode form."""
        index: dict[str, list[str]] = {}
        waiting: list[tuple[Folder, str]] = [(Walk(self.folder).root, "")]
        while waiting:
            folder, place = waiting.pop()
            for name in folder.pictures:
                for written in (name, name.rpartition(".")[0]):
                    index.setdefault(_alike(written), []).append(place + name)
            waiting += [(child, f"{place}{child.name}/") for child in folder.folders]
        return index

    def locate(self, paths: Sequence[str], *, folder: str = "") -> Located:
        """Where the files of all rows are; folder: the one to take where several have the same names."""
        paths_of = [path if self.has(path) else "" for path in paths]
        missing = [i for i, path in enumerate(paths) if path and not paths_of[i]]
        if not missing:
            return Located(tuple(paths_of))
        candidates = self._best(paths, missing)
        starts = Counter(start for rows in candidates.values() for start in rows)
        chosen = ("" if folder == "." else folder.strip("/")) if folder else None
        doubtful = [i for i in missing if len(candidates[i]) > 1]
        rivals: list[tuple[str, int]] = []
        if doubtful and chosen is None:
            order = [start for start, _ in starts.most_common() if any(start in candidates[i] for i in doubtful)]
            most = [start for start in order if starts[start] == starts[order[0]]]
            named = [start for start in most if self._is_own(start)]
            if len(most) == 1 or len(named) == 1:
                chosen = (named or most)[0]
            else:
                rivals = [(start or ".", starts[start]) for start in order]
        used = set()
        for i in missing:
            rows = candidates[i]
            start = chosen if chosen in rows else next(iter(rows)) if len(rows) == 1 and not folder else None
            if start is not None:
                paths_of[i] = rows[start]
                used.add(posixpath.dirname(rows[start]) or ".")
        return Located(tuple(paths_of), tuple(sorted(used)), tuple(rivals))

    def _is_own(self, start: str) -> bool:
        """Whether a folder goes with the manifest by its name: train/ with train.csv or train_labels.csv."""
        name = start.rpartition("/")[2]
        split = split_of(self.stem)[0]
        return name.casefold() == self.stem.casefold() or (split is not None and split_of(name)[0] == split)

    def _best(self, paths: Sequence[str], missing: Sequence[int]) -> dict[int, dict[str, str]]:
        """Each row's files by the folder they start from, with as many folders cut from the paths as finds most."""
        best: dict[int, dict[str, str]] = {i: {} for i in missing}
        for cut in range(DEEPEST + 1):
            candidates = {i: self._candidates(paths[i].split("/"), cut) for i in missing}
            if sum(map(bool, candidates.values())) > sum(map(bool, best.values())):
                best = candidates
            if all(candidates.values()):
                break
        return best

    def _candidates(self, parts: list[str], cut: int) -> dict[str, str]:
        """The files that a path may mean, less its first `cut` folders (at least one stays), by where they start."""
        if cut and len(parts) - cut < 2:
            return {}
        names = [_alike(part) for part in parts[cut:-1]]
        candidates: dict[str, str] = {}
        for place in sorted(self._index.get(_alike(parts[-1]), ())):
            folders = place.split("/")[:-1]
            tail = folders[len(folders) - len(names) :] if names else []
            if [_alike(part) for part in tail] == names and len(folders) >= len(names):
                candidates.setdefault("/".join(folders[: len(folders) - len(names)]), place)
        return candidates


def _alike(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
