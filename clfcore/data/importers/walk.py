"""Directory tree, read once within limits: its folders and picture files, and what else is in it."""

import os
import stat
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from clfcore.data.dataset import Problem
from clfcore.errors import InputError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
    | {".heic", ".heif", ".avif", ".dcm"}  # the last with an extra; without it each is refused by name
)
MOST_ENTRIES = 2_000_000  # files and folders below one folder
MOST_SECONDS = 60.0  # for listing them; 1.2 million on a local disk take about 5
MOST_DEPTH = 32  # folders in folders
LISTED = 50  # problems of one kind that are listed one by one; the rest as a number
# What systems, file servers and tools leave behind, besides names that begin with a dot.
CLUTTER = frozenset(
    {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "@tmp", "#recycle", "#snapshot"}
    | {"@recycle", "@recently-snapshot", "@sharebin", "$recycle.bin", "recycler", "system volume information"}
    | {"lost+found", "found.000", "__pycache__", "picasa.ini", "zbthumbnail.info"}
)


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder: its name and path, its subfolders and the names of its picture files, both sorted."""

    name: str
    path: str
    depth: int = 0
    folders: list["Folder"] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)  # links to folders, not followed

    def count(self) -> int:
        """Pictures in it and below."""
        total, waiting = 0, [self]
        while waiting:
            folder = waiting.pop()
            total += len(folder.pictures)
            waiting += folder.folders
        return total


def is_clutter(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower() in CLUTTER


def as_text(name: str) -> str:
    """A file name as text that can be printed and stored: bytes that are no UTF-8 become a sign of their own."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def shortened(problems: list[Problem]) -> list[Problem]:
    """At most LISTED problems, and one more that counts the rest."""
    if len(problems) <= LISTED:
        return problems
    rest = len(problems) - LISTED
    return [*problems[:LISTED], Problem(problems[0].kind, "", f"{rest} more of this kind are not listed")]


