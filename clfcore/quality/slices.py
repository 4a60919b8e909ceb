"""Slices: groups of images on which a run is right significantly less often than on all others.

By class, by what the file says (size, shape), by what the picture shows (brightness, contrast, sharpness) and by
clusters of embeddings. Each group is tested against the rest by Fisher's exact test, one-sided, and the tests of all
groups together are corrected by Benjamini and Hochberg (1995), so that where nothing is wrong, anything is reported in
at most one case of twenty. Letters: N items, G groups.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clfcore.evaluation.intervals import Interval, wilson

LEAST = 10  # items of a group that is tested
RATE = 0.05  # of false discoveries
QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")
CLUSTER_ITEMS, MOST_CLUSTERS = 25, 12
EVEN = 1.15  # the longer side over the shorter, up to which a picture counts as about square


@dataclass(frozen=True, eq=False)
class Group:
    """Some of the items: by what, which, in words, and N bool which items are in it."""

    by: str
    name: str
    members: np.ndarray


@dataclass(frozen=True)
class Slice:
    """A group with how often the run is right in it and outside.

    items, right: of the group; rest_items, rest_right: of all others. interval: Wilson's of the group's share, 95%.
    p_value: of being right as seldom as this by chance; adjusted: corrected for all groups that were tested.
    """

    by: str
    name: str
    items: int
    right: int
    rest_items: int
    rest_right: int
    interval: Interval | None
    p_value: float
    adjusted: float
    ids: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        return self.right / self.items

    @property
    def rest_accuracy(self) -> float:
        return self.rest_right / self.rest_items

    @property
    def significant(self) -> bool:
        return self.adjusted <= RATE


def find_slices(ids: Sequence[str], right: np.ndarray, groups: Sequence[Group]) -> tuple[Slice, ...]:
    """All groups that are large enough to be tested, the most significant first. right: N bool, ids: N.

    The items of a slice that the run gets wrong come first.
    """
    tested = [g for g in groups if g.members.sum() >= LEAST and (~g.members).sum() >= LEAST]
    p_values = np.array([worse_than_rest(right, group.members) for group in tested])
    adjusted = benjamini_hochberg(p_values)
    slices = [
        _slice(ids, right, group, p_value=float(p), adjusted=float(q))
        for group, p, q in zip(tested, p_values, adjusted, strict=True)
    ]
    return tuple(sorted(slices, key=lambda one: (one.p_value, one.accuracy, one.by, one.name)))


def worse_than_rest(right: np.ndarray, members: np.ndarray) -> float:
    """The chance of being right in a group as seldom as this, were its items drawn from all: Fisher's exact test."""
    from scipy.stats import hypergeom

    return float(hypergeom.cdf(int(right[members].sum()), len(right), int(right.sum()), int(members.sum())))


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p-values: those up to a rate are its discoveries.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    if not len(p_values):
        return p_values
    order = np.argsort(p_values)
    scaled = p_values[order] * len(p_values) / np.arange(1, len(p_values) + 1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1].clip(max=1)
    return adjusted


def _slice(ids: Sequence[str], right: np.ndarray, group: Group, *, p_value: float, adjusted: float) -> Slice:
    inside, rest = right[group.members], right[~group.members]
    places = np.flatnonzero(group.members)
    places = places[np.argsort(right[places], kind="stable")]
    return Slice(
        group.by,
        group.name,
        len(inside),
        int(inside.sum()),
        len(rest),
        int(rest.sum()),
        wilson(int(inside.sum()), len(inside)),
        p_value,
        adjusted,
        tuple(ids[int(i)] for i in places),
    )


def class_groups(names: Sequence[str], membership: np.ndarray) -> Iterator[Group]:
    """A group a class, by the truth; membership: N x K bool."""
    for k, name in enumerate(names):
        yield Group("class", name, membership[:, k])


def quarter_groups(measures: Mapping[str, np.ndarray]) -> Iterator[Group]:
    """Four groups of each measure, N float64 (NaN where it is unknown); none where all items are about alike."""
    for by, values in measures.items():
        known = ~np.isnan(values)
        if not known.any() or np.ptp(values[known]) == 0:
            continue
        edges = np.quantile(values[known], [0.25, 0.5, 0.75])
        place = np.where(known, np.searchsorted(edges, values, "left"), -1)
        for quarter, name in enumerate(QUARTERS):
            yield Group(by, name, place == quarter)


def shape_groups(sizes: np.ndarray) -> Iterator[Group]:
    """Tall, about square and wide pictures. sizes: N x 2, width and height, 0 where they are unknown."""
    known = sizes.min(axis=1) > 0
    ratio = np.where(known, sizes[:, 0] / np.maximum(sizes[:, 1], 1), np.nan)
    for name, members in (
        ("tall", ratio < 1 / EVEN),
        ("about square", (ratio >= 1 / EVEN) & (ratio <= EVEN)),
        ("wide", ratio > EVEN),
    ):
        yield Group("shape", name, members)


def cluster_groups(embeddings: np.ndarray, *, seed: int = 0) -> Iterator[Group]:
    """Clusters of like pictures, by k-means on unit embeddings, N x D."""
    clusters = min(MOST_CLUSTERS, len(embeddings) // CLUSTER_ITEMS)
    if clusters < 2:
        return
    from sklearn.cluster import KMeans

    place = KMeans(clusters, n_init=2, random_state=seed).fit_predict(embeddings.astype(np.float32))
    for k in range(clusters):
        yield Group("cluster", f"cluster {k + 1}", place == k)
