"""Epochs done of those asked for: a run may end before its last epoch, and says why."""

from pathlib import Path

from clfcore.errors import InputError
from clfcore.runs.epoch_count import EpochsDone
from clfcore.runs.file_cache import KEPT
from clfcore.runs.index import Listed
from clfcore.runs.read_records import read_record_lines
from clfcore.runs.records import EpochRecord, State

ENDED: tuple[State, ...] = ("completed", "cancelled", "failed", "interrupted")


def epochs_done(run: Listed) -> EpochsDone | None:
    """The epochs of a run as lists show it; None where none was asked for, or its history cannot be read."""
    if run.config is None:
        return None
    asked = run.config.recipe.epochs
    try:
        done = KEPT.get(f"{run.run.path}/{EpochRecord.file}", _last_epoch)
    except InputError:
        return None
    if asked is None and not done:
        return None
    return EpochsDone(done, asked, _reason(run, done, asked))


def _last_epoch(path: Path) -> int:
    return max((record.epoch for record in read_record_lines(path.parent, EpochRecord)), default=0)


def _reason(run: Listed, done: int, asked: int | None) -> str:
    """Why a completed run has fewer epochs than were asked for; what else ended one is its state."""
    if run.state != "completed" or run.config is None or asked is None or done >= asked:
        return ""
    if run.results.finished_early is not None:
        return "finished early on request"
    if run.config.strategy == "feature-extraction" and run.config.head == "logistic":
        return "converged"
    return "stopped early"
