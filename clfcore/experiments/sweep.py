"""Sweep: the runs of a grid, trained in this process one after another, then their comparison."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clfcore.config import RunConfig
from clfcore.errors import Failure, InputError
from clfcore.experiments.compare_runs import RunComparison, compare_runs
from clfcore.experiments.grid import Grid, Refused
from clfcore.progress import Show
from clfcore.results import JsonObject, Result
from clfcore.runs.create import create_run, with_absolute_data
from clfcore.runs.folder import Run
from clfcore.runs.outcome import RunOutcome, outcome_of


@dataclass(frozen=True)
class NotCompared(Result):
    """Why completed runs are not compared."""

    error: str


@dataclass(frozen=True)
class SweepResult(Result):
    """Every run's outcome, what could not be trained, and the comparison of those that completed."""

    runs: tuple[RunOutcome, ...]
    refused: tuple[Refused, ...]
    comparison: RunComparison | NotCompared


def train_to_compare(grid: Grid, *, runs: Path | None = None, show: Show | None = None) -> SweepResult:
    """Every run to its end; one that fails is reported with its reason, and the others go on.

    Raises InputError where nothing can be trained.
    """
    if not grid.configs:
        reasons = "; ".join(f"{refused.name}: {refused.reason}" for refused in grid.refused)
        raise InputError(f"none of these can be trained ({reasons}): choose other architectures or strategies")
    created = [create_run(with_absolute_data(config), runs) for config in grid.configs]
    outcomes = tuple(_execute(run, show) for run in created)
    return SweepResult(outcomes, grid.refused, _comparison([run for run in created if run.state == "completed"]))


def _execute(run: Run, show: Show | None) -> RunOutcome:
    from clfcore.runs.execute import execute  # brings torch along

    try:
        execute(run, show=show)
    except (InputError, Failure) as error:
        return replace(outcome_of(run), message=str(error))
    return outcome_of(run)


def _comparison(completed: Sequence[Run]) -> RunComparison | NotCompared:
    if len(completed) < 2:
        return NotCompared(f"{len(completed)} of the runs completed: a comparison needs two")
    return compare_runs(completed)


def shared(config: RunConfig) -> JsonObject:
    """What a configuration sets apart from architecture, strategy and seed, as `grid` takes it."""
    given = config.model_dump(exclude_unset=True)
    recipe = {name: value for name, value in given.pop("recipe", {}).items() if name != "seed"}
    more = {name: value for name, value in given.items() if name not in ("data", "architecture", "strategy")}
    return {"recipe": recipe, "split_seed": more.pop("split_seed", 0), "more": more}
