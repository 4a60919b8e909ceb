"""The thresholds of a run's labels: chosen on validation, kept in its folder, used by whoever opens it."""

from typing import TYPE_CHECKING

from clfcore.errors import InputError
from clfcore.runs.folder import Run
from clfcore.runs.records import ThresholdsFile

if TYPE_CHECKING:
    from clfcore.evaluation.multilabel import Thresholds

FILE = ThresholdsFile.file


def thresholds_of(run: Run) -> tuple[float, ...] | None:
    """The probability from which each label counts, in the task's order; None: 0.5 each. Raises InputError."""
    path = run.path / ThresholdsFile.file
    if not path.exists():
        return None
    labels = run.task.classes
    try:
        values = run.read(ThresholdsFile).values
        return tuple(values[label] for label in labels)
    except KeyError as error:
        raise InputError(
            f"{path} is damaged (no threshold of {error.args[0]}): delete it, and each label counts from 0.5 again"
        ) from None
    except InputError as error:
        raise InputError(f"{error}; without {path.name} each label counts from 0.5 again") from None


def keep_thresholds(run: Run, chosen: "Thresholds | None") -> tuple[float, ...] | None:
    """Store thresholds chosen on validation; None goes back to 0.5 each. Returns their values."""
    if chosen is None:
        (run.path / FILE).unlink(missing_ok=True)
        return None
    labels = run.task.classes
    named = dict(zip(labels, chosen.values, strict=True))
    run.write(FILE, {"chosen_on": "validation", "goal": chosen.goal, "values": named, "left": list(chosen.left)})
    return chosen.values
