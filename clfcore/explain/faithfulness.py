"""How far the maps of a classifier can be believed: methods x measures, what `explain RUN --check` prints."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from clfcore.data.dataset import ImageDataset
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.explain.deletion_insertion import (
    Curve,
    centre_gaussian,
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
from clfcore.explain.sanity_check import ALIKE, RandomizedMap, rank_correlation, with_random_weights
from clfcore.progress import Progress

ITEMS = 100
RANDOMISED = 16  # items of the parameter-randomisation test


@dataclass(frozen=True)
class FaithfulnessRow:
    """One method's measures, means over the items; None where it cannot be told.

    pointing_game, energy_in_mask: higher is better, None without masks. deletion_auc: lower is better; insertion_auc:
    higher. changes_with_random_weights: False marks a method that shows the picture, not the network. correlation: mean
    rank correlation of its maps with those of random weights. evidence: share of items with a map at all.
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
    """All methods that the network allows, two baselines that look at nothing, and why others are missing."""

    model: str
    items: int
    methods: tuple[FaithfulnessRow, ...]
    baselines: tuple[FaithfulnessRow, ...]  # `random` and `centre`
    left_out: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        return {
            "model": self.model,
            "items": self.items,
            "methods": [asdict(one) for one in self.methods],
            "baselines": [asdict(one) for one in self.baselines],
            "left_out": self.left_out,
        }


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
    """`check` on up to `items` pictures of a dataset, of its test split where it has one, else validation, else train.

    Which pictures is drawn with a fixed seed; what cannot be read is passed over.
    """
    split = next(name for name in ("test", "validation", "train") if len(dataset.splits.get(name, ())))
    order = np.random.default_rng(0).permutation(dataset.splits[split])
    squares, masks = [], []
    for index in order.tolist():
        if len(squares) == items:
            break
        try:
            squares.append(_square(dataset, index, classifier.preprocess))
        except InputError:
            continue  # the import has told of it already
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
    """Measure the maps of the predicted class on some pictures.

    squares: N x size x size x C uint8; masks: N x size x size bool, of the objects. everything: methods of more than 20
    forward passes too, which can take hours for photos. Raises InputError for an unknown method, Cancelled.
    """
    chosen = (
        [row_of(name) for name in methods] if methods is not None else [r for r in METHODS if everything or r.quick]
    )
    targets = _predicted(classifier, squares)
    left_out = {row.name: reason for row in chosen if (reason := _refusal(classifier, squares[0], row))}
    rows = [row for row in chosen if row.name not in left_out]
    tick = _steps(len(squares) * (len(rows) + 2), progress, cancel)
    some = squares[:RANDOMISED]
    shuffled = with_random_weights(classifier, some)
    believed = tuple(_method(classifier, shuffled, row, squares, masks, targets, tick, cancel) for row in rows)
    size = classifier.preprocess.size
    noise = np.random.default_rng(0).random((len(squares), size, size), dtype=np.float32)
    centre = np.repeat(centre_gaussian(size)[None], len(squares), axis=0)
    baselines = tuple(
        _baseline(name, values, classifier, squares, masks, targets, tick)
        for name, values in (("random", noise), ("centre", centre))
    )
    return FaithfulnessReport(classifier.name, len(squares), believed, baselines, left_out)


def _method(
    classifier: Explainable,
    shuffled: RandomizedMap,
    row: Method,
    squares: np.ndarray,
    masks: np.ndarray | None,
    targets: list[int],
    tick: Callable[[], None],
    cancel: Cancel | None,
) -> FaithfulnessRow:
    maps: list[SaliencyMap] = []
    curves: list[tuple[float, float]] = []
    alike: list[float] = []
    for i, (square, target) in enumerate(zip(squares, targets, strict=True)):
        one = explain(classifier, square, method=row.name, target=target, cancel=cancel)
        maps.append(one)
        curves.append(_curves(classifier, square, one))
        if i < RANDOMISED and one.evidence:
            other = explain(shuffled, square, method=row.name, target=target, cancel=cancel)
            alike.append(rank_correlation(one.values, other.values))
        tick()
    correlation = float(np.mean(alike)) if alike else None
    return FaithfulnessRow(
        row.name,
        *_against([one.values for one in maps], masks),
        *(float(part) for part in np.mean(curves, axis=0)),
        None if correlation is None else correlation < ALIKE,
        correlation,
        float(np.mean([one.evidence for one in maps])),
    )


