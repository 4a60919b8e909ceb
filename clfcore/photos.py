"""Photos of a session: kept on disk for a day, so that a reload or another page finds what was dropped once.

A session's photos are one entry of the cache: bounded with it, cleared with it, and found by a random token alone. The
names that photos came with are content of a list, never the name of a file.
"""

import contextlib
import functools
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clfcore import cache
from clfcore.errors import InputError
from clfcore.files import parse_json, read_text, shortened, write_json, write_whole

MOST_PHOTOS = 100
MOST_BYTES = 256 << 20  # of one session
DAY = 24 * 3600
_TOKEN = re.compile(r"[0-9a-f]{24}")
_FILE = re.compile(r"[0-9a-f]{32}")
_LIST = "photos.json"


@dataclass(frozen=True)
class Photo:
    """A picture that somebody gave: its name and the file's bytes."""

    name: str
    data: bytes


def keep_photos(photos: Sequence[Photo], *, like: str = "") -> str:
    """Keep photos, whole or not at all; returns the token that finds them again, which nobody can guess.

    like: a token that has many of them already; a file is then shared and not written again. Raises InputError where
    they are more than a session holds, and Failure where the disk takes no more.
    """
    check_amount(photos)
    sweep()
    size = sum(len(photo.data) for photo in photos)
    if not cache.make_room(size):
        raise InputError(
            f"the cache has no room for {size / 1e6:,.0f} MB of photos: free some disk, or raise {cache.VARIABLE}"
        )
    token = secrets.token_hex(12)
    folder = _folder(token)
    rows = []
    for photo in photos:
        file = hashlib.blake2b(photo.data, digest_size=16).hexdigest()
        if not (folder / file).exists() and not _shared(folder, file, like):
            write_whole(folder / file, functools.partial(_write, data=photo.data))
        rows.append({"name": photo.name, "file": file})
    write_json(folder / _LIST, rows)  # last: it stands for the whole
    return token


def _shared(folder: Path, file: str, like: str) -> bool:
    """Take a photo's file over from another session's folder; whether that went well."""
    if not _TOKEN.fullmatch(like):
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.link(_folder(like) / file, folder / file)
    except OSError:  # it is not there, or the disk has no such links
        return False
    return True


def check_amount(photos: Sequence[Photo]) -> None:
    """Refuse more photos than a session holds. Raises InputError, which names what there is too much of."""
    if len(photos) > MOST_PHOTOS:
        raise InputError(
            f"{len(photos):,} photos: a session holds {MOST_PHOTOS} at a time; drop fewer, or put them into class "
            "folders to train on them"
        )
    size = sum(len(photo.data) for photo in photos)
    if size > MOST_BYTES:
        raise InputError(
            f"{len(photos):,} photos of {size / 1e6:,.0f} MB together: a session holds {MOST_BYTES / 1e6:,.0f} MB; "
            "drop fewer"
        )


def _write(partial: Path, *, data: bytes) -> None:
    partial.write_bytes(data)


def kept_photos(token: str) -> tuple[Photo, ...]:
    """The photos that were kept under a token, in their order; none where they are gone or it is no token.

    Looking keeps them for another day.
    """
    if not _TOKEN.fullmatch(token):
        return ()
    folder = _folder(token)
    try:
        rows = parse_json(read_text(folder / _LIST, most=1 << 20, what="a list of photos"), what="the list of photos")
        photos = tuple(Photo(str(row["name"]), _read(folder, row["file"])) for row in rows)
    except (InputError, OSError, KeyError, TypeError):  # swept, cleared or damaged: there are no photos then
        return ()
    with contextlib.suppress(OSError):
        os.utime(folder)
    return photos


def _read(folder: Path, file: str) -> bytes:
    if not _FILE.fullmatch(file):
        raise InputError(f"{shortened(file)} is no photo of the session")
    return (folder / file).read_bytes()


def forget_photos(token: str) -> None:
    """Remove the photos that were kept under a token."""
    if _TOKEN.fullmatch(token):
        shutil.rmtree(_folder(token), ignore_errors=True)


def sweep(*, age: float = DAY) -> int:
    """Remove the photos that no session has looked at for `age` seconds; returns of how many sessions they were."""
    removed = 0
    try:
        sessions = list(cache.folder("photos").iterdir())
    except OSError:
        return 0
    for session in sessions:
        with contextlib.suppress(OSError):  # another process was quicker
            if _TOKEN.fullmatch(session.name) and time.time() - session.stat().st_mtime > age:
                shutil.rmtree(session)
                removed += 1
    return removed


def _folder(token: str) -> Path:
    return cache.folder("photos") / token
