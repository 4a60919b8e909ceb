"""Near-duplicates: copies of one picture, and pictures of one session, found by embeddings and confirmed by pixels.

A pair is a candidate where its centered embeddings are near (cosine). It is a `copy` where color and the fine detail of
small gray thumbnails agree as well, after the best of a few small turns, zooms, shifts and a mirror: re-encoding, size,
brightness, a crop and a mirror change none of them much, and two pairs of jeans share an outline but no detail. Without
that it is the `same session` where the embeddings are very near: other objects taken by the same camera in the same
place, or one object from another side. A copy of a copy is a copy; a session has every pair of its pictures near, so
that look-alikes do not chain. The limits were chosen on one half of `benchmarks/near_duplicates.py` and are measured on
the other. Letters: N items, D numbers of an embedding, T pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.embeddings.reference import unit
from clfcore.quality.same_picture import correlation, detail_agreement
from clfcore.results import Result

DuplicateKind = Literal["same file", "copy", "same session"]

CANDIDATE = 0.7  # cosine of centered embeddings from which pixels are compared
DETAIL = 0.7  # correlation of the thumbnails' fine detail from which a candidate can be a copy
BOTH = 1.56  # the sum of cosine and that correlation from which it is one
CHROMA = 9.0  # distance of mean a* and b* (CIELAB) up to which it can be one; brightening moves it most
SESSION = 0.8  # cosine from which pictures that are no copies are of one session
SMALL = 64  # pixels; up to this side pictures of one class look alike, so a copy must be the same but for brightness
SMALL_CORRELATION = 0.995

PROJECT_FROM, PROJECTED = 10_000, 128  # items from which embeddings are projected, and onto how many components
SAMPLE = 20_000  # items that the components are fitted on
TILE = 4096  # rows and columns of a block of similarities: 64 MB
LEAST_PAIRS, PAIRS_AN_ITEM = 20_000, 2  # how many candidates are looked at, the nearest first


@dataclass(frozen=True)
class Duplicates(Result):
    """Items that are one picture, or of one session. splits and labels stand in the order of the items.

    similarity: the cosine of centered embeddings of the least similar linked pair, -1 to 1; 1 of the same file.
    """

    items: tuple[str, ...]
    kind: DuplicateKind
    similarity: float
    splits: tuple[Split | None, ...]
    labels: tuple[str, ...]

    @property
    def is_leak(self) -> bool:
        """Whether one picture is in several splits, so that what is tested was trained on."""
        return self.kind != "same session" and len(set(self.splits) - {None}) > 1

    @property
    def disagrees(self) -> bool:
        """Whether copies of one picture have different labels, one of which must be wrong."""
        return self.kind != "same session" and len(set(self.labels)) > 1


@dataclass(frozen=True, eq=False)
class Pairs:
    """Linked pairs of items: rows `first` and `second`, their cosine, and whether they are copies; M each."""

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray
    copy: np.ndarray

    def copies(self) -> np.ndarray:
        """M x 2 rows of items that are one picture."""
        return np.stack([self.first, self.second], axis=1)[self.copy]


def near_pairs(embeddings: np.ndarray, *, least: float = CANDIDATE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of near items by their centered embeddings: two rows each and their cosine, the nearest first.

    embeddings: N x D. At most two pairs an item in the mean, or 20,000. Rows that are not finite are in no pair.
    """
    directions = _directions(embeddings)
    n = len(directions)
    most = max(LEAST_PAIRS, PAIRS_AN_ITEM * n)
    first, second = np.zeros(0, np.int64), np.zeros(0, np.int64)
    similarity = np.zeros(0, np.float32)
    for top in range(0, n, TILE):
        for left in range(top, n, TILE):
            block = directions[top : top + TILE] @ directions[left : left + TILE].T
            a, b = np.nonzero(block >= least)
            values = block[a, b]
            upper = a + top < b + left
            first = np.concatenate([first, a[upper] + top])
            second = np.concatenate([second, b[upper] + left])
            similarity = np.concatenate([similarity, values[upper]])
            if len(first) > most:
                order = np.argsort(-similarity, kind="stable")[:most]
                first, second, similarity = first[order], second[order], similarity[order]
                least = float(similarity[-1])
    order = np.argsort(-similarity, kind="stable")
    return first[order], second[order], np.clip(similarity[order], -1, 1)


