"""The log of decisions: one line a step, appended whole or not at all, in a file a dataset.

A step is what one key or click decided, of one picture or of many. Taking a step back appends a line, too, so that
nothing is ever written over; several tabs and processes may write at once.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock

from clfcore.data.versions.decisions import Decision, decision_from, effective, written
from clfcore.data.versions.places import decisions_file
from clfcore.errors import InputError
from clfcore.files import cannot_write
from clfcore.results import JsonObject

MOST_BYTES = 256 << 20  # of a log


@dataclass(frozen=True)
class Step:
    """What one key or click decided."""

    id: str
    when: str
    decisions: tuple[Decision, ...]


def append_step(spec: str, decisions: Sequence[Decision]) -> Step:
    """Keep decisions on the data of a SPEC, all or none. Raises InputError where the log is damaged, Failure where it
    cannot be written."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    step = Step(secrets.token_hex(6), when, tuple(replace(decision, when=when) for decision in decisions))
    if step.decisions:
        _append(spec, {"step": step.id, "when": when, "decisions": [written(one) for one in step.decisions]})
    return step


def undo_step(spec: str, step: str | None = None) -> Step | None:
    """Take back a step, or the last one; None where there is none to take back."""
    steps = read_steps(spec)
    undone = next((one for one in reversed(steps) if step in (None, one.id)), None)
    if undone is not None:
        _append(spec, {"undo": undone.id, "when": datetime.now(UTC).isoformat(timespec="seconds")})
    return undone


def read_steps(spec: str) -> tuple[Step, ...]:
    """The steps that were not taken back, the oldest first. Raises InputError where the log is damaged."""
    path = decisions_file(spec)
    try:
        status = path.stat()
    except OSError:
        return ()
    return _parsed(str(path), status.st_mtime_ns, status.st_size, number=status.st_ino)


def read_decisions(spec: str) -> tuple[Decision, ...]:
    """What holds in the end of each picture. Raises InputError where the log is damaged."""
    return effective(decision for step in read_steps(spec) for decision in step.decisions)


@lru_cache(32)
def _parsed(name: str, changed: int, size: int, *, number: int) -> tuple[Step, ...]:
    path = Path(name)
    if size > MOST_BYTES:
        raise InputError(f"{path} has {size / 1e6:,.0f} MB: move it away to begin with no decisions")
    steps: dict[str, Step] = {}
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # a line without its end was never written whole
        for line in filter(None, lines):
            value = json.loads(line)
            if "undo" in value:
                steps.pop(value["undo"], None)
                continue
            step, when = value["step"], value["when"]
            if not isinstance(step, str) or not isinstance(when, str):
                raise ValueError("a step has no name")
            made = (decision_from(one) for one in value["decisions"])
            steps[step] = Step(step, when, tuple(replace(one, when=one.when or when) for one in made))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(f"{path} is damaged: restore it, or move it away to begin with no decisions") from None
    return tuple(steps.values())


def _append(spec: str, value: JsonObject) -> None:
    """Append a line. What a killed writer left of a line behind the last whole one goes first."""
    path = decisions_file(spec)
    line = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    with locked(path):
        read_steps(spec)  # nothing is added to a damaged log
        try:
            with path.open("ab+") as file:
                start = _cut_torn_line(file)
                try:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    with contextlib.suppress(OSError):
                        file.truncate(start)
                    raise
        except OSError as error:
            raise cannot_write(path, error) from error


def _cut_torn_line(file: BinaryIO) -> int:
    """Cut what stands behind the last whole line; returns where the file ends then."""
    size = file.seek(0, os.SEEK_END)
    if size:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            file.seek(0)
            size = file.read().rfind(b"\n") + 1
            file.truncate(size)
    file.seek(0, os.SEEK_END)
    return size


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One writer at a time of a dataset's decisions and versions, over all processes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.parent / ".lock")
        lock.acquire()
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield
    finally:
        lock.release()
