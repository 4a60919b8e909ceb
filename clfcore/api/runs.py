"""Runs: train and resume one in this process; list, show and delete what there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clfcore.config import RunConfig, with_name
from clfcore.errors import InputError
from clfcore.progress import Show
from clfcore.resolve import Resolved
from clfcore.results import WHEN_KNOWN, Result
from clfcore.runs import folder
from clfcore.runs.create import create_run, with_absolute_data
from clfcore.runs.folder import Run
from clfcore.runs.outcome import RunOutcome, outcome_of, summary_of
from clfcore.runs.resolve_run import resolve_run


@dataclass(frozen=True)
class RunSummary(Result):
    """A run as `runs` lists it; of a damaged one `error` says what is wrong, and config and metrics are empty.

    message, history and results: of `show_run` alone.
    """

    run: str
    path: Path
    state: str
    config: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, Any]]
    error: str | None = field(default=None, metadata=WHEN_KNOWN)
    message: str | None = field(default=None, metadata=WHEN_KNOWN)
    history: Sequence[Mapping[str, Any]] | None = field(default=None, metadata=WHEN_KNOWN)
    results: Mapping[str, Any] | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class RunList(Result):
    """Runs, the newest first."""

    runs: tuple[RunSummary, ...]


@dataclass(frozen=True)
class DeletedRun(Result):
    """The id of a run that is gone."""

    deleted: str


def train(config: RunConfig, *, runs: Path | None = None, show: Show | None = None) -> RunOutcome:
    """Run a configuration to its end, in this process. The folder is written before torch is imported.

    What can be refused without torch is refused before there is a folder.
    """
    config = with_absolute_data(config)
    resolved = resolve_run(config)
    if show is not None and resolved.notes:
        show({"stage": "preparing", "done": 0, "total": 1, "notes": list(resolved.notes)})
    asked = with_name(config.changed(architecture=resolved.config.architecture))
    return _execute(create_run(asked, runs), show, resolved)


def resume(name: str, *, runs: Path | None = None, show: Show | None = None) -> RunOutcome:
    """Go on with an interrupted, cancelled or failed run."""
    run = folder.open_run(name, runs)
    if run.state not in folder.RESUMABLE:
        raise InputError(f"run {run.id} is {run.state}: only an interrupted, cancelled or failed run can be resumed")
    return _execute(run, show)


def _execute(run: Run, show: Show | None, resolved: Resolved | None = None) -> RunOutcome:
    from clfcore.runs.execute import execute  # brings torch along, which the folder need not wait for

    execute(run, show=show, resolved=resolved)
    return outcome_of(run)


def list_runs(*, runs: Path | None = None) -> RunList:
    """Every run of a runs folder, damaged ones included."""
    return RunList(tuple(_summary(run) for run in folder.run_folders(runs)))


def show_run(name: str, *, runs: Path | None = None) -> RunList:
    """One run with its history and results."""
    run = folder.open_run(name, runs)
    history = [epoch.as_dict() for epoch in run.history]
    return RunList((_summary(run, message=run.message, history=history, results=run.results.as_dict()),))


def _summary(run: Run, **more: Any) -> RunSummary:
    values = {**summary_of(run), **more}
    return RunSummary(**{**values, "path": run.path})


def delete_run(name: str, *, runs: Path | None = None) -> DeletedRun:
    """Remove a run of the runs folder by its whole id: no path and no beginning of an id is taken."""
    run = folder.find_run(name, runs)
    folder.delete(run, runs)
    return DeletedRun(run.id)
