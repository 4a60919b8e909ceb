"""Sweeps: search a space for the best configuration, in trials that are runs."""

from collections.abc import Mapping
from pathlib import Path

from clfcore.config import RunConfig
from clfcore.experiments.search import SearchResult, search
from clfcore.experiments.search_space import read_space
from clfcore.progress import Show


def sweep(
    config: RunConfig,
    space: Mapping[str, object] | Path,
    *,
    trials: int,
    workers: int = 1,
    prune: bool = False,
    on: str = "local",
    study: str | None = None,
    runs: Path | None = None,
    show: Show | None = None,
) -> SearchResult:
    """Try values of a space on top of a configuration until the study has so many trials; each is a run.

    space: fields and what they may be, or the JSON file that holds them. workers: processes, or tasks, that carry out
    trials side by side. prune: stop a trial whose validation score falls below the median of the others at the same
    epoch. on: local, ray, or slurm, which writes a batch file. study: a name of its own; None is one that configuration
    and space decide. The same call again continues the study. Raises InputError for a space that cannot be.
    """
    ranges = read_space(space) if isinstance(space, Path) else space
    return search(config, ranges, trials=trials, workers=workers, prune=prune, on=on, study=study, runs=runs, show=show)
