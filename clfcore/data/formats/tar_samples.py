"""Samples of a tar of WebDataset: where each picture stands in it, and its label. Nothing is unpacked.

A tar is read as what a stranger sent: only its plain files, within limits, and never under the names that it gives.
What was read of one is kept in the cache, by its path, size and times.
"""

import contextlib
import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from clfcore import cache
from clfcore.data.importers.walk import IMAGE_SUFFIXES
from clfcore.data.tar_member import file_state
from clfcore.errors import Failure, InputError
from clfcore.files import parse_json, write_text

MOST_MEMBERS, MOST_LABEL, MOST_PICTURE = 2_000_000, 1 << 20, 256 << 20  # members, and bytes of each
VERSION = 1


class TarSample(NamedTuple):
    """A picture of a tar: its place in bytes, the ending of its name, and its label as a line of metadata.

    record: None where it has no label.
    """

    offset: int
    length: int
    ending: str
    record: Mapping[str, object] | None


def samples_of(shard: Path, classes: Sequence[str]) -> list[TarSample]:
    """The samples of a tar that have a picture, in its order. classes: names of `.cls` numbers.

    Raises InputError where it cannot be read or is no tar.
    """
    try:
        state = file_state(shard)
    except OSError as error:
        raise InputError(f"{shard} cannot be read ({error.strerror}): name a readable tar") from None
    key = json.dumps([VERSION, str(shard.absolute()), state, list(classes)])
    place = cache.folder("checked") / f"tar-{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}.json"
    known = _known(place)
    if known is not None:
        return known
    samples = [
        TarSample(sample.offset, sample.length, sample.ending, _record(sample, classes)) for sample in _samples(shard)
    ]
    text = json.dumps(samples, ensure_ascii=False)
    with contextlib.suppress(Failure, InputError):  # on a full disk it is read again
        if cache.make_room(len(text)):
            write_text(place, text)
    return samples


def _known(place: Path) -> list[TarSample] | None:
    try:
        samples = [_checked(*values) for values in json.loads(place.read_text(encoding="utf-8"))]
        os.utime(place)  # the time of last use
    except (OSError, ValueError, TypeError):
        return None
    return samples


def _checked(offset: int, length: int, ending: str, record: Mapping[str, object] | None) -> TarSample:
    """A sample as it was kept. Raises ValueError where it can be none."""
    numbers = isinstance(offset, int) and isinstance(length, int) and min(offset, length) >= 0
    if not numbers or ending not in IMAGE_SUFFIXES or not (record is None or isinstance(record, dict)):
        raise ValueError("no sample of a tar")
    return TarSample(offset, length, ending, record)


@dataclass
class _Sample:
    """What is known of the sample that is being read: its picture's place, and its labels."""

    key: str
    offset: int = 0
    length: int = 0
    ending: str = ""
    values: dict[str, object] = field(default_factory=dict)
    number: str = ""


def _samples(shard: Path) -> Iterator[_Sample]:
    """The samples of a tar that have a picture. Raises InputError where it is damaged."""
    sample: _Sample | None = None
    try:
        with tarfile.open(shard, "r:") as tar:
            for members, member in enumerate(tar):
                tar.members = []  # type: ignore[attr-defined]  # else all of them stay in memory
                if members > MOST_MEMBERS:
                    raise InputError(f"{shard.name} has more than {MOST_MEMBERS:,} members: pack it as several tars")
                if not member.isfile() or member.issparse():  # links and devices lead elsewhere
                    continue
                place = PurePosixPath(member.name)
                base, _, suffix = place.name.partition(".")
                key = str(place.parent / base)
                if sample is None or sample.key != key:
                    if sample is not None and sample.ending:
                        yield sample
                    sample = _Sample(key)
                ending = f".{suffix.lower()}"
                if ending in IMAGE_SUFFIXES and not sample.ending:
                    _limit(shard, member, MOST_PICTURE)
                    sample.offset, sample.length, sample.ending = member.offset_data, member.size, ending
                elif ending in (".json", ".cls", ".txt"):
                    _limit(shard, member, MOST_LABEL)
                    source = tar.extractfile(member)
                    text = source.read().decode("utf-8", "replace") if source is not None else ""
                    if ending == ".json":
                        values = parse_json(text, what=f"{member.name} of {shard.name}")
                        sample.values = values if isinstance(values, dict) else {"label": values}
                    elif ending == ".cls":
                        sample.number = text.strip()
    except (tarfile.TarError, EOFError, UnicodeError, OSError) as error:
        raise InputError(f"{shard.name} is not a tar that can be read ({error}): pack or download it again") from None
    if sample is not None and sample.ending:
        yield sample


def _limit(shard: Path, member: tarfile.TarInfo, most: int) -> None:
    if member.size > most:
        raise InputError(
            f"{shard.name}: {member.name[:80]!r} has {member.size / 1e6:,.0f} MB; at most {most / 1e6:,.0f}"
        )


def _record(sample: _Sample, classes: Sequence[str]) -> dict[str, object] | None:
    """The line of metadata of a sample; None where it has no label."""
    values, record = sample.values, dict[str, object]()
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
