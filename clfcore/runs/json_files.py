"""A run's JSON files as text and as values: regular files alone, within bounds, every number finite."""

import json
import math
import os
import stat
from pathlib import Path

from pydantic import ValidationError

from clfcore.errors import InputError, refusal
from clfcore.results import JsonObject

LARGEST = 256 << 20  # bytes of a file that is read; a history of 10,000 epochs takes 5 MB
_DIGITS = 18  # of a whole number: what 64 bits hold


def read_values(path: Path) -> JsonObject:
    """The JSON object of a run's file, its numbers finite. Raises InputError; FileNotFoundError where it is absent."""
    try:
        return parsed(text_of(path))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise damaged(path, error) from None


def damaged(path: Path, error: BaseException | str, where: str = "") -> InputError:
    """The refusal of a run's file: which run, which file, and what is wrong with it."""
    reason = refusal(error.errors(), []) if isinstance(error, ValidationError) else error
    if isinstance(error, OSError):
        reason = error.strerror or error
    cause = " ".join(str(reason).split())[:200] or type(error).__name__
    return InputError(f"run {path.parent.name}: {path.name} is damaged ({where}{cause}): restore it, or delete the run")


def text_of(path: Path, *, whole: bool = True) -> str:
    """A regular file as text: nothing waits for a pipe or reads a device. whole: refuse bytes that are no UTF-8."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is no file")
    if status.st_size > LARGEST:
        raise ValueError(f"it has {status.st_size:,} bytes, more than {LARGEST:,}")
    data = path.read_bytes()
    if whole:
        return data.decode("utf-8")
    head, end, last = data.rpartition(b"\n")
    return (head + end).decode("utf-8") + last.decode("utf-8", "replace")  # a kill can cut a letter in two


def parsed(text: str) -> JsonObject:
    """A JSON object whose numbers are finite and whose text every file and page can hold. Raises ValueError."""
    value = json.loads(text, parse_float=_number, parse_int=_whole_number, parse_constant=_no_number)
    if not isinstance(value, dict):
        raise ValueError("it holds no JSON object")
    if "\\ud" in text or "\\uD" in text:
        json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError: half a character
    return value


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is no finite number")
    return value


def _whole_number(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"{text[:20]}… is too large a number")
    return int(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def is_run(folder: Path | str) -> bool:
    """Whether a folder holds a run's state or configuration, in whatever condition."""
    return any(os.path.lexists(f"{folder}/{name}") for name in ("state.json", "config.json"))
