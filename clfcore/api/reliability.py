"""How far a run can be trusted: none of its classes, or a set of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clfcore.errors import InputError
from clfcore.evaluation.conformal import CAUTION, COVERAGE, set_quality
from clfcore.evaluation.intervals import wilson
from clfcore.progress import Progress
from clfcore.results import Result
from clfcore.runs import folder
from clfcore.runs.prediction_sets import at_level, keep_sets, kept_sets, run_set_rule
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


@dataclass(frozen=True)
class CoverageReport(Result):
    """How often the sets of a split's images include the true class, and how large they are.

    interval: Wilson's of the share, 95%; sizes: how many sets have so many classes, by the number as text.
    """

    items: int
    covered: int
    share: float
    interval: tuple[float, float] | None
    mean_size: float
    sizes: Mapping[str, int]


@dataclass(frozen=True)
class SetReport(Result):
    """A run's prediction sets.

    threshold: from which probability a class is in the set, chosen on so many validation images; level: of a hierarchy
    the one whose classes are in the sets; test: None where the run has no test predictions; kept: whether predictions
    of the run carry these sets.
    """

    run: str
    coverage: float
    threshold: float
    validation: int
    level: str
    test: CoverageReport | None
    caution: str
    kept: bool


def sets(
    run: str,
    *,
    coverage: float | None = None,
    level: str | None = None,
    forget: bool = False,
    runs: Path | None = None,
) -> SetReport:
    """Prediction sets that include the true class as often as asked, by validation; how often they do on test.

    coverage: kept with the run where it is given, so that its predictions, served ones and exports carry their sets;
    None: what the run keeps, else 0.9. forget: keep none any more. level: of a hierarchy one of its levels; None: the
    finest. Raises InputError where the validation images are too few for the coverage.
    """
    if forget and coverage is not None:
        raise InputError("coverage and forget are both given: give a coverage to keep, or forget the one that is kept")
    opened = folder.open_run(run, runs)
    if forget:
        keep_sets(opened, None)
    kept = kept_sets(opened)
    if coverage is None and level is None:
        level = kept.level
    asked = (kept.coverage or COVERAGE) if coverage is None else coverage
    rule = run_set_rule(opened, asked, level=level)
    if coverage is not None:
        keep_sets(opened, coverage, level=level)
    quality = set_quality(rule, at_level(opened.predictions("test"), level)) if "test" in opened.splits else None
    test = None
    if quality is not None:
        sizes = {str(size): items for size, items in quality.sizes.items()}
        test = CoverageReport(quality.items, quality.covered, quality.share, quality.interval, quality.mean_size, sizes)
    return SetReport(
        run=opened.id,
        coverage=asked,
        threshold=rule.threshold,
        validation=rule.items,
        level=rule.level,
        test=test,
        caution=CAUTION,
        kept=kept_sets(opened).coverage == asked,
    )


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
