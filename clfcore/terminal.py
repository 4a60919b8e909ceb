"""The terminal: text made safe to show, streams that lack a letter or a reader, files about our own faults."""

import contextlib
import io
import json
import os
import platform
import secrets
import shlex
import sys
import traceback
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

from clfcore.errors import Failure
from clfcore.files import crashes_folder, shortened, write_text

KEPT = 20  # crash files; older ones are deleted
LONGEST = 2000  # characters of an error's line
_UNSEEN = {
    "Cc",
    "Cf",
    "Cs",
    "Zl",
    "Zp",
}  # control, format (bidirectional overrides among them), half characters, breaks
_JOINERS = "\u200c\u200d"  # format characters that scripts and emoji are written with


def printable(text: str, *, lines: bool = False) -> str:
    """The text with whatever steers a terminal, or turns the reading direction, written as an escape.

    Letters of every script stay. lines: line breaks stay too, for text that was laid out in lines.

    >>> printable("\\x1b[31mcat\\u202egpj")
    '\\\\x1b[31mcat\\\\u202egpj'
    >>> printable("Straße 图 \U0001f469\\u200d\U0001f52c")
    'Straße 图 \U0001f469\\u200d\U0001f52c'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if _shown(sign) or (lines and sign == "\n") else _escaped(sign) for sign in text)


def _shown(sign: str) -> bool:
    return sign.isprintable() or sign in _JOINERS or unicodedata.category(sign) not in _UNSEEN


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape", "backslashreplace").decode("ascii")


def json_line(value: object, *, encoding: str = "utf-8") -> str:
    """The value as one line of JSON that holds every name exactly; what a terminal would obey is escaped, as JSON may.

    Raises ValueError for a number that JSON has not (NaN, infinity).
    """
    unicode = encoding.lower().replace("-", "").startswith("utf")
    text = json.dumps(value, ensure_ascii=not unicode, allow_nan=False)
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if _shown(sign) else _json_escaped(sign) for sign in text)


def _json_escaped(sign: str) -> str:
    return json.dumps(sign)[1:-1] if ord(sign) != 0x7F else "\\u007f"


def prepare() -> None:
    """Let both streams write an escape for a letter that their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """A line on standard output, at once. Raises BrokenPipeError where its reader is gone, Failure where it is full."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        close_output()
        raise Failure(f"the answer could not be written to standard output ({error.strerror or error})") from error


def say(message: object) -> None:
    """One line on standard error; nothing where that is closed."""
    line = printable(shortened(" ".join(str(message).split()), most=LONGEST))
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def close_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter's own flush at the end does not complain."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def crash(error: BaseException, words: Sequence[str]) -> str:
    """What is said of a fault of our own; the traceback, the command and the versions go to a file that it names."""
    kind = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    said = f"this is a fault of clflab ({shortened(' '.join(kind.split()), most=200)})"
    path = _crash_path()
    about = f"clfcore {shlex.join(words)}\nPython {platform.python_version()} on {platform.platform()}\n\n"
    try:
        write_text(path, about + "".join(traceback.format_exception(error)))
        for old in sorted(path.parent.glob("crash-*.txt"))[:-KEPT]:
            old.unlink(missing_ok=True)
    except (Failure, OSError, RuntimeError, ValueError):
        return f"{said}; its details could not be written to {path.parent}"
    return f"{said}; details in {path}"


def _crash_path() -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    return crashes_folder() / f"crash-{stamp}-{secrets.token_hex(2)}.txt"
