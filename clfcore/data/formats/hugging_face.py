"""Hugging Face's imagefolder: a folder a split, with a metadata.jsonl or .csv that names files and their labels."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from clfcore.data.dataset import Split
from clfcore.data.formats.rows import MOST_BYTES, Row, Rows, given_split
from clfcore.data.importers.csv_table import read_table
from clfcore.data.importers.readings import Reading
from clfcore.errors import InputError
from clfcore.files import parse_json, read_text
from clfcore.task import TaskKind

METADATA = ("metadata.jsonl", "metadata.csv")
_OWN = ("file_name", "label", "labels", "split", "group")


def metadata_text(rows: Rows, split: Split) -> str:
    """The metadata.jsonl of one split. Raises InputError where a level has the name of another column."""
    odd = next((level for level in rows.levels if level in _OWN), None)
    if odd:
        raise InputError(f"level {odd!r} has the name of another column of the format: choose coco or label-studio")
    lines = []
    for row in rows.rows:
        if row.split != split:
            continue
        values: dict[str, object] = {"file_name": row.path}
        if rows.kind == "hierarchical":
            values |= dict(zip(rows.levels, row.labels, strict=True))
        else:
            values |= {"label": row.labels[0]} if rows.kind == "single-label" else {"labels": list(row.labels)}
        lines.append(json.dumps(values | ({"group": row.group} if row.group else {}), ensure_ascii=False))
    return "".join(line + "\n" for line in lines)


def metadata_files(folder: Path) -> list[Path]:
    """The metadata of a folder, or those of its folders; none where it is of another kind."""
    own = [folder / name for name in METADATA if (folder / name).is_file()]
    if own:
        return own[:1]
    try:
        below = sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError:
        return []
    manifests = [next((c / name for name in METADATA if (c / name).is_file()), None) for c in below]
    files = [file for file in manifests if file is not None]
    return files if len(files) == len(below) else []


def read_metadata(files: list[Path], root: Path) -> Rows:
    """The rows of metadata files, their paths relative to the root. Raises InputError where one has no file_name."""
    records: list[tuple[str, list[Mapping[str, object]]]] = []
    for file in files:
        rows = _records(file)
        if not all(isinstance(values.get("file_name"), str) for values in rows):
            raise InputError(f"{file} has a row without file_name: name a file in every row")
        records.append((file.parent.relative_to(root).as_posix(), rows))
    return rows_of_records(records, str(root))


def rows_of_records(records: Iterable[tuple[str, Sequence[Mapping[str, object]]]], name: str) -> Rows:
    """The rows of metadata, by the folder that their file names start from, which may be named as a split."""
    rows: list[Row] = []
    kinds: set[TaskKind] = set()
    levels: tuple[str, ...] = ()
    for place, lines in records:
        split = given_split(PurePosixPath(place).name) if place != "." else None
        for values in lines:
            kind, labels, columns = _labels(values)
            kinds.add(kind)
            levels = levels or columns
            file = str(values["file_name"])
            path = file if place == "." else f"{place}/{file}"
            rows.append(Row(path, labels, given_split(values.get("split")) or split, str(values.get("group") or "")))
    if len(kinds) > 1:
        raise InputError(f"{name} has rows with {' and '.join(sorted(kinds))} columns: give every row the same columns")
    return Rows(next(iter(kinds), "single-label"), tuple(rows), levels)


def _records(file: Path) -> list[Mapping[str, object]]:
    if file.suffix == ".csv":
        table = read_table(file.read_bytes(), str(file), Reading())
        return [dict(zip(table.header, cells, strict=False)) for cells in table.rows]
    text = read_text(file, most=MOST_BYTES, what="metadata")
    records = [parse_json(line, what=str(file)) for line in text.splitlines() if line.strip()]
    if not all(isinstance(record, dict) for record in records):
        raise InputError(f"{file} has a line that is no object: write one JSON object a line")
    return records


def _labels(values: Mapping[str, object]) -> tuple[TaskKind, tuple[str, ...], tuple[str, ...]]:
    """The task of a row, its labels, and of a hierarchy the names of its levels."""
    several = values.get("labels", values.get("label"))
    if isinstance(several, list):
        return "multi-label", tuple(str(label) for label in several), ()
    if "labels" in values:
        return "multi-label", tuple(part.strip() for part in str(several or "").split(";") if part.strip()), ()
    if "label" in values:
        return "single-label", (str(several),), ()
    levels = tuple(name for name, value in values.items() if name not in _OWN and isinstance(value, str | int))
    kind: TaskKind = "hierarchical" if len(levels) > 1 else "single-label"
    return kind, tuple(str(values[name]) for name in levels), levels if len(levels) > 1 else ()
