"""Unlike: whether a picture is unlike what a classifier was trained on, so that it may show none of its classes.

Said before the classes, by one of two scores, for both of which more is stranger: the free energy of the logits (Liu
and others 2020; of several labels Wang and others 2021), or the cosine distance to the nearest training embeddings (Sun
and others 2022). Of published weights, whose training images are not here, by the probability of the likeliest class
(Hendrycks and Gimpel 2017). No torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from clfcore.evaluation.auc import column_areas
from clfcore.evaluation.intervals import wilson
from clfcore.predictions import probabilities
from clfcore.results import WHEN_KNOWN, Result
from clfcore.task import Task

Reason = Literal["far", "unsure"]
Score = Literal["energy", "neighbors", "probability"]
FALSE_ALARMS = 0.05  # share of a run's own pictures that may be called unlike, unless another was asked for
SLACK = 1e-3  # of the spread: the image on the limit itself, computed again in another batch, is kept again
LIKELY = 0.5  # a class of this probability is likely, whatever else is said
# What each score is, inside a sentence.
SCORES: Mapping[Score, str] = {
    "neighbors": "the distance to the nearest training images",
    "energy": "the energy of the logits",
    "probability": "the probability of the likeliest class",
}
_REASONS: Mapping[Score, Reason] = {"neighbors": "far", "energy": "unsure", "probability": "unsure"}


@dataclass(frozen=True)
class Caught(Result):
    """How well a score tells strangers from one's own pictures.

    auroc: the probability that a stranger has the higher score. caught: how many of the `items` strangers lie above
    the threshold.
    """

    auroc: float
    caught: int
    items: int

    @property
    def share(self) -> float:
        return self.caught / self.items


@dataclass(frozen=True)
class Limit(Result):
    """From where a score calls a picture unlike, and what that was measured to do.

    alarms: how many of the `items` validation images lie above the threshold; 0 of 0 where it was not chosen on any.
    test_alarms, test_items: of test images, 0 of 0 until they were measured. near: strangers of classes that were left
    out in turn; far: pictures that have nothing to do with the data.
    """

    score: Score
    threshold: float
    alarms: int
    items: int
    test_alarms: int = 0
    test_items: int = 0
    near: Caught | None = None
    far: Caught | None = None

    @property
    def power(self) -> str:
        """What the limit keeps and catches, in a sentence."""
        if not self.items:
            return ""
        split, alarms, items = "validation", self.alarms, self.items
        if self.test_items:
            split, alarms, items = "test", self.test_alarms, self.test_items
        kept = f"keeps {_percent(items - alarms, items)} of your {split} images ({items:,})"
        caught = [f"{_percent(c.caught, c.items)} of {name}" for name, c in self._strangers() if c is not None]
        missing = [name for name, c in self._strangers() if c is None]
        catches = f", catches {' and '.join(caught)}" if caught else ""
        unknown = f" How many {' and '.join(missing)} it catches has not been measured." if missing else ""
        return f"It {kept}{catches}.{unknown}"

    def _strangers(self) -> tuple[tuple[str, Caught | None], ...]:
        return ("near strangers (classes left out in turn)", self.near), ("far ones (other data)", self.far)


@dataclass(frozen=True)
class Rule:
    """What tells strangers: limits of one or two scores, the chosen one first, and a sentence on how it was chosen.

    false_alarms: the share of one's own pictures that may be called unlike. why: why another score is not used, or what
    was not measured; empty where there is nothing to say.
    """

    limits: tuple[Limit, ...]
    false_alarms: float = FALSE_ALARMS
    why: str = ""

    @property
    def chosen(self) -> Limit:
        return self.limits[0]

    def usable(self, *, distances: bool) -> Limit | None:
        """The first limit that can be applied. distances: whether those to training images are known."""
        return next((limit for limit in self.limits if distances or limit.score != "neighbors"), None)

    def basis(self, limit: Limit) -> str:
        """How the limit was chosen and what it was measured to do, in a few sentences."""
        if not limit.items:
            return self.why
        basis = f"Told by {SCORES[limit.score]}{f' ({self.why})' if self.why else ''}. {limit.power}"
        if limit is not self.chosen:
            basis += f" In the lab {SCORES[self.chosen.score]} is used instead: {self.chosen.power}"
        return basis


# Of published ImageNet weights, whose training images are not here. Measured with efficientnet_lite0, lite1 and lite2
# on every second photo of clothing-small and the samples (106), 40 drawn shapes, 38 digits, 60 noise pictures and 20
# plain colors; entropy above 5 nats, alone or with it, told them apart no better.
PUBLISHED = Rule(
    (Limit("probability", -0.1, 0, 0),),
    why=(
        "The limit of 10% was chosen with three networks on few pictures: below it were 7% of 106 photographs, 49% "
        "of 78 drawn shapes and digits, and 62% of 80 noise pictures and plain colors. How often it is right beyond "
        "them has not been measured."
    ),
)


@dataclass(frozen=True)
class Unlike(Result):
    """Whether a picture is unlike the training images, by which score, and by how much.

    reasons: `far` from the training images, or `unsure`: too little in it speaks for any class. message: what is said
    before the classes, empty where nothing is. value: of the score; above the threshold it is unlike. probability: of
    the likeliest class. basis: how the threshold was chosen, and what it was measured to do. kept: how many of the `of`
    validation images it leaves.
    """

    unlike: bool
    reasons: tuple[Reason, ...]
    message: str
    score: Score
    value: float
    threshold: float
    probability: float
    basis: str
    kept: int | None = field(default=None, metadata=WHEN_KNOWN)
    of: int | None = field(default=None, metadata=WHEN_KNOWN)


def confidence(logits: np.ndarray, task: Task) -> np.ndarray:
    """Probability of the likeliest class: N x columns -> N; of a hierarchy the likeliest of the coarsest level."""
    return probabilities(logits, task)[:, task.slices[0]].max(axis=1)


def energy(logits: np.ndarray, task: Task) -> np.ndarray:
    """The free energy of N x columns logits, N: more is stranger; of a hierarchy that of its finest level."""
    return energy_of(logits[:, task.slices[-1]], several=task.kind == "multi-label")


def energy_of(logits: np.ndarray, *, several: bool) -> np.ndarray:
    """The free energy of N x K logits of one level: -log sum exp; of several labels -sum log (1 + exp)."""
    x = logits.astype(np.float64)
    if several:
        return -np.logaddexp(0, x).sum(axis=1)
    top = x.max(axis=1)
    return -(top + np.log(np.exp(x - top[:, None]).sum(axis=1)))


def threshold_at(scores: np.ndarray, false_alarms: float) -> float:
    """The threshold that a new picture of the same kind passes with at most this probability; scores: N, none NaN.

    The ceil((N + 1) (1 - false_alarms))-th smallest, as in split conformal prediction; of too few the largest.
    """
    place = int(np.ceil((len(scores) + 1) * (1 - false_alarms)))
    return float(np.sort(scores)[min(place, len(scores)) - 1])


def least_items(false_alarms: float) -> int:
    """How many pictures it takes for a threshold to be below the largest score.

    >>> least_items(0.05), least_items(0.1)
    (19, 9)
    """
    return int(np.ceil(1 / false_alarms - 1e-9)) - 1


def limit_of(score: Score, scores: np.ndarray, false_alarms: float, *, near: Caught | None = None) -> Limit:
    """The limit of a score at a rate of false alarms, by the scores of validation images."""
    threshold = threshold_at(scores, false_alarms) + SLACK * float(np.ptp(scores))
    return Limit(score, threshold, int((scores > threshold).sum()), len(scores), near=near)


def best_first(limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
    """Limits in order, the chosen one first: the distance, unless the energy catches clearly more left-out classes.

    Clearly: more than the upper end of the distance's 95% interval. Where both are about as good on left-out classes,
    the distance is, on pictures of other data, far ahead (measured: docs/trust.md).
    """
    by_score = {limit.score: limit for limit in limits}
    near, weak = by_score.get("neighbors"), by_score.get("energy")
    if near is None or weak is None or near.near is None or weak.near is None:
        return tuple(sorted(limits, key=lambda limit: limit.score != "neighbors"))
    most = wilson(near.near.caught, near.near.items)
    assert most is not None, "strangers were left out"
    return (weak, near) if weak.near.share > most.high else (near, weak)


def measured(limit: Limit, *, test: np.ndarray, far: np.ndarray) -> Limit:
    """The limit with what it does on test images and on pictures of other data, by their scores."""
    return replace(
        limit,
        test_alarms=int((test > limit.threshold).sum()),
        test_items=len(test),
        far=caught_of(limit, known=test, strange=far) if len(far) and len(test) else limit.far,
    )


def caught_of(limit: Limit, *, known: np.ndarray, strange: np.ndarray) -> Caught:
    """How well a limit tells strangers from known pictures, by the scores of both, none of them empty."""
    both = np.concatenate([known, strange])
    area = column_areas(both, np.arange(len(known), len(both))).auc
    return Caught(area, int((strange > limit.threshold).sum()), len(strange))


def judge(rule: Rule, task: Task, logits: np.ndarray, *, distance: float | None) -> Unlike | None:
    """Whether a picture is unlike, by its logits (columns) and the distance of its embedding.

    None where the rule is by distance alone and the distance is not known.
    """
    limit = rule.usable(distances=distance is not None)
    if limit is None:
        return None
    sure = float(confidence(logits[None], task)[0])
    match limit.score:
        case "neighbors":
            assert distance is not None, "the limit is usable"
            value = distance
        case "energy":
            value = float(energy(logits[None], task)[0])
        case "probability":
            value = -sure
    unlike = value > limit.threshold
    return Unlike(
        unlike,
        (_REASONS[limit.score],) if unlike else (),
        unlike_message(task, limit.score, sure=sure) if unlike else "",
        limit.score,
        value,
        limit.threshold,
        sure,
        rule.basis(limit),
        limit.items - limit.alarms if limit.items else None,
        limit.items or None,
    )


def unlike_message(task: Task, score: Score, *, sure: float = 0.0) -> str:
    """What is said before the classes of a picture that is unlike. sure: the probability of the likeliest class."""
    known = {"multi-label": "labels"}.get(task.kind, "classes")
    match score:
        case "neighbors":
            finest = f"{len(task.classes):,} {known}"
            return f"Unlike the training images: it may show none of the {finest}, however sure it looks."
        case "energy":
            finest = f"{len(task.classes):,} {known}"
            return f"Little in it speaks for any of the {finest}: it may show none of them, however sure it looks."
        case "probability":
            coarsest = f"{len(task.levels[0].classes):,} {known}"
            return f"None of its {coarsest} is likely (the likeliest has {100 * sure:.0f}%)."


def _percent(part: int, of: int) -> str:
    return f"{100 * part / of:.0f}%"
