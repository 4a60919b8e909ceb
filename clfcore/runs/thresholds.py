"""The thresholds of a run's labels: chosen on validation, kept in its folder, used by whoever opens it."""

import json
from typing import TYPE_CHECKING

from clfcore.errors import InputError
from clfcore.runs.store import Run

if TYPE_CHECKING:
    from clfcore.evaluation.multilabel import Thresholds

FILE = "thresholds.json"


def thresholds_of(run: Run) -> tuple[float, ...] | None:
    """The probability from which each label counts, in the task's order; None: 0.5 each. Raises InputError."""
    path = run.path / FILE
    if not path.exists():
        return None
    labels = run.classifier["task"]["levels"][-1]["classes"]
    try:
        values = json.loads(path.read_text(encoding="utf-8"))["values"]
        found = tuple(float(values[label]) for label in labels)
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path} is damaged: delete it, and each label counts from 0.5 again") from None
    for label, value in zip(labels, found, strict=True):
        if not 0 <= value <= 1:
            raise InputError(f"{path}: the threshold of {label} is {value:g}: it must be from 0 to 1")
    return found


def keep_thresholds(run: Run, chosen: "Thresholds | None") -> tuple[float, ...] | None:
    """Store thresholds chosen on validation; None goes back to 0.5 each. Returns their values."""
    if chosen is None:
        (run.path / FILE).unlink(missing_ok=True)
        return None
    labels = run.classifier["task"]["levels"][-1]["classes"]
    named = dict(zip(labels, chosen.values, strict=True))
    run.write(FILE, {"chosen_on": "validation", "goal": chosen.goal, "values": named, "left": list(chosen.left)})
    return chosen.values
