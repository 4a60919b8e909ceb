"""Train to compare in this process: the runs of a grid, one after another, then what the comparison says of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from clfcore.api import compare, outcome
from clfcore.config import RunConfig
from clfcore.errors import Failure, InputError
from clfcore.experiments.grid import Grid
from clfcore.runs import folder

Show = Callable[[dict[str, Any]], None]


def train_to_compare(found: Grid, *, runs: Path | None = None, show: Show | None = None) -> dict[str, Any]:
    """Every run to its end; one that fails is told with its reason, and the others go on.

    `runs`: what `train` prints of each; `refused`: what could not be trained, and why; `comparison`: what `compare`
    prints of those that completed, or why they are not compared. Raises InputError where nothing can be trained.
    """
    if not found.configs:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.refused)
        raise InputError(f"none of these can be trained ({reasons}): choose other architectures or strategies")
    created = [folder.create_run(config, runs) for config in found.configs]
    told = []
    for run in created:
        from clfcore.runs.execute import execute

        try:
            execute(run, show=show)
        except (InputError, Failure) as error:
            told.append({**outcome(run), "message": str(error)})
        else:
            told.append(outcome(run))
    done = [str(run.path) for run in created if run.state == "completed"]
    refused = [{"name": name, "reason": reason} for name, reason in found.refused]
    return {"runs": told, "refused": refused, "comparison": _comparison(done, compare)}


def _comparison(paths: Sequence[str], compare: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    if len(paths) < 2:
        return {"error": f"{len(paths)} of the runs completed: a comparison needs two"}
    return compare(paths)


def shared(config: RunConfig) -> dict[str, Any]:
    """What a configuration says beside architecture, strategy and seed, as `grid` takes it."""
    given = config.model_dump(exclude_unset=True)
    recipe = {name: value for name, value in given.pop("recipe", {}).items() if name != "seed"}
    more = {name: value for name, value in given.items() if name not in ("data", "architecture", "strategy")}
    return {"recipe": recipe, "split_seed": more.pop("split_seed", 0), "more": more}
