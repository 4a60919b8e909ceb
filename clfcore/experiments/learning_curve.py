"""Learning curve: the validation score against the size of the training split, in seconds from cached embeddings."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from clfcore.config import RunConfig, make
from clfcore.embeddings.embedder import Embedder
from clfcore.errors import InputError
from clfcore.evaluation.intervals import Interval, headline, wilson
from clfcore.evaluation.metrics import score
from clfcore.experiments.compare_strategies import OF_STRATEGY, sample_split
from clfcore.predictions import Predictions
from clfcore.progress import Progress
from clfcore.randomness import Stream
from clfcore.runs.best_epoch import Best
from clfcore.runs.prepare import Prepared, prepare
from clfcore.runs.resolve_run import resolve_run
from clfcore.training import linear_probe
from clfcore.training.embedding_rows import HeldRows, standardize
from clfcore.training.losses import hits_of, loss_of, plain_loss_of

SHARES = (0.10, 0.25, 0.50, 1.0)
ITERATIONS = 60
WORTH = 0.01  # least gain of doubling the data that is worth collecting it


@dataclass(frozen=True)
class Point:
    """A head fitted on `items` training images (a share of them): validation score with its 95% interval."""

    share: float
    items: int
    score: float
    interval: Interval


@dataclass(frozen=True)
class LearningCurve:
    """The score at each share of the training split, and what it suggests."""

    points: tuple[Point, ...]
    validation_items: int
    sentence: str

    def as_dict(self) -> dict[str, object]:
        """As `more-pictures --json` prints it."""
        return asdict(self)


def learning_curve(config: RunConfig, *, progress: Progress | None = None) -> LearningCurve:
    """Fit the logistic head on 10, 25, 50 and 100% of the training split, stratified; judge each on all of validation.

    Embeds once where the cache has nothing. Raises InputError where the network has no weights to embed with.
    """
    recipe = {name: value for name, value in config.recipe.model_dump().items() if name not in OF_STRATEGY}
    weights = None if config.weights == "none" else config.weights
    asked = {"strategy": "feature-extraction", "weights": weights, "head": "logistic", "recipe": recipe}
    prepared = prepare(resolve_run(make({**config.model_dump(), **asked})))
    embedder = Embedder(prepared.module, prepared.preprocess, prepared.start.identity, prepared.device)
    dataset = prepared.dataset
    all_train, held_out = dataset.splits["train"], dataset.splits["validation"]
    train, validation = (embedder.of(prepared.decoded, chosen, progress) for chosen in (all_train, held_out))
    points = []
    for share in SHARES:
        chosen = sample_split(dataset, "train", max(2, round(share * len(all_train))), seed=prepared.config.recipe.seed)
        rows = np.searchsorted(all_train, chosen) if _sorted(all_train) else _places(all_train, chosen)
        best = _best(prepared, train=train[rows], targets=dataset.targets[chosen], validation=validation)
        points.append(Point(share, len(chosen), score(best), _interval(best)))
    return LearningCurve(tuple(points), len(held_out), suggestion(points))


def _sorted(values: np.ndarray) -> bool:
    return bool((np.diff(values) > 0).all())


def _places(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    places = {int(value): place for place, value in enumerate(values)}
    return np.array([places[int(value)] for value in chosen], np.int64)


def _interval(predictions: Predictions) -> Interval:
    """95%: Wilson for a share of items, the bootstrap for a mean average precision."""
    if predictions.task.kind == "multi-label":
        interval = headline(predictions, resamples=300)["mean_average_precision"]
    else:
        interval = wilson(round(score(predictions) * len(predictions)), len(predictions))
    return interval or Interval(0.0, 1.0)


def _best(prepared: Prepared, *, train: np.ndarray, targets: np.ndarray, validation: np.ndarray) -> Predictions:
    """Validation predictions of the best logistic head fitted on N x D training embeddings."""
    task = prepared.dataset.task
    mean, deviation = standardize([train])
    x, held_out = (torch.from_numpy((embeddings - mean) / deviation) for embeddings in (train, validation))
    with Stream(prepared.config.recipe.seed).drawn():
        head = nn.Linear(x.shape[1], task.columns)

    def validate(model: nn.Module) -> Predictions:
        with torch.inference_mode():
            return prepared.predictions("validation", model(held_out).numpy())

    y = torch.from_numpy(np.ascontiguousarray(targets))
    plain, multi = plain_loss_of(task, prepared.config.recipe), task.kind == "multi-label"
    loss = loss_of(task, prepared.config.recipe, targets)
    events = linear_probe.logistic(
        head,
        HeldRows(x),
        y,
        loss_of=loss,
        hits_of=hits_of(task),
        validate=validate,
        iterations=ITERATIONS,
        labels=task.columns if multi else 1,
    )
    best, candidates = Best(guarded=multi), {}
    for event in events:
        if event.candidate:
            candidates[event.epoch] = predictions = event.validation
            value = float(plain(torch.from_numpy(predictions.logits), torch.from_numpy(predictions.targets)))
            best.improved(event.epoch, score(predictions), value)
    return candidates[best.epoch]


def suggestion(points: Sequence[Point]) -> str:
    """What the last doubling of the training images brought, carried on to the next, in words."""
    if len(points) < 2:
        raise InputError("a learning curve needs two points or more: evaluate at least two shares")
    previous, last = points[-2], points[-1]
    gain = (last.score - previous.score) / max(1e-9, math.log2(last.items / previous.items))
    reached = f"{100 * last.score:.1f}% with all {last.items:,} training images"
    if gain < WORTH:
        return (
            f"Probably not: {reached}; the last doubling changed the score by {100 * gain:+.1f} points. Look at the "
            "errors first."
        )
    overlap = previous.interval.high > last.interval.low
    doubt = ", though the intervals overlap" if overlap else ""
    return (
        f"Yes, probably: {reached}; the last doubling gained {100 * gain:.1f} points{doubt}. "
        "Doubling the images again may gain almost as much."
    )
