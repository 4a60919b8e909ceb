"""Unlabeled pictures of a folder, a zip, or a CSV manifest: their names at once, their bytes one after the other."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from clfcore.data.importers import zip_entries
from clfcore.data.importers.columns import own_names, path_columns
from clfcore.data.importers.csv_table import Table, read_table
from clfcore.data.importers.find_files import inside
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.walk import Folder, Walk, as_text
from clfcore.data.importers.zip_directory import read_directory, readable
from clfcore.data.regular_file import MOST_BYTES, read_bytes
from clfcore.errors import InputError
from clfcore.files import typed_path


@dataclass(frozen=True)
class PictureFile:
    """A picture: its name in the source, and how its bytes are read, which raises InputError."""

    name: str
    read: Callable[[], bytes]


@contextmanager
def open_pictures(sources: Sequence[str]) -> Iterator[tuple[PictureFile, ...]]:
    """The pictures of folders, zips, CSV manifests and files, in the order of their names.

    Names are relative to their folder, zip or manifest; of several sources they begin with the source. A zip is read
    in place, within limits: nothing of it is unpacked to disk. Raises InputError where a source cannot be read or none
    has a picture.
    """
    with ExitStack() as holding:
        pictures: list[PictureFile] = []
        for source in sources:
            prefix = f"{as_text(source).rstrip('/')}/" if len(sources) > 1 else ""
            pictures += _of_source(source, prefix, holding)
        if not pictures:
            raise InputError(f"{', '.join(sources)} holds no pictures: name a folder, a zip or a CSV manifest of some")
        yield tuple(pictures)


def _of_source(source: str, prefix: str, holding: ExitStack) -> list[PictureFile]:
    path = typed_path(source, "source")
    if path.is_dir():
        return [_file(prefix + name, file) for name, file in folder_pictures(path)]
    if not path.is_file():
        raise InputError(f"{source} does not exist: name a folder, a zip, a CSV manifest or an image file")
    if path.suffix.lower() == ".csv":
        return _of_manifest(path, prefix)
    if path.suffix.lower() == ".zip":
        try:
            file = holding.enter_context(path.open("rb"))
        except OSError as error:
            raise InputError(f"{source} cannot be read ({error.strerror}): name a readable zip") from None
        return [PictureFile(prefix + entry.name, entry.read) for entry in zipped_pictures(file, path.name, holding)]
    return [_file(as_text(source), path)]


def _file(name: str, path: Path) -> PictureFile:
    return PictureFile(name, lambda: read_bytes(path))


def folder_pictures(root: Path) -> Iterator[tuple[str, Path]]:
    """Picture files in and below a folder, by their names; hidden files and linked folders are left out."""
    waiting: list[tuple[Folder, str]] = [(Walk(root).root, "")]
    while waiting:
        folder, place = waiting.pop()
        for name in folder.pictures:
            yield as_text(place + name), Path(folder.path) / name
        waiting += [(child, f"{place}{child.name}/") for child in reversed(folder.folders)]


def zipped_pictures(file: BinaryIO, name: str, holding: ExitStack) -> list[PictureFile]:
    """The pictures of a zip, read from its open file for as long as `holding` lives. Raises InputError."""
    size = file.seek(0, io.SEEK_END)
    directory = read_directory(file, most=zip_entries.MOST_ENTRIES)
    refused = InputError(f"{name} is not a zip that can be read: pack it again or download it again")
    if directory is None:
        raise refused
    if directory.entries > zip_entries.MOST_ENTRIES or (directory.entries and not directory.data):
        raise zip_entries.too_large(name, directory.entries, size)
    try:
        archive = holding.enter_context(zipfile.ZipFile(readable(file, directory)))
        entries = archive.infolist()
        zip_entries.check_limits(entries, name, packed=size)
        names = zip_entries.entry_names(entries, Reading()).names
        plan = zip_entries.entries_to_unpack(entries, names, name)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error, OverflowError):
        raise refused from None
    return [
        _entry(archive, item, entry)
        for item, entry in sorted(plan.entries.items())
        if not item.lower().endswith(".csv")
    ]


def _entry(archive: zipfile.ZipFile, item: str, entry: zipfile.ZipInfo) -> PictureFile:
    def read() -> bytes:
        if entry.file_size > MOST_BYTES:
            raise InputError(
                f"{item} has {entry.file_size / 1e9:.1f} GB: at most {MOST_BYTES / 1e9:.1f} are read; make it smaller"
            )
        try:
            with archive.open(entry) as packed:
                return packed.read()  # never more than the directory says: zipfile checks it
        except Exception as error:  # of zipfile and of four decompressors
            raise InputError(f"{item} is damaged in the zip ({error or type(error).__name__}): pack it again") from None

    return PictureFile(item, read)


def _of_manifest(path: Path, prefix: str) -> list[PictureFile]:
    table = read_table(read_bytes(path), str(path), Reading())
    table = Table(own_names(table.header), table.rows, table.first, table.notes)
    columns = path_columns(table)
    if not columns:
        raise InputError(f"{path} has no column path: add one that names the pictures, relative to the file")
    written = table.column(columns[0])
    return [_row(path, row, written=name, prefix=prefix) for row, name in enumerate(written, table.first) if name]


def _row(manifest: Path, row: int, *, written: str, prefix: str) -> PictureFile:
    """A row's picture; one that is absent or leads outside the manifest's folder is refused when it is read."""

    def read() -> bytes:
        return read_bytes(manifest.parent / inside(written, row, manifest))

    return PictureFile(prefix + written, read)
