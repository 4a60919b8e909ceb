"""Where a command writes: never over what it reads, and never over a file of somebody else's."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.errors import InputError
from clfcore.files import shortened, typed_path, write_whole

if TYPE_CHECKING:
    from PIL.Image import Image

MADE_BY = "made by clflab"  # stands in every picture, report and model card, so that they may be made again
_SOFTWARE = 0x0131  # EXIF's tag for the program
_LOOKED_AT = 4096  # bytes at either end


def output_path(
    out: str | Path,
    *,
    inputs: Iterable[str | Path | None] = (),
    marks: Sequence[str] = (MADE_BY,),
    content: bytes | None = None,
    overwrite: bool = False,
    what: str = "out",
) -> Path:
    """The path that a command may write to. Raises InputError where that would lose something.

    inputs: what the command reads; none of them is ever written over, by whatever name or link it is reached. A file
    that is there is replaced where it holds one of `marks` (so the lab wrote it, as the same kind), where it holds
    `content` already, or where `overwrite` was asked for.
    """
    path = typed_path(out, what)
    named = f"{what} is {shortened(str(path))!r}"
    if any(_same(path, given) for given in inputs if given):
        raise InputError(f"{named}, which this command reads: name another file, for an input is never written over")
    if path.is_dir():
        raise InputError(f"{named}, which is a folder: name a file")
    if not path.exists() or (overwrite and path.is_file()):
        return path
    if not path.is_file():
        raise InputError(f"{named}, which is a device or a pipe: name a file")
    if content is not None and path.stat().st_size == len(content) and path.read_bytes() == content:
        return path
    if not _marked(path, marks):
        raise InputError(
            f"{named}, a file that is there already and that this command did not write: "
            "name another, or give --overwrite to replace it"
        )
    return path


def save_picture(image: "Image", path: Path, kind: str) -> None:
    """Write a picture whole or not at all, as `kind` (PNG, JPEG, WEBP), so marked that the lab may replace it."""
    from PIL.Image import Exif

    about = Exif()
    about[_SOFTWARE] = MADE_BY
    write_whole(path, lambda partial: image.save(partial, kind, exif=about))


def _same(path: Path, given: str | Path) -> bool:
    try:
        other = typed_path(given)
        return path.samefile(other)
    except InputError:
        return False
    except OSError:  # one is not there yet: then only the names can be compared
        return os.path.realpath(path) == os.path.realpath(other)


def _marked(path: Path, marks: Sequence[str]) -> bool:
    with path.open("rb") as file:
        ends = file.read(_LOOKED_AT)
        file.seek(max(0, path.stat().st_size - _LOOKED_AT))
        ends += file.read(_LOOKED_AT)
    return any(mark.encode() in ends for mark in marks)
