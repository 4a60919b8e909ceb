"""Web page of a served model: `export --format web`, made once by a process of its own when it is first asked for."""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from clfcore.logs import log
from clfcore.serving.made_file import MadeFile, Outcome

PACKAGES = ("onnx", "onnxscript", "onnxruntime")


def can_be_made() -> bool:
    """Whether the extra `export` is installed."""
    return all(importlib.util.find_spec(name) is not None for name in PACKAGES)


def export_line(model: str, runs: Path | None) -> tuple[str, ...]:
    """The command that writes the page of a run or an architecture, but for where."""
    given = () if runs is None else ("--runs", str(runs))
    return (sys.executable, "-m", "clfcore", "export", model, "--format", "web", *given, "--out")


def web_page(line: Sequence[str]) -> MadeFile:
    """The page to be made by a command. Where it cannot be, the form is kept and the log says why."""

    def done(outcome: Outcome) -> None:
        if outcome.reason:
            log.warning("the web page could not be made, the form is kept: %s", outcome.reason)

    return MadeFile(line, "page.html", done=done)
