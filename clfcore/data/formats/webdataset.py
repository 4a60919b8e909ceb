"""WebDataset: tars of samples, each an image and what belongs to it under one key (`000017.jpg`, `000017.json`).

They are read where they lie: a picture is a place in its tar, so that any item can be taken at any time.
"""

import contextlib
import io
import json
import os
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from clfcore.data.dataset import SPLITS
from clfcore.data.formats.hugging_face import rows_of_records
from clfcore.data.formats.rows import PlacedRows, Row, Rows, given_split
from clfcore.data.formats.tar_samples import MOST_LABEL, samples_of
from clfcore.data.tar_member import SUFFIX, member_path
from clfcore.errors import InputError
from clfcore.files import parse_json

SHARD = 10_000  # samples of a tar
MOST_SHARDS = 100_000
CLASSES = "classes.json"  # names of `.cls` numbers, beside the tars or in them

_BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")


def write_shards(rows: Rows, pictures: Sequence[Path], folder: Path) -> None:
    """Write the tars of each split: of each sample the picture, `.json`, and of single labels `.cls`."""
    classes = list(rows.classes)
    for split in SPLITS:
        chosen = [i for i, row in enumerate(rows.rows) if row.split == split]
        for shard, start in enumerate(range(0, len(chosen), SHARD)):
            with tarfile.open(folder / f"{split}-{shard:06}.tar", "w") as tar:
                for i in chosen[start : start + SHARD]:
                    row, key = rows.rows[i], f"{i:08}"
                    data = pictures[i].read_bytes()
                    _add(tar, key + (PurePosixPath(row.path).suffix or ".jpg"), data)
                    _add(tar, f"{key}.json", json.dumps(_values(rows, row), ensure_ascii=False).encode())
                    if rows.kind == "single-label":
                        _add(tar, f"{key}.cls", str(classes.index(row.labels[0])).encode())
    (folder / CLASSES).write_text(json.dumps(classes, ensure_ascii=False), encoding="utf-8")


def _values(rows: Rows, row: Row) -> dict[str, object]:
    about: dict[str, object] = {"task": rows.kind, "path": row.path, "labels": list(row.labels)}
    about |= {"label": row.labels[0]} if rows.kind == "single-label" else {}
    about |= {"levels": list(rows.levels)} if rows.levels else {}
    return about | ({"group": row.group} if row.group else {})


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, io.BytesIO(data))


def shards_in(folder: Path) -> list[Path]:
    """The tars of a folder, in the order of their names; none where it has subfolders too, as of pictures."""
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError:
        return []
    return sorted(e for e in entries if e.suffix == ".tar") if not any(e.is_dir() for e in entries) else []


def is_pattern(name: str) -> bool:
    """Whether a name stands for several tars: `train-{000000..000012}.tar`."""
    return name.lower().endswith(SUFFIX) and _BRACES.search(name) is not None


def pattern_names(pattern: str) -> list[str]:
    """The names that a pattern stands for. Raises InputError where its numbers are in no order, or too many."""
    match = _BRACES.search(pattern)
    if match is None:
        return [pattern]
    first, last = int(match[1]), int(match[2])
    if not 0 <= last - first < MOST_SHARDS:
        raise InputError(
            f"data is {pattern!r}: write the first number before the last, and at most {MOST_SHARDS:,} tars"
        )
    width = len(match[1]) if match[1].startswith("0") else 0
    before, after = pattern[: match.start()], pattern[match.end() :]
    return [f"{before}{number:0{width}}{after}" for number in range(first, last + 1)]


def shards_of_pattern(path: Path) -> list[Path]:
    """The tars that a pattern names. Raises InputError where one is not there."""
    shards = [path.with_name(name) for name in pattern_names(path.name)]
    missing = [shard for shard in shards if not shard.is_file()]
    if missing:
        raise InputError(
            f"data is {str(path)!r}: {missing[0].name} is not there ({len(missing):,} of {len(shards):,} are missing): "
            "copy it, or name the tars that are there"
        )
    return shards


def read_shards(shards: Sequence[Path], name: str) -> PlacedRows:
    """The labeled samples of tars, and where their pictures are.

    Raises InputError where a tar cannot be read, or no sample has a label.
    """
    records: dict[str, list[dict[str, object]]] = {}
    places: dict[str, Path] = {}
    number = 0
    for shard in shards:
        split = given_split(shard.stem) or "unsplit"
        for sample in samples_of(shard, _classes(shard.parent / CLASSES)):
            file = f"{number:08}{sample.ending}"
            number += 1
            if sample.record is not None:
                records.setdefault(split, []).append({"file_name": file, **sample.record})
                places[f"{split}/{file}"] = member_path(shard.absolute(), sample.offset, sample.length, file)
    if not places:
        raise InputError(f"{name} has no sample with an image and a label (.json or .cls): pack it as WebDataset does")
    return PlacedRows(rows_of_records(sorted(records.items()), name), places)


def _classes(path: Path) -> list[str]:
    """The names of `.cls` numbers; none where there is no such file."""
    with contextlib.suppress(OSError, InputError):
        if os.path.getsize(path) <= MOST_LABEL:  # noqa: PTH202 - asked before it is read
            values = parse_json(path.read_text(encoding="utf-8"), what=path.name)
            return [str(value) for value in values] if isinstance(values, list) else []
    return []
