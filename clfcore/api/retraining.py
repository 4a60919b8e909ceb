"""Retraining: the configuration of a run on another version of its data, and what that gained."""

from dataclasses import dataclass
from pathlib import Path

from clfcore.api import runs as run_calls
from clfcore.errors import InputError
from clfcore.experiments.retrain import RetrainVerdict, is_version_of, retrain_config, retrain_verdict
from clfcore.progress import Show
from clfcore.results import Result
from clfcore.runs import folder
from clfcore.runs.folder import Run
from clfcore.runs.outcome import RunOutcome


@dataclass(frozen=True)
class Retrained(Result):
    """A run that was trained again on other data. verdict: None where it did not complete."""

    retrained: RunOutcome
    verdict: RetrainVerdict | None


def retrain(name: str, data: str, *, runs: Path | None = None, show: Show | None = None) -> Retrained:
    """Train a run's configuration on another version of its data, in this process, and compare both.

    Raises InputError where that is other data, or the same; and as `train` does.
    """
    before = folder.open_run(name, runs)
    if not is_version_of(data, before.config.data):
        raise InputError(
            f"data is {data!r}: run {before.id} was trained on other data; name a version of that, as DATA@VERSION"
        )
    outcome = run_calls.train(retrain_config(before.config, data), runs=runs, show=show)
    after = Run(outcome.path)
    return Retrained(outcome, retrain_verdict(before, after) if outcome.state == "completed" else None)


def verdict(before: str, after: str, *, runs: Path | None = None) -> RetrainVerdict:
    """What a run gained over another one on a version of the same data, on their common items.

    Raises InputError where one has no predictions, or they have nothing in common.
    """
    return retrain_verdict(folder.open_run(before, runs), folder.open_run(after, runs))
