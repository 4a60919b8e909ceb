"""The thresholds of a run's labels: chosen on validation, kept in its folder (`Run.thresholds` reads them)."""

from typing import TYPE_CHECKING

from clfcore.runs.folder import Run
from clfcore.runs.records import ThresholdsFile

if TYPE_CHECKING:
    from clfcore.evaluation.multilabel import Thresholds

FILE = ThresholdsFile.file


def keep_thresholds(run: Run, chosen: "Thresholds | None") -> tuple[float, ...] | None:
    """Store thresholds chosen on validation; None goes back to 0.5 each. Returns their values."""
    if chosen is None:
        (run.path / FILE).unlink(missing_ok=True)
        return None
    labels = run.task.classes
    named = dict(zip(labels, chosen.values, strict=True))
    run.write(FILE, {"chosen_on": "validation", "goal": chosen.goal, "values": named, "left": list(chosen.left)})
    return chosen.values