def _baseline(
    name: str,
    maps: np.ndarray,
    classifier: Explainable,
    squares: np.ndarray,
    masks: np.ndarray | None,
    targets: list[int],
    tick: Callable[[], None],
) -> FaithfulnessRow:
    curves = []
    for values, square, target in zip(maps, squares, targets, strict=True):
        curves.append(_curves(classifier, square, SaliencyMap(values, name, None, target, True)))
        tick()
    if name == "random" and masks is not None:  # what chance gives, without its noise
        there = [mask for mask in masks if mask.any()]
        pointing = float(np.mean([within_reach(mask).mean() for mask in there])) if there else None
        energy = float(np.mean([mask.mean() for mask in there])) if there else None
    else:
        pointing, energy = _against(list(maps), masks)
    return FaithfulnessRow(name, pointing, energy, *(float(part) for part in np.mean(curves, axis=0)), None)


def _against(maps: list[np.ndarray], masks: np.ndarray | None) -> tuple[float | None, float | None]:
    """Pointing game and energy, means over the items whose mask is not empty; a map without evidence misses."""
    if masks is None or not masks.any():
        return None, None
    pairs = [(values, mask) for values, mask in zip(maps, masks, strict=True) if mask.any()]
    energies = [energy for values, mask in pairs if (energy := energy_in_mask(values, mask)) is not None]
    hits = [pointing_game(values, mask) if values.any() else 0.0 for values, mask in pairs]
    return float(np.mean(hits)), float(np.mean(energies)) if energies else None


def counterfactual(
    classifier: Explainable, square: np.ndarray, shown: SaliencyMap, *, steps: int = 10
) -> tuple[Curve, Curve]:
    """How the target's probability falls as the map's most important pixels are removed, and rises as they are added.

    For two classes: the difference of their probabilities. 2 (steps + 1) forward passes.
    """
    score = Score(classifier.task, shown.target, classifier.name)

    def probability(pictures: np.ndarray) -> np.ndarray:
        return score.probability(_logits(classifier, pictures)).numpy()

    values = shown.values
    return deletion(values, square, probability, steps=steps), insertion(values, square, probability, steps=steps)


def _curves(classifier: Explainable, square: np.ndarray, shown: SaliencyMap) -> tuple[float, float]:
    gone, come = counterfactual(classifier, square, shown)
    return gone.area, come.area


def _logits(classifier: Explainable, squares: np.ndarray) -> torch.Tensor:
    x = as_input(classifier, squares)
    return torch.cat([masked_outputs(classifier, part).cpu() for part in x.split(batch_size(x))])


def _predicted(classifier: Explainable, squares: np.ndarray) -> list[int]:
    return [int(Score(classifier.task, None, classifier.name).settled(row)) for row in _logits(classifier, squares)]


def _refusal(classifier: Explainable, square: np.ndarray, row: Method) -> str | None:
    """Why the network does not allow the method; None where it does. Told before its first long pass begins."""
    try:
        explain(classifier, square, method=row.name, cancel=_once())
    except Cancelled:
        return None
    except InputError as error:
        return str(error)
    return None


def _once() -> Cancel:
    """Ends a long method at its first batch: it has refused by then what it refuses."""
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
    """H x W bool -> size x size bool, by the geometry that the picture goes through; what is padded is no object."""
    black = replace(preprocess, mean=(0.0,) * preprocess.channels)
    return black.square(mask[..., None].astype(np.uint8) * 255)[..., 0] > 127