class Walk:
    """One reading of a tree. Nothing is opened: files are told by their names and kinds alone."""

    def __init__(self, root: Path) -> None:
        self._deadline = time.monotonic() + MOST_SECONDS
        self._entries = 0
        self._where = root
        self._strays: list[tuple[str, str, str]] = []  # kind, path, what is said of it
        self._links: dict[str, str] = {}
        self.root = Folder(root.name, str(root))
        self._real = os.path.realpath(root)
        self._walk(self.root)

    def follow(self, folder: Folder) -> None:
        """Follow the links to folders that stand in a folder; those into this tree, or around it, stay left out."""
        for path in list(folder.links):
            real = os.path.realpath(path)
            inside = os.path.relpath(real, self._real)
            around = os.path.relpath(self._real, real)
            if not _leads_out(around) or (
                not _leads_out(inside) and not any(is_clutter(part) for part in Path(inside).parts)
            ):
                self._links[path] = "is a link into this folder itself: it is not followed"
                continue
            folder.links.remove(path)
            self._links.pop(path, None)
            linked = Folder(Path(path).name, path, folder.depth + 1)
            self._walk(linked)
            folder.folders.append(linked)
            folder.folders.sort(key=lambda entry: entry.name)

    def say(self, kind: str, path: str, message: str) -> None:
        self._strays.append((kind, path, message))

    def _walk(self, start: Folder) -> None:
        waiting = deque([start])
        while waiting:
            folder = waiting.popleft()
            try:
                with os.scandir(folder.path) as listed:
                    entries = sorted(self._counted(listed), key=lambda entry: entry.name)
            except OSError as error:
                if folder.depth == 0:
                    raise InputError(
                        f"{folder.path} cannot be read ({error.strerror}): name a readable folder"
                    ) from None
                why = f"cannot be read ({error.strerror}): it is left out"
                self.say("unreadable-folder", folder.path, why)
                continue
            for entry in entries:
                self._take(entry, folder, waiting)

    def _counted(self, listed: Iterable[os.DirEntry]) -> Iterable[os.DirEntry]:
        for entry in listed:
            self._entries += 1
            if self._entries > MOST_ENTRIES:
                raise InputError(
                    f"{self._where} holds more than {MOST_ENTRIES:,} files and folders: name the folder that has the "
                    "class folders, or a part of it"
                )
            if self._entries % 512 == 0 and time.monotonic() > self._deadline:
                raise InputError(
                    f"{self._where} took more than {MOST_SECONDS:.0f} s to list ({self._entries:,} files and folders "
                    "so far): name the folder that has the class folders"
                )
            yield entry

    def _take(self, entry: os.DirEntry, folder: Folder, waiting: deque[Folder]) -> None:
        if is_clutter(entry.name):
            self.say("hidden", entry.path, "")
            return
        is_picture = "." + entry.name.rpartition(".")[2].lower() in IMAGE_SUFFIXES
        try:
            if entry.is_dir(follow_symlinks=False):
                if folder.depth + 1 > MOST_DEPTH:
                    why = f"is more than {MOST_DEPTH} folders deep: it is left out"
                    self.say("too-deep", entry.path, why)
                    return
                inner = Folder(entry.name, entry.path, folder.depth + 1)
                folder.folders.append(inner)
                waiting.append(inner)
                return
            if entry.is_symlink():
                mode = Path(entry.path).stat().st_mode
                if stat.S_ISDIR(mode):
                    folder.links.append(entry.path)
                    self._links[entry.path] = "is a link to a folder: it is not followed"
                    return
                regular = stat.S_ISREG(mode)
            else:
                regular = entry.is_file(follow_symlinks=False)
        except OSError as error:
            if is_picture or entry.is_symlink():
                message = f"is a broken link ({error.strerror}): it is left out"
                self.say("link", entry.path, message)
            return
        if not regular:
            message = "is not a regular file (a pipe, socket or device): it is left out"
            self.say("special-file", entry.path, message)
        elif is_picture:
            folder.pictures.append(entry.name)
        else:
            self.say("not-an-image", entry.path, "is no picture by its name: it is left out")

    def problems(self, root: str, ignored: Iterable[str] = ()) -> dict[str, list[Problem]]:
        """What was found besides pictures, by kind; paths relative to `root`. Nothing is said of ignored folders."""
        skipped = tuple(path + os.sep for path in ignored)
        problems: dict[str, list[Problem]] = {}
        hidden: list[str] = []
        for path, message in self._links.items():
            if not path.startswith(skipped or ("\0",)):
                problems.setdefault("link", []).append(
                    Problem("link", relative(path, root), f"{relative(path, root)} {message}")
                )
        for kind, path, message in self._strays:
            if skipped and path.startswith(skipped):
                continue
            item = relative(path, root)
            if kind == "hidden":
                hidden.append(item)
            else:
                problems.setdefault(kind, []).append(Problem(kind, item, f"{item} {message}"))
        if hidden:
            problems["hidden"] = hidden_once(hidden)
        return problems


def hidden_once(items: Iterable[str]) -> list[Problem]:
    """What is said of hidden files and folders: once for each name that a system leaves in many places."""
    by_name: dict[str, list[str]] = {}
    for item in items:
        name = item.rpartition("/")[2].lower()
        by_name.setdefault("._" if name.startswith("._") else name, []).append(item)
    return sorted((_hidden(listed) for listed in by_name.values()), key=lambda problem: problem.item)


def relative(path: str, root: str) -> str:
    return as_text(os.path.relpath(path, root).replace(os.sep, "/"))


def _leads_out(path: str) -> bool:
    return path == os.pardir or path.startswith(os.pardir + os.sep)


def _hidden(items: list[str]) -> Problem:
    first, more = items[0], len(items) - 1
    message = f"{first} is hidden or left by a system: it is left out"
    if more:
        message = f"{first} and {more:,} more of that name are hidden or left by a system: they are left out"
    return Problem("hidden", first, message)
