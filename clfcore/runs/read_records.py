"""The one reader of a run's records: a file as a checked value, or one InputError that names run, file and cause."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from clfcore.errors import InputError
from clfcore.runs.file_cache import KEPT
from clfcore.runs.json_files import damaged, parsed, read_values, text_of
from clfcore.runs.records import Record

R = TypeVar("R", bound=Record)


def read_record(folder: Path, kind: type[R]) -> R:
    """The record of a run's folder. Raises InputError with run, file and cause where it is absent or damaged."""
    if not kind.listed:
        return _read(folder / kind.file, kind)
    return KEPT.get(f"{folder}/{kind.file}", lambda path: _read(path, kind))


def read_record_lines(folder: Path, kind: type[R]) -> tuple[R, ...]:
    """A record a line; a last line that a kill cut short is left out, any other damage is an InputError."""
    path = folder / kind.file
    try:
        *lines, last = text_of(path, whole=False).split("\n")
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise damaged(path, error) from None
    records: list[R] = []
    for number, line in enumerate([*lines, last], 1):
        if not line.strip():
            continue
        try:
            records.append(kind.model_validate(parsed(line)))
        except (ValueError, RecursionError) as error:
            if number > len(lines):  # no end of line: a kill came between
                break
            raise damaged(path, error, f"line {number}: ") from None
    return tuple(records)


def _read(path: Path, kind: type[R]) -> R:
    try:
        return kind.model_validate(read_values(path))
    except FileNotFoundError:
        if kind.optional:
            return kind.model_validate({})
        raise InputError(
            f"run {path.parent.name} has no {path.name}: the folder {path.parent} is not a whole run"
        ) from None
    except ValidationError as error:
        raise damaged(path, error) from None
