"""Strangers of a run, measured: false alarms on its test images, and what it catches of pictures of other data.

Near strangers are classes left out in turn (`clfcore.embeddings.left_out`); far ones the drawn shapes, handwritten
digits and photos of clothing that ship, without those whose classes or pictures the run knows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.embeddings.reference import Reference
from clfcore.errors import InputError
from clfcore.heavy_imports import load
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from clfcore.runs.unknown_file import keep_rule
from clfcore.runs.unlike import BATCH, make_rule, reference_on_demand, square_of_item
from clfcore.unlike import Limit, Rule, best_first, energy, least_items, measured

if TYPE_CHECKING:
    from clfcore.classifier import Classifier
    from clfcore.explain.examples import Embedded

FAR = ("shapes:count=120", "digits", "clothing-small")  # what ships
FAR_EACH = 40  # pictures of each
MOST_TEST = 500


@dataclass(frozen=True)
class MeasuredUnknown:
    """A run's rule with what it was measured to do. far: the data whose pictures were the far strangers."""

    rule: Rule
    far: tuple[str, ...]


def measure_unknown(run: Run, *, false_alarms: float, progress: Progress | None = None) -> MeasuredUnknown:
    """Choose a run's limits at a rate of false alarms, measure them on test and on other data, and keep them.

    Raises InputError where the validation images are too few, or data or weights are gone.
    """
    if "validation" not in run.splits:
        raise InputError(f"run {run.id} is {run.state} and has no validation predictions: let it finish, or resume it")
    stored = run.predictions("validation")
    if len(stored) < least_items(false_alarms):
        raise InputError(
            f"{run.id} has {len(stored):,} validation images: {100 * false_alarms:g}% false alarms cannot be set on "
            f"fewer than {least_items(false_alarms):,}; raise --false-alarms, or train with more images"
        )
    load("torch")
    from clfcore.runs.open_classifier import classifier_of

    classifier = classifier_of(run)
    reference = reference_on_demand(run, classifier, progress, with_targets=True)
    rule = make_rule(run, reference, false_alarms=false_alarms)
    assert rule is not None, "there is a reference"
    dataset = open_run_data(run)
    sources = tuple(_far_data(dataset))
    strange = _seen(classifier, [(data, int(i)) for data in sources for i in _some(len(data), FAR_EACH)], progress)
    items = dataset.splits.get("test", np.empty(0, np.int64))
    test = _seen(classifier, [(dataset, int(items[i])) for i in _some(len(items), MOST_TEST)], progress)
    limits = tuple(
        measured(
            limit,
            test=_scores(limit, test, reference, dataset=dataset),
            far=_scores(limit, strange, reference, dataset=dataset),
        )
        for limit in rule.limits
    )
    rule, far = replace(rule, limits=best_first(limits)), tuple(data.name.partition(":")[0] for data in sources)
    keep_rule(run, rule, far_data=far)
    return MeasuredUnknown(rule, far)


def _far_data(dataset: ImageDataset) -> Iterator[ImageDataset]:
    """What ships, without data that shares a class or a picture with the run's own."""
    classes = {name.casefold() for level in dataset.task.levels for name in level.classes}
    contents = set(dataset.contents)
    for spec in FAR:
        data = open_dataset(spec)
        if not classes & {name.casefold() for name in data.classes} and not contents & set(data.contents):
            yield data


def _some(items: int, most: int) -> np.ndarray:
    """At most so many of the items, drawn evenly."""
    return np.random.default_rng(0).permutation(items)[:most]


def _seen(classifier: "Classifier", items: Sequence[tuple[ImageDataset, int]], progress: Progress | None) -> "Embedded":
    """Logits and embeddings of items of any data, a batch at a time."""
    from clfcore.explain.examples import Embedded, embedded

    width = classifier.task.columns
    parts = [Embedded(np.empty((0, width), np.float32), np.empty((0, 0), np.float32))][len(items) > 0 :]
    for start in range(0, len(items), BATCH):
        chosen = items[start : start + BATCH]
        parts.append(embedded(classifier, np.stack([square_of_item(classifier, data, i) for data, i in chosen])))
        if progress is not None:
            progress(start + len(chosen), len(items))
    return Embedded(np.concatenate([p.logits for p in parts]), np.concatenate([p.embeddings for p in parts]))


def _scores(limit: Limit, seen: "Embedded", reference: Reference, *, dataset: ImageDataset) -> np.ndarray:
    """A limit's score of each picture that was looked at, N."""
    if not len(seen.logits):
        return np.empty(0)
    return reference.distance(seen.embeddings) if limit.score == "neighbors" else energy(seen.logits, dataset.task)
