"""WebDataset: tars of samples, each an image and what belongs to it under one key (`000017.jpg`, `000017.json`).

A tar is read as what a stranger sent: only its plain files, within limits, and never under the names that it gives.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from clfcore.data.dataset import SPLITS
from clfcore.data.formats.hugging_face import METADATA
from clfcore.data.formats.rows import Row, Rows, given_split
from clfcore.data.importers.archives import imported_folder, unpacked_whole
from clfcore.data.importers.walk import IMAGE_SUFFIXES
from clfcore.errors import InputError
from clfcore.files import parse_json, safe_name

SHARD = 10_000  # samples of a tar
CLASSES = "classes.json"  # names of `.cls` numbers, beside the tars or in them
MOST_MEMBERS, MOST_LABEL, MOST_PICTURE = 2_000_000, 1 << 20, 256 << 20  # members, and bytes of each
SPARE = 256 << 20  # bytes of disk that unpacking leaves free


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


def unpack_shards(shards: Sequence[Path], name: str) -> Path:
    """The folder that tars are unpacked to, once, as Hugging Face's imagefolder.

    Raises InputError where a tar cannot be read or is too large, or no sample has a label.
    """
    final = imported_folder() / f"{safe_name(name)}-{_identity(shards)}"
    if final.is_dir():
        return final
    packed = sum(shard.stat().st_size for shard in shards)
    with unpacked_whole(final) as partial:
        if packed + SPARE > shutil.disk_usage(final.parent).free:
            raise InputError(f"unpacking needs {packed / 1e9:.1f} GB: free some space in {final.parent}")
        if not _unpack(shards, partial):
            raise InputError(
                f"{name} has no sample with an image and a label (.json or .cls): pack it as WebDataset does"
            )
    return final


def _identity(shards: Sequence[Path]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for shard in shards:
        try:
            with shard.open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
        except OSError as error:
            raise InputError(f"{shard} cannot be read ({error.strerror}): name a readable tar") from None
    return digest.hexdigest()


@dataclass
class _Sample:
    """What is known of the sample that is being read: its picture's file, and its labels."""

    key: str
    picture: str = ""
    values: dict[str, object] = field(default_factory=dict)
    number: str = ""


def _unpack(shards: Sequence[Path], folder: Path) -> int:
    """Unpack the samples that have a picture and a label, under names of the lab's own; returns how many."""
    lines: dict[str, list[str]] = {}
    count = 0
    for shard in shards:
        split = given_split(shard.stem) or "unsplit"
        classes = _classes(shard.parent / CLASSES)
        (folder / split).mkdir(exist_ok=True)
        for sample in _samples(shard, folder / split, start=count):
            record = _record(sample, classes)
            if record is None:
                (folder / split / sample.picture).unlink(missing_ok=True)
                continue
            lines.setdefault(split, []).append(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    for place, written in lines.items():
        (folder / place / METADATA[0]).write_text("".join(written), encoding="utf-8")
    for child in list(folder.iterdir()):
        if child.is_dir() and child.name not in lines:
            shutil.rmtree(child)
    return count


def _samples(shard: Path, folder: Path, *, start: int) -> Iterator[_Sample]:
    """The samples of a tar whose picture was written to the folder. Raises InputError where it is damaged."""
    sample: _Sample | None = None
    number = start
    try:
        with tarfile.open(shard, "r:") as tar:
            for members, member in enumerate(tar):
                if members > MOST_MEMBERS:
                    raise InputError(f"{shard.name} has more than {MOST_MEMBERS:,} members: pack it as several tars")
                if not member.isfile():  # links and devices lead elsewhere
                    continue
                place = PurePosixPath(member.name)
                base, _, suffix = place.name.partition(".")
                key = str(place.parent / base)
                if sample is None or sample.key != key:
                    if sample is not None and sample.picture:
                        yield sample
                    sample = _Sample(key)
                ending = f".{suffix.lower()}"
                if ending in IMAGE_SUFFIXES and not sample.picture:
                    _limit(shard, member, MOST_PICTURE)
                    sample.picture = f"{number:08}{ending}"
                    number += 1
                    source = tar.extractfile(member)
                    if source is not None:
                        with (folder / sample.picture).open("wb") as file:
                            shutil.copyfileobj(source, file)
                elif ending in (".json", ".cls", ".txt"):
                    _limit(shard, member, MOST_LABEL)
                    source = tar.extractfile(member)
                    text = source.read().decode("utf-8", "replace") if source is not None else ""
                    if ending == ".json":
                        values = parse_json(text, what=f"{member.name} of {shard.name}")
                        sample.values = values if isinstance(values, dict) else {"label": values}
                    elif ending == ".cls":
                        sample.number = text.strip()
    except (tarfile.TarError, EOFError, UnicodeError) as error:
        raise InputError(f"{shard.name} is not a tar that can be read ({error}): pack or download it again") from None
    if sample is not None and sample.picture:
        yield sample


def _limit(shard: Path, member: tarfile.TarInfo, most: int) -> None:
    if member.size > most:
        raise InputError(
            f"{shard.name}: {member.name[:80]!r} has {member.size / 1e6:,.0f} MB; at most {most / 1e6:,.0f}"
        )


def _classes(path: Path) -> list[str]:
    """The names of `.cls` numbers; none where there is no such file."""
    with contextlib.suppress(OSError, InputError):
        if os.path.getsize(path) <= MOST_LABEL:  # noqa: PTH202 - asked before it is read
            values = parse_json(path.read_text(encoding="utf-8"), what=path.name)
            return [str(value) for value in values] if isinstance(values, list) else []
    return []


def _record(sample: _Sample, classes: Sequence[str]) -> dict[str, object] | None:
    """The line of metadata of a sample; None where it has no label."""
    values, record = sample.values, dict[str, object](file_name=sample.picture)
    if values.get("group"):
        record["group"] = str(values["group"])
    labels, levels = values.get("labels"), values.get("levels")
    if isinstance(levels, list) and isinstance(labels, list) and len(levels) == len(labels):
        return record | {str(level): str(label) for level, label in zip(levels, labels, strict=True)}
    if isinstance(labels, list) and values.get("task") != "single-label":
        return record | {"labels": [str(label) for label in labels]}
    label = values.get("label", values.get("class"))
    if isinstance(label, str):
        return record | {"label": label}
    number = str(label) if isinstance(label, int) else sample.number
    if not number:
        return None
    known = number.isdecimal() and int(number) < len(classes)
    return record | {"label": classes[int(number)] if known else number}
