"""Splits into train, validation and test: drawn by content, stratified, equal pictures and groups on one side.

Inside each stratum pictures are ranked by a hash of the seed and their content, and quotas are filled in that order:
test, then validation, then train. So a draw depends on the pictures alone, not on their names, places or order, and a
few pictures more move others only across the edge of a quota, next to never from train to test.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clfcore.data.dataset import SPLITS, ImageDataset, Split
from clfcore.data.fingerprints import fingerprints
from clfcore.errors import InputError
from clfcore.task import Task

TEST = 0.15  # of all pictures
VALIDATION = 0.15 / 0.85  # of what test leaves

_BLOCK = 1 << 22  # targets of multi-label that are looked at together


def strata(task: Task, targets: np.ndarray) -> np.ndarray:
    """What draws are stratified by, N integers: the finest class; of multi-label the combination of labels.

    A combination too rare to stand in each split goes with its rarest label.
    """
    if task.kind != "multi-label":
        return targets if targets.ndim == 1 else targets[:, -1]
    rows = [row.tobytes() for row in np.packbits(targets != 0, axis=1)]  # 64 times less than a sort of the rows takes
    places = {row: i for i, row in enumerate(sorted(set(rows)))}
    combination = np.array([places[row] for row in rows], np.int64)
    counts = np.bincount(combination, minlength=len(places))
    frequency = targets.sum(axis=0, dtype=np.int64)
    block = max(1, _BLOCK // max(1, targets.shape[1]))
    rarest = np.zeros(len(targets), np.int64)
    for start in range(0, len(targets), block):
        present = targets[start : start + block] > 0
        rarest[start : start + block] = np.where(present, frequency, len(targets) + 1).argmin(axis=1)
    return np.where(counts[combination] >= 7, combination, len(counts) + rarest)


class DrawnSplits(NamedTuple):
    """Splits, as sorted int64 indices, and the names of those that were drawn."""

    splits: dict[Split, np.ndarray]
    drawn: tuple[Split, ...]


def draw_splits(
    strata: np.ndarray,
    seed: int,
    pictures: Sequence[Path] | np.ndarray,
    *,
    groups: Sequence[str] | None = None,
    given: Mapping[Split, np.ndarray] | None = None,
    evaluation_only: bool = False,
) -> DrawnSplits:
    """Complete the splits of N items: 70/15/15, stratified and seeded; what is given is never redrawn.

    strata: N integers (a class, or a combination of labels). pictures: N files, or an array of N rows; their content
    decides, and equal pictures stay together, as groups do. With nothing given all three are drawn; with train and
    test, validation is drawn from train (15 parts of 85); with train and validation nothing is: there is no test.
    evaluation_only: a model is only evaluated on the data: nothing is drawn, and train may be absent.
    Raises InputError where train is absent.
    """
    splits = {name: np.sort(np.asarray(chosen, np.int64)) for name, chosen in (given or {}).items() if len(chosen)}
    if evaluation_only:
        return DrawnSplits(splits, ())
    if splits and "train" not in splits:
        raise InputError(
            f"the data has {' and '.join(splits)} but no train split: "
            "add a train folder, or name train in the split column"
        )
    drawn: tuple[Split, ...] = () if "validation" in splits else ("validation",) if splits else SPLITS
    if not drawn:
        return DrawnSplits(splits, drawn)
    pool = splits.get("train", np.arange(len(strata)))
    draw = _Draw(pool, strata, seed, fingerprints(pictures), groups)
    return DrawnSplits(splits | _assigned(draw, drawn=drawn), drawn)


def keep_splits(dataset: ImageDataset, known: Mapping[str, Split], *, seed: int) -> ImageDataset:
    """The dataset with pictures that are known by content in their known split; only new ones are assigned.

    Splits that the data gives stay as given; what is drawn from them respects what is known. A new picture that is in a
    group with a known one goes with it; with several, to train before validation before test.
    """
    if not dataset.drawn or not known:
        return dataset
    pool = np.sort(np.concatenate([dataset.splits[name] for name in {"train", *dataset.drawn}]))
    fixed = {int(i): known[dataset.contents[i]] for i in pool if dataset.contents[i] in known}
    if dataset.drawn != SPLITS:  # test is given: what was tested elsewhere is neither learned nor evaluated yet
        fixed = {i: split for i, split in fixed.items() if split != "test"}
    fixed |= {int(i): "train" for i in pool if dataset.ids[i] in dataset.added}
    draw = _Draw(pool, strata(dataset.task, dataset.targets), seed, dataset.contents, dataset.groups)
    return replace(dataset, splits={**dataset.splits, **_assigned(draw, drawn=dataset.drawn, fixed=fixed)})


@dataclass(frozen=True, eq=False)
class _Draw:
    """A stratified draw: the items of the pool (int64); of all N items the strata, contents and groups."""

    pool: np.ndarray
    strata: np.ndarray
    seed: int
    contents: Sequence[str]
    groups: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Items that must stay together, and how many each stratum has among them. rank: what the order goes by."""

    rank: bytes
    items: tuple[int, ...]
    counts: Mapping[int, int]


