"""Prediction sets of a run: their rule, by its validation predictions."""

from clfcore.errors import InputError
from clfcore.evaluation.conformal import SetRule, set_rule
from clfcore.predictions import Predictions
from clfcore.runs.folder import Run


def run_set_rule(run: Run, coverage: float, *, level: str | None = None) -> SetRule:
    """The rule of a coverage. level: of a hierarchy one of its levels; None: the finest.

    Raises InputError where the run has no validation predictions, or too few.
    """
    if "validation" not in run.splits:
        raise InputError(f"run {run.id} is {run.state} and has no validation predictions: let it finish, or resume it")
    return set_rule(at_level(run.predictions("validation"), level), coverage)


def at_level(predictions: Predictions, level: str | None) -> Predictions:
    """Predictions of one level of a hierarchy; None: as they are."""
    return predictions if level is None else predictions.level(level)
