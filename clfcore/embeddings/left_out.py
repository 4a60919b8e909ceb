"""Left-out classes: how well each score would tell the pictures of a class that the classifier was never taught.

Classes are left out in turn. Those left are what is known: a head is fitted on their training embeddings, for the
energy, and their training images are what distances are measured to; validation images of the class that was left out
are the strangers. The network itself is not trained again: of one that was trained on all classes, the embeddings have
seen the strangers' class. Letters: M training and V validation images, D numbers of an embedding, K classes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from clfcore.embeddings.reference import Reference, cosine_distance
from clfcore.task import Task
from clfcore.unlike import Caught, Score, caught_of, energy_of, limit_of

TURNS = 10  # more classes are left out several at a time
LEAST_CLASSES = 3  # a head needs two, once one is left out
LEAST_STRANGERS = 20
HEAD_IMAGES = 600  # that a head is fitted on
COMPONENTS = 128  # principal components that it is fitted on
PENALTY = 1e-2
ITERATIONS = 100


@dataclass(frozen=True)
class LeftOut:
    """What leaving classes out showed: how well each score tells their pictures, and of how many classes."""

    caught: Mapping[Score, Caught]
    classes: int


def leave_classes_out(task: Task, reference: Reference, *, false_alarms: float, seed: int = 0) -> LeftOut | None:
    """Each score's power on classes left out in turn; None where too few classes or validation images are known.

    false_alarms: the share of known validation images that may be called unlike.
    """
    if reference.train_targets is None or reference.validation_embeddings is None:
        return None
    assert reference.validation_targets is not None, "targets are stored with the embeddings"
    train = class_membership(task, reference.train_targets)
    validation = class_membership(task, reference.validation_targets)
    present = np.flatnonzero(train.any(axis=0))
    if len(present) < LEAST_CLASSES:
        return None
    distances = cosine_distance(reference.validation_embeddings, reference.train)  # V x M
    features = _components(reference)
    scores: dict[Score, list[_Turn]] = {"neighbors": [], "energy": []}
    for out in _turns(present, task.columns, seed):
        learned = np.count_nonzero(train[:, out], axis=1) == 0
        known = np.count_nonzero(validation[:, out], axis=1) == 0
        strange = ~known & (np.count_nonzero(validation[:, np.setdiff1d(present, out)], axis=1) == 0)
        if not strange.any() or known.sum() < LEAST_STRANGERS or learned.sum() < LEAST_STRANGERS:
            continue
        left = np.setdiff1d(present, out)
        logits = _head_logits(features, train[:, left], learned, several=task.kind == "multi-label")
        energies = energy_of(logits, several=task.kind == "multi-label")
        scores["energy"].append(_Turn(energies[known], energies[strange]))
        nearest = reference.fifth(distances[:, learned])
        scores["neighbors"].append(_Turn(nearest[known], nearest[strange]))
    if sum(len(turn.strange) for turn in scores["neighbors"]) < LEAST_STRANGERS:
        return None
    caught = {name: _caught(name, turns, false_alarms) for name, turns in scores.items()}
    return LeftOut(caught, len(present))


@dataclass(frozen=True, eq=False)
class _Turn:
    """The scores of the known and of the strange images of one turn, more is stranger."""

    known: np.ndarray
    strange: np.ndarray


def _caught(score: Score, turns: list[_Turn], false_alarms: float) -> Caught:
    """All turns together: the mean area, each turn's strangers counted by that turn's own limit."""
    each = [
        caught_of(limit_of(score, turn.known, false_alarms), known=turn.known, strange=turn.strange) for turn in turns
    ]
    strangers = [turn.items for turn in each]
    area = float(np.average([turn.auroc for turn in each], weights=strangers))
    return Caught(area, sum(turn.caught for turn in each), sum(strangers))


def class_membership(task: Task, targets: np.ndarray) -> np.ndarray:
    """N x K bool: which item is of which class of the finest level, or has which label."""
    if task.kind == "multi-label":
        return targets.astype(bool)
    finest = targets if targets.ndim == 1 else targets[:, -1]
    return finest[:, None] == np.arange(len(task.classes))


def _turns(present: np.ndarray, columns: int, seed: int) -> Iterator[np.ndarray]:
    """Each class by itself, or of many classes some at a time, drawn."""
    if len(present) <= TURNS:
        yield from present[:, None]
        return
    yield from np.array_split(np.random.default_rng((seed, columns)).permutation(present), TURNS)


@dataclass(frozen=True, eq=False)
class _Features:
    """What heads are fitted on: of some training images m x d, and of all validation images V x d."""

    train: np.ndarray
    validation: np.ndarray


def _components(reference: Reference) -> _Features:
    """The first principal components of the standardized embeddings, scaled to a mean square of 1."""
    assert reference.validation_embeddings is not None, "asked for where they are known"
    x = reference.train[:HEAD_IMAGES].astype(np.float64)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    deviation[deviation < 1e-6] = 1
    x = (x - mean) / deviation
    values, vectors = np.linalg.eigh(x @ x.T)
    most = np.argsort(values)[::-1][:COMPONENTS]
    most = most[values[most] > 1e-8 * values.max(initial=1e-300)]
    axes = x.T @ vectors[:, most] / np.sqrt(values[most])  # D x d
    scale = np.sqrt(len(x) * len(most) / values[most].sum()) if len(most) else 1.0
    others = (reference.validation_embeddings.astype(np.float64) - mean) / deviation
    return _Features(x @ axes * scale, others @ axes * scale)


def _head_logits(features: _Features, train: np.ndarray, learned: np.ndarray, *, several: bool) -> np.ndarray:
    """Logits of the validation images, V x K, by a logistic head fitted on the learned training images."""
    from scipy.optimize import minimize

    rows = learned[: len(features.train)]
    x = np.hstack([features.train[rows], np.ones((rows.sum(), 1))])
    y = train[: len(features.train)][rows].astype(np.float64)
    n, shape = len(x), (x.shape[1], y.shape[1])

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(shape)
        z = x @ w
        if several:
            loss = float((np.logaddexp(0, z) - y * z).sum()) / n
            slope = np.exp(-np.logaddexp(0, -z)) - y
        else:
            top = z.max(axis=1, keepdims=True)
            total = top[:, 0] + np.log(np.exp(z - top).sum(axis=1))
            loss = float((total - (y * z).sum(axis=1)).sum()) / n
            slope = np.exp(z - total[:, None]) - y
        penalized = w.copy()
        penalized[-1] = 0
        return loss + PENALTY / 2 * float((penalized**2).sum()), (x.T @ slope / n + PENALTY * penalized).ravel()

    start = np.zeros(shape[0] * shape[1])
    solved = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}).x.reshape(shape)
    return features.validation @ solved[:-1] + solved[-1]
