"""Uploads from a browser: written to disk at once, and opened by a SPEC from then on."""

import functools
import hashlib
import io
import shutil
import tempfile
import zipfile
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


def holds_photos(names: Sequence[str]) -> bool:
    """Whether uploaded files are photos to be predicted, and no dataset: pictures alone, of at most one folder.

    >>> holds_photos(["a.jpg", "b.png"]), holds_photos(["trip/a.jpg"]), holds_photos(["cat/a.jpg", "dog/a.jpg"])
    (True, True, False)
    >>> holds_photos(["coins.zip"])
    False
    """
    paths = [_relative(name) for name in names]
    return len({path.parent for path in paths}) == 1 and all(path.suffix.lower() in IMAGE_SUFFIXES for path in paths)


def _relative(name: str) -> PurePosixPath:
    """The name of an upload as a path below the folder that it came from; of a single file its name."""
    return PurePosixPath(name.replace("\\", "/").lstrip("/"))


def keep_folder(files: Sequence[tuple[str, BinaryIO]]) -> str:
    """The SPEC of an uploaded folder, whose files are named by their paths in it; kept as the zip of it would be.

    So it has a zip's limits and a zip's checks of names. Raises InputError where there is no picture.
    """
    paths = [_relative(name) for name, _ in files]
    tops = {path.parts[0] for path in paths if len(path.parts) > 1}
    top = tops.pop() if len(tops) == 1 else "folder"
    if not any(path.suffix.lower() in IMAGE_SUFFIXES for path in paths):
        raise InputError(f"{top} has no picture in it: upload a folder of class folders")
    with tempfile.TemporaryFile() as packed:
        with zipfile.ZipFile(packed, "w") as archive:
            for path, (_, file) in sorted(zip(paths, files, strict=True), key=lambda pair: str(pair[0])):
                entry = zipfile.ZipInfo(str(path))  # without a time: the same folder twice is the same SPEC
                with archive.open(entry, "w", force_zip64=True) as target:
                    shutil.copyfileobj(file, target, 1 << 20)
        return str(unpack(packed, f"{top}.zip"))


def keep_upload(files: Sequence[tuple[str, io.BytesIO | io.BufferedReader]]) -> str:
    """The SPEC of one .zip, of one .csv manifest with its pictures, or of a folder; kept below the datasets folder.

    Names are of use only as names: a picture stands where the manifest's path with that file name says. Raises
    InputError for anything else, which names what was uploaded.
    """
    kinds = [PurePosixPath(name).suffix.lower() for name, _ in files]
    if files and ".zip" not in kinds and all(len(_relative(name).parts) > 1 for name, _ in files):
        return keep_folder(files)
    if kinds == [".zip"]:
        return import_upload(files[0][1], files[0][0])
    if kinds.count(".csv") != 1 or ".zip" in kinds:
        names = [name for name, _ in files]
        what = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
        raise InputError(
            f"{what or 'no file'}: upload one .zip of class folders, or one .csv manifest with its pictures"
        )
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
