"""Prediction sets of a run: their rule, by its validation predictions, and the coverage that the run keeps."""

from typing import Annotated

from pydantic import Field

from clfcore.errors import InputError
from clfcore.evaluation.conformal import SetRule, set_rule
from clfcore.predictions import Predictions
from clfcore.runs.folder import Run
from clfcore.runs.records import Record


class SetsFile(Record):
    """The coverage of the sets that every answer of the run carries. level: of a hierarchy; None: the finest."""

    file = "sets.json"
    coverage: Annotated[float, Field(gt=0, lt=1)] | None = None
    level: Annotated[str, Field(max_length=1000)] | None = None


def run_set_rule(run: Run, coverage: float, *, level: str | None = None) -> SetRule:
    """The rule of a coverage. level: of a hierarchy one of its levels; None: the finest.

    Raises InputError where the run has no validation predictions, or too few.
    """
    if "validation" not in run.splits:
        raise InputError(f"run {run.id} is {run.state} and has no validation predictions: let it finish, or resume it")
    return set_rule(at_level(run.predictions("validation"), level), coverage)


def kept_sets(run: Run) -> SetsFile:
    """The coverage that the run keeps, None where it keeps none or the file is damaged."""
    try:
        return run.read(SetsFile)
    except InputError:
        return SetsFile()


def kept_set_rule(run: Run) -> SetRule | None:
    """The rule of the coverage that the run keeps, by its validation predictions as they are now.

    None where it keeps none, or these are gone: a prediction goes without its set then.
    """
    kept = kept_sets(run)
    if kept.coverage is None:
        return None
    try:
        return run_set_rule(run, kept.coverage, level=kept.level)
    except InputError:
        return None


def keep_sets(run: Run, coverage: float | None, *, level: str | None = None) -> None:
    """Have every answer of the run carry its set; a coverage of None: no more. Raises Failure."""
    if coverage is None:
        (run.path / SetsFile.file).unlink(missing_ok=True)
    else:
        run.write(SetsFile.file, {"coverage": coverage, "level": level})


def at_level(predictions: Predictions, level: str | None) -> Predictions:
    """Predictions of one level of a hierarchy; None: as they are."""
    return predictions if level is None else predictions.level(level)
