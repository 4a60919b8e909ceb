"""What a run can honestly say: none of these classes, or a set of them."""

from dataclasses import dataclass
from pathlib import Path

from clfcore.errors import InputError
from clfcore.evaluation.intervals import wilson
from clfcore.progress import Progress
from clfcore.results import Result
from clfcore.runs import folder
from clfcore.runs.unknown import measure_unknown
from clfcore.unlike import FALSE_ALARMS, SCORES, Limit, Score


@dataclass(frozen=True)
class AlarmRate(Result):
    """How many of a split's images are called unlike; interval: Wilson's, 95%."""

    items: int
    alarms: int
    share: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class UnknownReport(Result):
    """How a run tells pictures of none of its classes.

    score: that which told left-out classes best; false_alarms: the rate that was asked for; scores: each score's limit
    and what it was measured to do, the chosen one first; far: the data whose pictures were the far strangers.
    """

    run: str
    score: Score
    false_alarms: float
    threshold: float
    validation: AlarmRate
    test: AlarmRate
    scores: tuple[Limit, ...]
    far: tuple[str, ...]
    message: str


def unknown(
    run: str,
    *,
    false_alarms: float = FALSE_ALARMS,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> UnknownReport:
    """Choose and keep the limit from which a run's classifier calls a picture none of its classes, and measure it.

    false_alarms: the share of one's own pictures that may be called so. Raises InputError where the validation images
    are too few for it, or data or weights are gone.
    """
    if not 0 < false_alarms < 1:
        raise InputError(f"false-alarms is {false_alarms:g}: it must be above 0 and below 1, such as 0.05")
    opened = folder.open_run(run, runs)
    known = measure_unknown(opened, false_alarms=false_alarms, progress=progress)
    chosen = known.rule.chosen
    return UnknownReport(
        run=opened.id,
        score=chosen.score,
        false_alarms=false_alarms,
        threshold=chosen.threshold,
        validation=_rate(chosen.items, chosen.alarms),
        test=_rate(chosen.test_items, chosen.test_alarms),
        scores=known.rule.limits,
        far=known.far,
        message=f"Told by {SCORES[chosen.score]}. {chosen.power}",
    )


def _rate(items: int, alarms: int) -> AlarmRate:
    return AlarmRate(items, alarms, alarms / items if items else None, wilson(alarms, items))
