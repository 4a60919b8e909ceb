"""Lists of runs: each run's state, configuration and results at a glance, however damaged one of them is.

What lists read is kept in memory (`kept`), so that thousands of runs cost a look at each file's time.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clfcore.errors import InputError
from clfcore.evaluation.metric_catalogue import Score, main_score
from clfcore.resolved_config import NetworkConfig
from clfcore.runs.about import about
from clfcore.runs.folder import Run, run_folders
from clfcore.runs.records import About, RunResults, State, Status

ACTIVE = ("queued", "running")
_NO_STATUS, _NO_RESULTS, _NO_ABOUT = Status(), RunResults(), About()


@dataclass(frozen=True)
class Listed:
    """A run as lists show it. damaged: why its state, configuration or results cannot be read; else empty.

    config is None, and results are empty, where they cannot be read. splits: those that have predictions.
    """

    run: Run
    state: State | Literal["damaged"]
    config: NetworkConfig | None
    status: Status
    results: RunResults
    splits: tuple[str, ...]
    damaged: str = ""
    about: About = _NO_ABOUT

    @property
    def id(self) -> str:
        return self.run.id


def listed(run: Run) -> Listed:
    """One run at a glance; raises nothing, whatever its folder holds."""
    state: State | Literal["damaged"] = "damaged"
    config, status, results, cause = None, _NO_STATUS, _NO_RESULTS, ""
    try:
        status = run.read(Status)
        config = run.config
        results = run.read(RunResults)
        state = run.state
    except InputError as error:
        state, cause = "damaged", str(error)
    return Listed(run, state, config, status, results, run.splits, cause, about(run))


def list_runs(folder: Path | None = None) -> list[Listed]:
    """All runs of a folder, newest first."""
    return [listed(run) for run in run_folders(folder)]


def finished_runs(folder: Path | None = None) -> list[Listed]:
    """The runs that have predictions and can be read, newest first: what is evaluated, compared and predicted with."""
    return [one for one in list_runs(folder) if one.splits and one.config is not None and not one.damaged]


def score_of(results: RunResults, split: str | None = None) -> Score | None:
    """The main metric of the run's task on a split, by default on test where it has one, else on validation."""
    wanted = (split,) if split else ("test", "validation")
    return next((main_score(results.metrics[name], name) for name in wanted if results.metrics.get(name)), None)
