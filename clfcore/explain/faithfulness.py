"""Faithfulness of a classifier's maps: methods x measures, what `explain RUN --check` prints."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch

from clfcore.data.dataset import SPLITS, ImageDataset
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.explain.deletion_insertion import (
    Curve,
    center_gaussian,
    deletion,
    energy_in_mask,
    insertion,
    pointing_game,
    within_reach,
)
from clfcore.explain.dispatch import explain
from clfcore.explain.hooks import Score, as_input, batch_size
from clfcore.explain.methods import METHODS, Method
from clfcore.explain.methods import method as row_of
from clfcore.explain.perturbation import masked_outputs
from clfcore.explain.saliency_map import Cancel, Cancelled, Explainable, SaliencyMap
from clfcore.explain.sanity_check import UNCHANGED, RandomizedClassifier, rank_correlation, with_random_weights
from clfcore.progress import Progress

ITEMS = 100
RANDOMIZED = 16  # items of the parameter randomization test


@dataclass(frozen=True)
class FaithfulnessRow:
    """Faithfulness of one method: means over the items, None where a measure is undefined.

    pointing_game, energy_in_mask: higher is better, None without masks. deletion_auc: lower is better; insertion_auc:
    higher. changes_with_random_weights: False marks a method whose maps depend on the picture, not on the network.
    correlation: mean rank correlation of its maps with those of random weights. evidence: share of items with a map.
    """

    method: str
    pointing_game: float | None
    energy_in_mask: float | None
    deletion_auc: float | None
    insertion_auc: float | None
    changes_with_random_weights: bool | None
    correlation: float | None = None
    evidence: float = 1.0


@dataclass(frozen=True)
class FaithfulnessReport:
    """Faithfulness of all methods that the network allows, two baselines, and why other methods are left out."""

    model: str
    items: int
    methods: tuple[FaithfulnessRow, ...]
    baselines: tuple[FaithfulnessRow, ...]  # `random` and `center`
    left_out: dict[str, str]


class DeletionInsertion(NamedTuple):
    """Deletion and insertion curves of one map."""

    deletion: Curve
    insertion: Curve


class _MaskMeasures(NamedTuple):
    """Pointing game and energy in the mask; None without masks."""

    pointing_game: float | None
    energy_in_mask: float | None


@dataclass(frozen=True, eq=False)
class _Sample:
    """Pictures that maps are measured on, N x size x size x C, their masks if any, and their predicted columns."""

    classifier: Explainable
    squares: np.ndarray
    masks: np.ndarray | None
    targets: list[int]


def check_dataset(
    classifier: Explainable,
    dataset: ImageDataset,
    *,
    items: int = ITEMS,
    everything: bool = False,
    methods: Iterable[str] | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> FaithfulnessReport:
    """Faithfulness on up to `items` pictures of a dataset: of its test split, else of validation, else of train.

    Pictures are drawn with a fixed seed; unreadable ones are skipped. Raises InputError where none can be read.
    """
    split = next(name for name in reversed(SPLITS) if len(dataset.splits.get(name, ())))
    order = np.random.default_rng(0).permutation(dataset.splits[split])
    squares: list[np.ndarray] = []
    masks: list[np.ndarray] = []
    for index in order.tolist():
        if len(squares) == items:
            break
        try:
            squares.append(_square(dataset, index, classifier.preprocess))
        except InputError:
            continue  # the import has reported it already
        if dataset.masks is not None:
            masks.append(_mask(dataset.masks[index], classifier.preprocess))
    if not squares:
        raise InputError(f"{dataset.name} has no picture that can be read in {split}: check the data first")
    return measure_faithfulness(
        classifier,
        np.stack(squares),
        masks=np.stack(masks) if masks else None,
        everything=everything,
        methods=methods,
        progress=progress,
        cancel=cancel,
    )


def measure_faithfulness(
    classifier: Explainable,
    squares: np.ndarray,
    *,
    masks: np.ndarray | None = None,
    everything: bool = False,
    methods: Iterable[str] | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> FaithfulnessReport:
    """Faithfulness of the maps of the predicted class on some pictures.

    squares: N x size x size x C uint8; masks: N x size x size bool, of the objects. everything: methods of more than 20
    forward passes too, which can take hours for photos. Raises InputError for an unknown method, and Cancelled.
    """
    chosen = (
        [row_of(name) for name in methods] if methods is not None else [r for r in METHODS if everything or r.quick]
    )
    sample = _Sample(classifier, squares, masks, _predicted(classifier, squares))
    left_out = {row.name: reason for row in chosen if (reason := _refusal(classifier, squares[0], row))}
    rows = [row for row in chosen if row.name not in left_out]
    tick = _steps(len(squares) * (len(rows) + 2), progress, cancel)
    randomized = with_random_weights(classifier, squares[:RANDOMIZED])
    measured = tuple(_method(row, sample, randomized, tick=tick, cancel=cancel) for row in rows)
    size = classifier.preprocess.size
    noise = np.random.default_rng(0).random((len(squares), size, size), dtype=np.float32)
    center = np.repeat(center_gaussian(size)[None], len(squares), axis=0)
    baselines = tuple(
        _baseline(name, values, sample, tick=tick) for name, values in (("random", noise), ("centre", center))
    )
    return FaithfulnessReport(classifier.name, len(squares), measured, baselines, left_out)


def _method(
    row: Method,
    sample: _Sample,
    randomized: RandomizedClassifier,
    *,
    tick: Callable[[], None],
    cancel: Cancel | None,
) -> FaithfulnessRow:
    maps: list[SaliencyMap] = []
    curves: list[DeletionInsertion] = []
    correlations: list[float] = []
    for i, (square, target) in enumerate(zip(sample.squares, sample.targets, strict=True)):
        saliency = explain(sample.classifier, square, method=row.name, target=target, cancel=cancel)
        maps.append(saliency)
        curves.append(counterfactual(sample.classifier, square, saliency))
        if i < RANDOMIZED and saliency.evidence:
            other = explain(randomized, square, method=row.name, target=target, cancel=cancel)
            correlations.append(rank_correlation(saliency.values, other.values))
        tick()
    correlation = float(np.mean(correlations)) if correlations else None
    on_masks = _mask_measures([saliency.values for saliency in maps], sample.masks)
    return FaithfulnessRow(
        row.name,
        pointing_game=on_masks.pointing_game,
        energy_in_mask=on_masks.energy_in_mask,
        deletion_auc=float(np.mean([each.deletion.area for each in curves])),
        insertion_auc=float(np.mean([each.insertion.area for each in curves])),
        changes_with_random_weights=None if correlation is None else correlation < UNCHANGED,
        correlation=correlation,
        evidence=float(np.mean([saliency.evidence for saliency in maps])),
    )


def _baseline(name: str, maps: np.ndarray, sample: _Sample, *, tick: Callable[[], None]) -> FaithfulnessRow:
    curves: list[DeletionInsertion] = []
    for values, square, target in zip(maps, sample.squares, sample.targets, strict=True):
        curves.append(counterfactual(sample.classifier, square, SaliencyMap(values, name, None, target, True)))
        tick()
    on_masks = _mask_measures(list(maps), sample.masks)
    if name == "random" and sample.masks is not None:  # the expectation, without its noise
        on_masks = _expected_by_chance([mask for mask in sample.masks if mask.any()])
    return FaithfulnessRow(
        name,
        pointing_game=on_masks.pointing_game,
        energy_in_mask=on_masks.energy_in_mask,
        deletion_auc=float(np.mean([each.deletion.area for each in curves])),
        insertion_auc=float(np.mean([each.insertion.area for each in curves])),
        changes_with_random_weights=None,
    )


def _expected_by_chance(masks: list[np.ndarray]) -> _MaskMeasures:
    if not masks:
        return _MaskMeasures(None, None)
    pointing = float(np.mean([within_reach(mask).mean() for mask in masks]))
    return _MaskMeasures(pointing, float(np.mean([mask.mean() for mask in masks])))


def _mask_measures(maps: list[np.ndarray], masks: np.ndarray | None) -> _MaskMeasures:
    """Means over the items whose mask is not empty; a map without evidence misses."""
    if masks is None or not masks.any():
        return _MaskMeasures(None, None)
    pairs = [(values, mask) for values, mask in zip(maps, masks, strict=True) if mask.any()]
    energies = [energy for values, mask in pairs if (energy := energy_in_mask(values, mask)) is not None]
    hits = [pointing_game(values, mask) if values.any() else 0.0 for values, mask in pairs]
    return _MaskMeasures(float(np.mean(hits)), float(np.mean(energies)) if energies else None)


def counterfactual(
    classifier: Explainable, square: np.ndarray, shown: SaliencyMap, *, steps: int = 10
) -> DeletionInsertion:
    """Deletion and insertion curves: the target's probability as the map's most important pixels go and come.

    For two classes: the difference of their probabilities. 2 (steps + 1) forward passes.
    """
    score = Score(classifier.task, shown.target, classifier.name)

    def probability(pictures: np.ndarray) -> np.ndarray:
        return score.probability(_logits(classifier, pictures)).numpy()

    return DeletionInsertion(
        deletion(shown.values, square, probability, steps=steps),
        insertion(shown.values, square, probability, steps=steps),
    )


def _logits(classifier: Explainable, squares: np.ndarray) -> torch.Tensor:
    x = as_input(classifier, squares)
    return torch.cat([masked_outputs(classifier, part).cpu() for part in x.split(batch_size(x))])


def _predicted(classifier: Explainable, squares: np.ndarray) -> list[int]:
    """Predicted column of each picture, in a hierarchy that of the finest level."""
    finest = classifier.task.slices[-1]
    return (finest.start + _logits(classifier, squares)[:, finest].argmax(dim=1)).tolist()


def _refusal(classifier: Explainable, square: np.ndarray, row: Method) -> str | None:
    """Why the network does not allow the method; None where it does. Known before its first long pass begins."""
    try:
        explain(classifier, square, method=row.name, cancel=_once())
    except Cancelled:
        return None
    except InputError as error:
        return str(error)
    return None


def _once() -> Cancel:
    """Cancel at the first batch: by then a method has refused what it refuses."""
    return lambda: True


def _steps(total: int, progress: Progress | None, cancel: Cancel | None) -> Callable[[], None]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if cancel is not None and cancel():
            raise Cancelled
        if progress is not None:
            progress(done, total)

    return tick


def _square(dataset: ImageDataset, index: int, preprocess: Preprocess) -> np.ndarray:
    return preprocess.square(dataset.image(index, least_side=preprocess.stored_side))


def _mask(mask: np.ndarray, preprocess: Preprocess) -> np.ndarray:
    """H x W bool -> size x size bool, by the geometry of its picture; padding is no object."""
    black = replace(preprocess, mean=(0.0,) * preprocess.channels)
    return black.square(mask[..., None].astype(np.uint8) * 255)[..., 0] > 127
