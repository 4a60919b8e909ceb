"""CSV tables as people save them: encoding, separator and a missing header are detected, and noted."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from clfcore.data.importers.encodings import ENCODINGS, guess
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.walk import IMAGE_SUFFIXES
from clfcore.errors import InputError, unknown
from clfcore.spreadsheet import unescaped

MOST_BYTES = 1 << 30
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class Table:
    """A header and its rows of cells, stripped; first: the number of the first row in the file; notes: what was
    found out about the file."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    first: int = 2
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> list[str]:
        place = self.header.index(name)
        return [row[place] if place < len(row) else "" for row in self.rows]


def key(name: str) -> str:
    """A column's name without case and signs: `Image_ID` is `imageid`."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def read_table(data: bytes, name: str, reading: Reading) -> Table:
    """The table of a CSV file's bytes; name: what refusals call it. Raises InputError where it is no CSV."""
    if len(data) > MOST_BYTES:
        raise InputError(f"{name} has {len(data) / 1e9:.1f} GB: a manifest has at most {MOST_BYTES / 1e9:.1f}")
    text, notes = _decoded(data, name, reading)
    first = 1
    if text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):  # as spreadsheets write it
        separator, text, first = text[4], text[5:].lstrip("\r\n"), 2
    else:
        separator = _separator(text)
    if separator != ",":
        notes.append(f"read with {_SEPARATORS.get(separator, repr(separator))} between cells")
    try:
        rows = [
            tuple(unescaped(cell).strip() for cell in row)
            for row in csv.reader(io.StringIO(text), delimiter=separator, strict=True)
        ]
    except csv.Error as error:
        raise InputError(f"{name} is no valid CSV ({error}): save it again as comma-separated values") from None
    header = rows[0] if rows else ()
    named = [i for i, cell in enumerate(header) if PurePosixPath(cell).suffix.lower() in IMAGE_SUFFIXES]
    if not named:
        return Table(header, tuple(rows[1:]), first + 1, tuple(notes))
    made = ["label" if len(header) == 2 else f"column {i + 1}" for i in range(len(header))]
    made[named[0]] = "path"
    notes.append(f"it has no header: its columns are read as {', '.join(made)}")
    return Table(tuple(made), tuple(rows), first, tuple(notes))


def _decoded(data: bytes, name: str, reading: Reading) -> tuple[str, list[str]]:
    encoding = reading.value("encoding")
    if encoding and encoding not in ENCODINGS:
        raise unknown("encoding", encoding, list(ENCODINGS))
    mark = next((guessed for sign, guessed in _MARKS.items() if data.startswith(sign)), "")
    if not encoding and not mark and data[:200:2].count(0) > 50 > data[1:200:2].count(0):
        mark = "utf-16-be"
    elif not encoding and not mark and data[1:200:2].count(0) > 50 > data[:200:2].count(0):
        mark = "utf-16-le"
    refused = InputError(f"{name} is not UTF-8 text: save it as CSV UTF-8")
    for candidate in [encoding or mark or "utf-8"]:
        try:
            text = data.decode(candidate)
        except UnicodeDecodeError:
            if encoding or mark:
                raise refused from None
            break
        if "\0" in text:
            raise refused
        return text.replace("\r\n", "\n").replace("\r", "\n"), [
            f"read as {candidate.upper()[:6]}"
        ] if "16" in candidate else []
    if b"\0" in data:
        raise refused
    guessed = guess(data.splitlines())
    text = data.decode(guessed, "replace").replace("\r\n", "\n").replace("\r", "\n")
    return text, [f"it is not UTF-8 and is read as {ENCODINGS[guessed]}; save it as CSV UTF-8 if names look wrong"]


def _separator(text: str) -> str:
    """What most evenly parts the first rows; commas where nothing does better."""
    head = text[: 1 << 16].split("\n")[:30]
    head = [line for line in head if line.strip()]
    best, most = ",", (0.0, 0)
    for separator in _SEPARATORS:
        try:
            counts = [len(row) for row in csv.reader(head, delimiter=separator)]
        except csv.Error:
            continue
        if counts and counts[0] > 1:
            even = sum(count == counts[0] for count in counts[1:]) / max(len(counts) - 1, 1)
            if (score := (round(even, 1), counts[0])) > most:
                best, most = separator, score
    return best
