"""Crash reports: the traceback of a fault of our own, the command and the versions, in a file that a line names."""

import platform
import secrets
import shlex
import traceback
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from clfcore.errors import Failure
from clfcore.files import crashes_folder, shortened, write_text

KEPT = 20  # crash files; older ones are deleted


def crash(error: BaseException, words: Sequence[str]) -> str:
    """The line that a person reads of a fault of our own; its details go to a file that the line names.

    words: the command, or the page and what it was doing.
    """
    kind = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    line = f"this is a fault of clflab ({shortened(' '.join(kind.split()), most=200)})"
    path = _crash_path()
    about = f"python -m clfcore {shlex.join(words)}\nPython {platform.python_version()} on {platform.platform()}\n\n"
    try:
        write_text(path, about + "".join(traceback.format_exception(error)))
        for old in sorted(path.parent.glob("crash-*.txt"))[:-KEPT]:
            old.unlink(missing_ok=True)
    except (Failure, OSError, RuntimeError, ValueError):
        return f"{line}; its details could not be written to {path.parent}"
    return f"{line}; details in {path}"


def _crash_path() -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    return crashes_folder() / f"crash-{stamp}-{secrets.token_hex(2)}.txt"
