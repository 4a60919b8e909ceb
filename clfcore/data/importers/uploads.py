"""Uploads from a browser: written to disk at once, and opened by a SPEC from then on."""

import functools
import hashlib
import io
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from clfcore.data.importers.archives import imported_folder, unpack
from clfcore.data.importers.find_manifests import written_paths
from clfcore.data.importers.walk import IMAGE_SUFFIXES
from clfcore.data.importers.zip_entries import unusable
from clfcore.errors import InputError
from clfcore.files import remove_abandoned, safe_name, write_whole


def import_upload(data: bytes | BinaryIO, name: str) -> str:
    """The SPEC of an uploaded zip, unpacked at once; the same upload twice is the same SPEC. Raises InputError."""
    if not name.lower().endswith(".zip"):
        raise InputError(f"{name} is not a zip: upload one .zip of class folders")
    return str(unpack(io.BytesIO(data) if isinstance(data, bytes) else data, name))


def keep_upload(files: Sequence[tuple[str, io.BytesIO | io.BufferedReader]]) -> str:
    """The SPEC of one .zip, or of one .csv manifest with its pictures, kept below the datasets folder.

    Names are of use only as names: a picture stands where the manifest's path with that file name says. Raises
    InputError for anything else.
    """
    kinds = [PurePosixPath(name).suffix.lower() for name, _ in files]
    if kinds == [".zip"]:
        return import_upload(files[0][1], files[0][0])
    if kinds.count(".csv") != 1 or ".zip" in kinds:
        raise InputError("upload one .zip of class folders, or one .csv manifest with its pictures")
    manifest_name, manifest = files[kinds.index(".csv")]
    digest = hashlib.blake2b(digest_size=8)
    for name, file in sorted(files, key=lambda pair: pair[0]):
        digest.update(name.encode("utf-8", "replace") + b"\\0")
        digest.update(hashlib.file_digest(file, "blake2b").digest())
        file.seek(0)
    stem = safe_name(Path(manifest_name).stem)
    folder = imported_folder() / f"{stem}-{digest.hexdigest()}"
    saved = folder / f"{stem}.csv"
    if saved.is_file():
        return str(saved)
    for part in (folder, *(path for path in folder.rglob("*") if path.is_dir())):  # of an upload that was killed
        remove_abandoned(part)
    text = manifest.read()
    places = {PurePosixPath(path).name: path for path in reversed(written_paths(text, manifest_name))}
    for (name, file), kind in zip(files, kinds, strict=True):
        picture = PurePosixPath(name.replace("\\", "/")).name
        place = places.get(picture) or (
            places.get(PurePosixPath(picture).stem, "") and f"{places[PurePosixPath(picture).stem]}{kind}"
        )
        if kind in IMAGE_SUFFIXES and place and not unusable(PurePosixPath(place)):
            write_whole(folder / place, functools.partial(_copy, file))
    write_whole(saved, lambda partial: partial.write_bytes(text))  # last: it stands for the whole
    return str(saved)


def _copy(file: BinaryIO, partial: Path) -> None:
    with partial.open("wb") as target:
        shutil.copyfileobj(file, target, 1 << 20)