def _directions(embeddings: np.ndarray) -> np.ndarray:
    """Centered unit vectors, N x D or N x 128, float32; zero where an item has no embedding."""
    finite = np.isfinite(embeddings).all(axis=1)
    if not finite.any():
        return np.zeros((len(embeddings), 1), np.float32)
    rows = np.flatnonzero(finite)
    mean = embeddings[rows[:: max(1, len(rows) // SAMPLE)]].mean(axis=0, dtype=np.float64).astype(np.float32)
    components = None
    if len(rows) > PROJECT_FROM and embeddings.shape[1] > PROJECTED:
        sample = embeddings[rows[:: max(1, len(rows) // SAMPLE)]] - mean
        _, vectors = np.linalg.eigh(sample.T @ sample)
        components = np.ascontiguousarray(vectors[:, -PROJECTED:]).astype(np.float32)
    width = embeddings.shape[1] if components is None else PROJECTED
    directions = np.zeros((len(embeddings), width), np.float32)
    for start in range(0, len(rows), TILE):
        chosen = rows[start : start + TILE]
        centered = embeddings[chosen] - mean
        directions[chosen] = unit(centered if components is None else centered @ components)
    return directions


def linked_pairs(
    embeddings: np.ndarray, thumbnails: np.ndarray, chroma: np.ndarray | None = None, *, small: bool = False
) -> Pairs:
    """Copies and pictures of one session.

    thumbnails: N x T x T gray bytes; chroma: N x 2, mean a* and b*, None of gray pictures; small: of pictures of at
    most 64 pixels.
    """
    first, second, cosine = near_pairs(embeddings)
    alike = np.ones(len(first), bool)
    if chroma is not None:
        alike = np.linalg.norm(chroma[first] - chroma[second], axis=1) <= CHROMA
    agreement = None if small else detail_agreement(thumbnails)
    copy = np.zeros(len(first), bool)
    for row in np.flatnonzero(alike).tolist():
        a, b = int(first[row]), int(second[row])
        if agreement is None:
            copy[row] = correlation(thumbnails[a], thumbnails[b]) >= SMALL_CORRELATION
        else:
            copy[row] = agreement(a, b) >= max(DETAIL, BOTH - float(cosine[row]))
    linked = copy if small else copy | (cosine >= SESSION)
    return Pairs(first[linked], second[linked], cosine[linked], copy[linked])


def duplicate_rows(dataset: ImageDataset, digests: Sequence[str], pairs: Pairs) -> tuple[Duplicates, ...]:
    """Clusters of linked items, the worst first: copies across splits, copies with several labels, other copies.

    A session stands as one cluster beside those of the copies that it contains.
    """
    same_file = _same_content(digests)
    one_picture = np.concatenate([same_file, pairs.copies()])
    every = np.concatenate([one_picture, np.stack([pairs.first, pairs.second], axis=1)[~pairs.copy]])
    weights = dict.fromkeys(map(tuple, same_file.tolist()), 1.0)
    for a, b, cosine in zip(pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), strict=True):
        weights.setdefault((a, b), cosine)
    split_of = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}

    def row(members: Sequence[int], kind: DuplicateKind, links: np.ndarray) -> Duplicates:
        inside = set(members)
        similarity = min(weights[(a, b)] for a, b in links.tolist() if a in inside and b in inside)
        return Duplicates(
            items=tuple(dataset.ids[i] for i in members),
            kind=kind,
            similarity=round(float(similarity), 4),
            splits=tuple(split_of.get(i) for i in members),
            labels=tuple(dataset.label(i) for i in members),
        )

    rows = []
    for members in _clusters(len(dataset), one_picture):
        same = len({digests[i] for i in members}) == 1
        rows.append(row(members, "same file" if same else "copy", same_file if same else one_picture))
    for members in _sessions(pairs, one_picture, len(dataset)):
        rows.append(row(members, "same session", every))
    rows.sort(key=lambda r: (not r.is_leak, not r.disagrees, _ORDER[r.kind], -r.similarity, r.items))
    return tuple(rows)


_ORDER: dict[DuplicateKind, int] = {"same file": 0, "copy": 1, "same session": 2}


def _same_content(digests: Sequence[str]) -> np.ndarray:
    """Pairs of items of the same content, M x 2: each with the first of its content."""
    first: dict[str, int] = {}
    pairs = [(first.setdefault(digest, i), i) for i, digest in enumerate(digests) if digest]
    return np.array([pair for pair in pairs if pair[0] != pair[1]], np.int64).reshape(-1, 2)


def _clusters(n: int, links: np.ndarray) -> list[list[int]]:
    """Connected items, of two and more."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    linked = np.unique(links)
    members: dict[int, list[int]] = {}
    for i in linked.tolist():
        members.setdefault(int(component[i]), []).append(i)
    return list(members.values())


def _sessions(pairs: Pairs, one_picture: np.ndarray, n: int) -> list[list[int]]:
    """Sessions of several pictures: complete linkage, the nearest pairs first; copies of one picture count as one.

    A picture that is near to two sessions is in the one that it is nearest to.
    """
    picture_of = np.arange(n)
    for members in _clusters(n, one_picture):
        picture_of[members] = members[0]
    members_of: dict[int, list[int]] = {}
    for i in np.unique(np.concatenate([pairs.first, pairs.second, one_picture.ravel()])).tolist():
        members_of.setdefault(int(picture_of[i]), []).append(i)
    first, second = picture_of[pairs.first], picture_of[pairs.second]
    near: dict[int, set[int]] = {}
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        near.setdefault(a, {a}).add(b)
        near.setdefault(b, {b}).add(a)
    session = {picture: {picture} for picture in near}
    shared = {picture: set(others) for picture, others in near.items()}  # what every picture of the session is near to
    home = {picture: picture for picture in near}
    for row in np.argsort(-pairs.similarity, kind="stable").tolist():
        a, b = home[int(first[row])], home[int(second[row])]
        if a != b and session[b] <= shared[a]:
            home.update(dict.fromkeys(session[b], a))
            session[a] |= session.pop(b)
            shared[a] &= shared.pop(b)
    return [sorted(i for one in group for i in members_of[one]) for group in session.values() if len(group) > 1]
