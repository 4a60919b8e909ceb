"""Web page of a served model: `export --format web`, made once by a process of its own when it is first asked for."""

import sys
from collections.abc import Sequence
from pathlib import Path

from clfcore.export import missing_packages
from clfcore.logs import log
from clfcore.serving.made_file import MadeFile, Outcome


def can_be_made() -> bool:
    """Whether the extra `export` is installed."""
    return not missing_packages("web")


def export_line(model: str, runs: Path | None) -> tuple[str, ...]:
    """The command that writes the page of a run or an architecture, but for where."""
    runs_flag = () if runs is None else ("--runs", str(runs))
    return (sys.executable, "-m", "clfcore", "export", model, "--format", "web", *runs_flag, "--out")


def web_page(line: Sequence[str]) -> MadeFile:
    """The page to be made by a command. Where it cannot be, the form is kept and the log says why."""

    def done(outcome: Outcome) -> None:
        if outcome.reason:
            log.warning("the web page could not be made, the form is kept: %s", outcome.reason)

    return MadeFile(line, "page.html", done=done)
