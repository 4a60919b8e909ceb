"""The terminal: streams that lack a letter or a reader, one line of JSON, tables, progress on standard error."""

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from clfcore.errors import Failure
from clfcore.files import shortened
from clfcore.printable import is_shown, printable
from clfcore.progress import Progress, Show, Transfer
from clfcore.results import Json, JsonObject

LONGEST = 2000  # characters of an error's line
BAR = 30  # characters


def json_line(value: object, *, encoding: str = "utf-8") -> str:
    """The value as one line of JSON that holds every name exactly; what a terminal would obey is escaped, as JSON may.

    Raises ValueError for a number that JSON has not (NaN, infinity).
    """
    unicode = encoding.lower().replace("-", "").startswith("utf")
    text = json.dumps(value, ensure_ascii=not unicode, allow_nan=False)
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if is_shown(sign) else _json_escaped(sign) for sign in text)


def _json_escaped(sign: str) -> str:
    return json.dumps(sign)[1:-1] if ord(sign) != 0x7F else "\\u007f"


def prepare() -> None:
    """Let both streams write an escape for a letter that their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class OutputClosed(Exception):
    """Whoever read standard output has seen enough."""


def write(text: str) -> None:
    """A line on standard output, at once. Raises OutputClosed where its reader is gone, Failure where it is full."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        close_output()
        raise OutputClosed from None
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


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> str:
    """Columns two spaces apart; numbers to the right.

    >>> print(table([["lenet5", 61706]], ["name", "parameters"]))
    name    parameters
    lenet5      61,706
    """
    cells = [list(head), *([cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    right = [
        bool(rows) and all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(head))
    ]
    lines = (
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)) for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


class ProgressLine:
    """Shows a run's progress: one line that is drawn anew on a terminal, else a line for each stage and epoch."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self._seen, self._width = stream, ("", 0), 0

    def __call__(self, values: JsonObject) -> None:
        """Draw them; where nobody reads the stream any more the work goes on unseen."""
        with contextlib.suppress(OSError):
            self._draw(values)

    def _draw(self, values: JsonObject) -> None:
        for note in values.get("notes", ()):  # what is worth knowing before the work begins
            self.stream.write(f"{note}\n")
        now = (values["stage"], values.get("epoch", 0))
        if self.stream.isatty():
            line = progress_line(values)
            self.stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
            if values["done"] >= values["total"]:
                self.stream.write("\n")
                self._width = 0
        elif now != self._seen and values["stage"] != "preparing":
            self.stream.write(progress_line(values, bar=False) + "\n")
        self._seen = now
        self.stream.flush()


def progress_line(values: JsonObject, *, bar: bool = True) -> str:
    """
    >>> progress_line({"stage": "decoding", "done": 5, "total": 10, "images_per_second": 120.0}, bar=False)
    'decoding 5/10, 120 images/s'
    """
    done, total = values["done"], max(1, values["total"])
    parts = [values.get("transfer") or f"{done:,}/{values['total']:,}"]
    if "epoch" in values:
        parts.append(f"epoch {values['epoch']}/{values.get('epochs', '?')}")
    if "loss" in values:
        parts.append(f"loss {values['loss']:.4f}")
    if "images_per_second" in values:
        parts.append(f"{values['images_per_second']:,.0f} images/s")
    if "seconds_left" in values:
        parts.append(f"{duration(values['seconds_left'])} left")
    full = round(BAR * min(1.0, done / total))
    drawn = f" [{'#' * full}{'.' * (BAR - full)}] " if bar else " "
    return values["stage"] + drawn + ", ".join(parts)


def duration(seconds: float) -> str:
    """
    >>> duration(80.4), duration(7.25), duration(3700)
    ('1 min 20 s', '7.2 s', '1 h 1 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def shower() -> Show:
    """Progress on standard error: a bar on a terminal, a line a stage elsewhere."""
    return ProgressLine(sys.stderr)


def bar(what: str) -> Progress | None:
    """A progress bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return None
    show = shower()
    return lambda done, total: show({"stage": what, "done": done, "total": total})


def long_bar(what: str, *, every: float = 10.0) -> Progress:
    """Progress of long work: a bar with its pace and what is left on a terminal, elsewhere a line now and then."""
    show, started, terminal = ProgressLine(sys.stderr), time.monotonic(), sys.stderr.isatty()
    first, last = -1, started

    def draw(done: int, total: int) -> None:
        nonlocal first, last
        now = time.monotonic()
        first = done if first < 0 else first
        pace = (done - first) / (now - started)
        values: JsonObject = {"stage": what, "done": done, "total": total}
        if pace > 0:
            values |= {"images_per_second": pace, "seconds_left": (total - done) / pace}
        if terminal:
            show(values)
        elif now - last >= every or done >= total:
            last = now
            say(progress_line(values, bar=False))

    return draw


def byte_bar(what: str) -> Progress | None:
    """The progress of a download on a terminal: megabytes, speed, time left. Nothing elsewhere."""
    if not sys.stderr.isatty():
        return None
    transfer, show = Transfer(), shower()

    def draw(done: int, total: int) -> None:
        transfer(done, total)
        show({"stage": what, "done": done, "total": total, "transfer": transfer_words(transfer)})

    return draw


def transfer_words(transfer: Transfer) -> str:
    """
    >>> seconds = iter([0.0, 2.0, 2.0, 2.0])
    >>> transfer = Transfer(lambda: next(seconds))
    >>> transfer(0, 40_000_000); transfer(10_000_000, 40_000_000)
    >>> transfer_words(transfer)
    '10.0 of 40.0 MB, 5.0 MB/s, 6.0 s left'
    """
    return transfer.describe(duration)


def lines(values: JsonObject) -> str:
    """Any JSON object as text: a line a value, indented where objects are nested."""
    return "\n".join(indented(values))


def indented(values: JsonObject, indent: str = "") -> list[str]:
    """The lines of an object, below a heading."""
    lines = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *indented(value, indent + "  ")]
        elif isinstance(value, list):
            lines += [f"{indent}{name}", *(f"{indent}  {cell(item)}" for item in value)] if value else []
        else:
            lines.append(f"{indent}{name}: {cell(value)}")
    return lines


_OWN_LINES = ("source", "torchvision")  # texts that have lines of their own


def printable_values(value: Json) -> Json:
    """A result whose names of others never break a line or steer the terminal."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable_values(k): v if k in _OWN_LINES else printable_values(v) for k, v in value.items()}
    return [printable_values(one) for one in value] if isinstance(value, list | tuple) else value
