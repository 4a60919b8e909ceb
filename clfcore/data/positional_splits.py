"""Splits drawn by position, as before content decided: runs of that time get their split back by it."""

from collections.abc import Sequence

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.data.splits import TEST, VALIDATION, strata


def splits_by_position(dataset: ImageDataset, seed: int) -> dict[Split, np.ndarray]:
    """The splits of a dataset as they were drawn by position; those that the data gives are as given."""
    if not dataset.drawn:
        return dict(dataset.splits)
    items = np.sort(np.concatenate([dataset.splits[name] for name in {"train", *dataset.drawn}]))
    layers = _strata(dataset)
    if dataset.drawn == ("validation",):
        train, validation = _part(items, layers, fraction=VALIDATION, seed=seed, groups=dataset.groups)
        return {**dataset.splits, "train": train, "validation": validation}
    rest, test = _part(items, layers, fraction=TEST, seed=seed, groups=dataset.groups)
    train, validation = _part(rest, layers, fraction=VALIDATION, seed=seed + 1, groups=dataset.groups)
    return {"train": train, "validation": validation, "test": test}


def _strata(dataset: ImageDataset) -> np.ndarray:
    if dataset.task.kind == "multi-label" and dataset.masks is not None:  # shapes: also rare combinations
        return dataset.targets @ (1 << np.arange(dataset.targets.shape[1]))
    return strata(dataset.task, dataset.targets)


def _part(
    items: np.ndarray, layers: np.ndarray, *, fraction: float, seed: int, groups: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Split `items` in two, the second with about `fraction` of each stratum; groups stay whole."""
    generator = np.random.default_rng(seed)
    taken: list[int] = []
    if groups is None:
        for stratum in np.unique(layers[items]):
            members = generator.permutation(items[layers[items] == stratum])
            count = min(max(round(len(members) * fraction), 1), len(members) - 1)
            taken.extend(members[:count].tolist())
    else:
        taken = _whole_groups(items, layers, groups, fraction=fraction, generator=generator)
    second = np.sort(np.asarray(taken, dtype=np.int64))
    return np.setdiff1d(items, second), second


def _whole_groups(
    items: np.ndarray, layers: np.ndarray, groups: Sequence[str], *, fraction: float, generator: np.random.Generator
) -> list[int]:
    """Groups in random order, each taken where it brings the strata nearer to their quotas."""
    _, stratum = np.unique(layers[items], return_inverse=True)
    quota = np.bincount(stratum) * fraction
    members: dict[str, list[int]] = {}
    for place, item in enumerate(items.tolist()):
        members.setdefault(groups[item], []).append(place)
    order = [list(members)[i] for i in generator.permutation(len(members))]
    have, taken = np.zeros_like(quota), list[int]()
    for name in order[: len(order) - 1]:
        add = np.bincount(stratum[members[name]], minlength=len(quota))
        if np.abs(quota - have - add).sum() < np.abs(quota - have).sum():
            have, taken = have + add, taken + [int(items[place]) for place in members[name]]
    return taken
