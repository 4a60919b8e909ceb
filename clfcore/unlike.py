"""Unlike: whether a picture is unlike what a classifier was trained on, or none of its classes is likely.

Said before the classes. Two rules: the cosine distance to the nearest training embeddings (Sun and others 2022), and
the calibrated probability of the likeliest class (Hendrycks and Gimpel 2017). No torch.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from clfcore.predictions import probabilities
from clfcore.results import WHEN_KNOWN, Result
from clfcore.task import Task

Reason = Literal["far", "unsure"]
KEPT = 0.95  # share of the validation images that are not called unlike, at least
SLACK = 1e-3  # the image on the limit itself, computed again in another batch, is kept again
LIKELY = 0.5  # a class of this probability is likely, whatever validation says
NOT_MEASURED = "How many strangers that catches has not been measured"


@dataclass(frozen=True)
class Rule:
    """The limits, and how they were chosen.

    probability: below it no class is likely; distance: above it a picture is far from the training images, None where
    their embeddings are not known. temperature: of the probability. kept: how many of the `of` validation images
    either limit leaves; 0 of 0 where they were not chosen on validation. basis: a sentence on the choice.
    """

    probability: float
    distance: float | None
    temperature: float
    kept: int
    of: int
    basis: str


# Of published ImageNet weights, whose training images are not here. Measured with efficientnet_lite0, lite1 and lite2
# on every second photo of clothing-small and the samples (106), 40 drawn shapes, 38 digits, 60 noise pictures and 20
# plain colors; entropy above 5 nats, alone or with it, told them apart no better.
PUBLISHED = Rule(
    probability=0.1,
    distance=None,
    temperature=1.0,
    kept=0,
    of=0,
    basis=(
        "The limit of 10% was chosen with three networks on few pictures: below it were 7% of 106 photographs, 49% "
        "of 78 drawn shapes and digits, and 62% of 80 noise pictures and plain colors. How often it is right beyond "
        "them has not been measured."
    ),
)


@dataclass(frozen=True)
class Unlike(Result):
    """Whether a picture is unlike the training images (`far`) or no class is likely (`unsure`), and by how much.

    message: what is said before the classes, empty where nothing is. basis: how the limits were chosen, and what of
    them was not measured.
    """

    unlike: bool
    reasons: tuple[Reason, ...]
    message: str
    probability: float
    probability_limit: float
    distance: float | None
    distance_limit: float | None
    basis: str
    kept: int | None = field(default=None, metadata=WHEN_KNOWN)
    of: int | None = field(default=None, metadata=WHEN_KNOWN)


def confidence(logits: np.ndarray, task: Task, *, temperature: float = 1.0) -> np.ndarray:
    """Probability of the likeliest class: N x columns -> N; of a hierarchy the likeliest of the coarsest level."""
    return probabilities(logits / temperature, task)[:, task.slices[0]].max(axis=1)


def choose_rule(sure: np.ndarray, distances: np.ndarray | None, *, temperature: float, without: str = "") -> Rule:
    """The tightest pair of limits, at one quantile of both, that leaves KEPT of the validation images.

    sure: N confidences; distances: N, None where they are not known, and `without` says why. A limit of the probability
    is never above LIKELY: a class that has more than half is likely.
    """
    n = len(sure)
    least, most = np.sort(sure)[::-1], None if distances is None else np.sort(distances)
    for place in range(max(0, int(np.ceil(KEPT * n)) - 1), n):
        probability = min(float(least[place]) * (1 - SLACK), LIKELY)
        distance = None if most is None else float(most[place]) + SLACK
        left = sure >= probability
        if distances is not None and distance is not None:
            left &= distances <= distance
        if left.sum() >= KEPT * n:
            break
    kept = int(left.sum())
    compared = "the calibrated probability alone"
    if distances is not None:
        compared = "the distance to the nearest training images and the calibrated probability"
    text = (
        f"Told by {compared}{f' ({without})' if without else ''}: the limits keep {100 * kept / n:.0f}% of your "
        f"validation images ({kept:,} of {n:,}). {NOT_MEASURED}."
    )
    return Rule(probability, distance, temperature, kept, n, text)


def judge(rule: Rule, task: Task, logits: np.ndarray, *, distance: float | None) -> Unlike:
    """Whether a picture is unlike, by its logits (columns) and the distance of its embedding."""
    sure = float(confidence(logits[None], task, temperature=rule.temperature)[0])
    reasons: list[Reason] = []
    if distance is not None and rule.distance is not None and distance > rule.distance:
        reasons.append("far")
    if sure < rule.probability:
        reasons.append("unsure")
    return Unlike(
        bool(reasons),
        tuple(reasons),
        _message(task, reasons, sure),
        sure,
        rule.probability,
        None if rule.distance is None else distance,
        rule.distance,
        rule.basis,
        rule.kept if rule.of else None,
        rule.of or None,
    )


def _message(task: Task, reasons: list[Reason], sure: float) -> str:
    known = {"multi-label": "labels"}.get(task.kind, "classes")
    count = len(task.levels[0].classes)
    unsure = f"none of its {count:,} {known} is likely (the likeliest has {100 * sure:.0f}%)"
    match reasons:
        case ["far", "unsure"]:
            return f"Unlike the training images, and {unsure}: it may show none of them."
        case ["far"]:
            finest = len(task.classes) if task.kind != "hierarchical" else count
            return f"Unlike the training images: it may show none of the {finest:,} {known}, however sure it looks."
        case ["unsure"]:
            return f"{unsure[0].upper()}{unsure[1:]}."
        case _:
            return ""