def _assigned(
    draw: _Draw, *, drawn: tuple[Split, ...], fixed: Mapping[int, Split] | None = None
) -> dict[Split, np.ndarray]:
    """The items of the pool, divided into train and the splits that are drawn. fixed: items whose split is known."""
    clusters = _clusters(draw)
    side: dict[int, Split] = {}
    fixed = fixed or {}
    for place, cluster in enumerate(clusters) if fixed else ():
        known = {fixed[i] for i in cluster.items if i in fixed}
        if known:
            side[place] = min(known, key=SPLITS.index)
    totals = Counter(draw.strata[draw.pool].tolist())
    learned = Counter(s for place, c in enumerate(clusters) if side.get(place, "train") == "train" for s in c.counts)
    for split in ("test", "validation"):
        if split in drawn:
            _fill(split, clusters, side=side, quotas=_quotas(totals, split, drawn), learned=learned)
    assigned: dict[Split, list[int]] = {name: [] for name in ("train", *drawn)}
    for place, cluster in enumerate(clusters):
        assigned[side.get(place, "train")].extend(cluster.items)
    return {name: np.sort(np.asarray(items, np.int64)) for name, items in assigned.items()}


def _quotas(totals: Mapping[int, int], split: Split, drawn: tuple[Split, ...]) -> dict[int, int]:
    """How many of each stratum a split gets: at least one, but never the last one to learn from."""

    def share(n: int, fraction: float) -> int:
        return min(max(round(n * fraction), 1), n - 1)

    if split == "test":
        return {s: share(n, TEST) for s, n in totals.items()}
    return {s: share(n - (share(n, TEST) if "test" in drawn else 0), VALIDATION) for s, n in totals.items()}


def _fill(
    split: Split,
    clusters: Sequence[_Cluster],
    *,
    side: dict[int, Split],
    quotas: Mapping[int, int],
    learned: Counter[int],
) -> None:
    """Give clusters to a split in their order, each where it brings the strata nearer to their quotas; then one of
    each stratum that has none yet, the smallest that there is. learned: clusters that train still has, a stratum."""
    have = dict.fromkeys(quotas, 0)

    def count(place: int) -> None:
        for s, n in clusters[place].counts.items():
            have[s] += n

    def take(place: int) -> None:
        side[place] = split
        count(place)
        for s in clusters[place].counts:
            learned[s] -= 1

    def spare(place: int) -> bool:
        return place not in side and all(learned[s] > 1 for s in clusters[place].counts)

    for place in [place for place, taken in side.items() if taken == split]:
        count(place)
    for place, cluster in enumerate(clusters):
        if place not in side and any(have[s] < quotas[s] for s in cluster.counts):
            gain = sum(abs(quotas[s] - have[s]) - abs(quotas[s] - have[s] - n) for s, n in cluster.counts.items())
            if gain > 0 and spare(place):
                take(place)
    for stratum in sorted(s for s, n in quotas.items() if n > 0 and not have[s]):
        free = [p for p, c in enumerate(clusters) if stratum in c.counts and spare(p)] if not have[stratum] else []
        if free:
            take(min(free, key=lambda p: (len(clusters[p].items), clusters[p].rank)))


def _clusters(draw: _Draw) -> list[_Cluster]:
    """Items that share a content or a group, also by way of others, in the order of the draw.

    A cluster's rank is that of its first group where one has several pictures, so that a group keeps its place when it
    grows; else that of its content.
    """
    items, groups = draw.pool.tolist(), draw.groups
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    names = [f"content {draw.contents[i]}" for i in items]
    if groups is not None:
        sizes = Counter(groups[i] for i in items)
        for i, name in zip(items, names, strict=True):
            if sizes[groups[i]] > 1:
                parent[root(name)] = root(f"group {groups[i]}")
    members: dict[str, list[int]] = {}
    ranks: dict[str, tuple[bool, bytes]] = {}
    for i, name in zip(items, names, strict=True):
        group = groups[i] if groups is not None and sizes[groups[i]] > 1 else None
        cluster = root(name) if groups is not None else name
        rank = (group is None, _rank(draw.seed, name if group is None else f"group {group}"))
        members.setdefault(cluster, []).append(i)
        ranks[cluster] = min(ranks.get(cluster, rank), rank)
    layers = draw.strata.tolist()
    clusters = []
    for name, group_items in members.items():
        if len(group_items) == 1:  # a Counter is slow to make
            counts: Mapping[int, int] = {layers[group_items[0]]: 1}
        else:
            counts = Counter(layers[i] for i in group_items)
        clusters.append(_Cluster(ranks[name][1], tuple(group_items), counts))
    return sorted(clusters, key=lambda cluster: cluster.rank)


def _rank(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed} {name}".encode("utf-8", "surrogateescape"), digest_size=12).digest()
