"""Stopping and resuming: which runs can be, what a stop does, and completing one with its best epoch so far."""

from clfcore.errors import InputError
from clfcore.runs.best_epoch import best_record
from clfcore.runs.folder import Run


def refuse_unless_resumable(run: Run) -> None:
    """Raises InputError of a run that is at work, or has completed as it was configured."""
    if not run.resumable:
        raise InputError(
            f"run {run.id} is {run.state}: only a run that was interrupted, cancelled, failed or finished early can be "
            "resumed"
        )


def refuse_without_epoch(run: Run) -> None:
    """Raises InputError of a run that has no epoch to complete with, or has completed."""
    if run.state == "completed":
        raise InputError(f"run {run.id} is completed: its best epoch was evaluated already")
    if best_record(run.history) is None:
        raise InputError(
            f"run {run.id} has no finished epoch yet, so there are no weights to keep: wait for the first one, or stop "
            "the run (it can be resumed)"
        )


def can_keep_best(run: Run) -> bool:
    """Whether the run can be completed with its best epoch so far."""
    try:
        refuse_without_epoch(run)
    except InputError:
        return False
    return True
