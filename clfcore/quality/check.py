"""Every quality check of a dataset, by the embeddings of one pretrained network."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.embeddings.pretrained import embed_dataset
from clfcore.progress import Progress
from clfcore.quality.image_checks import ImageFlaw, check_images
from clfcore.quality.label_errors import LabelErrors, find_label_errors
from clfcore.quality.near_duplicates import SMALL, Duplicates, duplicate_rows, linked_pairs
from clfcore.quality.outliers import Outlier, find_outliers
from clfcore.quality.picture_pass import measure_pictures


@dataclass(frozen=True, eq=False)
class QualityFindings:
    """What the checks found in a dataset, which is without its unreadable items. Each list has the worst first.

    groups: a name an item, equal where items are of one given group, duplicates or of one session; empty where an item
    is alone.
    """

    dataset: ImageDataset
    labels: LabelErrors
    duplicates: tuple[Duplicates, ...]
    outliers: tuple[Outlier, ...]
    images: tuple[ImageFlaw, ...]
    groups: tuple[str, ...]


def check_quality(
    dataset: ImageDataset, architecture: str, *, seed: int = 0, progress: Progress | None = None
) -> QualityFindings:
    """Run every check. progress counts each image twice: embedded, and looked at.

    Raises InputError where the embeddings cannot be made.
    """
    total = sum(len(chosen) for chosen in dataset.splits.values())

    def embedding(done: int, of: int) -> None:
        if progress is not None:
            progress(done, of + total)

    embedded = embed_dataset(dataset, architecture, progress=embedding)
    dataset, decoded = embedded.dataset, embedded.decoded
    measures = measure_pictures(decoded, embedded.preprocess, progress=_after(progress, len(dataset)))
    small = dataset.side() <= SMALL
    pairs = linked_pairs(embedded.all, measures.thumbnails, measures.chroma, small=small)
    clusters = copies_and_groups(decoded.digests, dataset.groups, pairs.copies())
    labels = find_label_errors(dataset, embedded.all, clusters=clusters, seed=seed)
    duplicates = duplicate_rows(dataset, decoded.digests, pairs)
    return QualityFindings(
        dataset=dataset,
        labels=labels,
        duplicates=duplicates,
        outliers=find_outliers(dataset.ids, embedded.all, clusters),
        images=check_images(dataset, measures),
        groups=joined_groups(dataset, decoded.digests, duplicates),
    )


def joined_groups(
    dataset: ImageDataset, digests: tuple[str, ...], duplicates: tuple[Duplicates, ...]
) -> tuple[str, ...]:
    """Groups that a split must not cut: the given ones, joined where duplicates or a session connect them."""
    at = {name: i for i, name in enumerate(dataset.ids)}
    links = [(at[a], at[b]) for row in duplicates for a, b in pairwise(row.items)]
    clusters = copies_and_groups(digests, dataset.groups, np.array(links, np.int64).reshape(-1, 2))
    sizes = np.bincount(clusters)
    named: dict[int, str] = {}
    for i, cluster in enumerate(clusters.tolist()):
        if sizes[cluster] > 1:
            named.setdefault(cluster, dataset.groups[i] if dataset.groups else f"duplicates {len(named) + 1}")
    return tuple(named.get(cluster, "") for cluster in clusters.tolist())


def _after(progress: Progress | None, before: int) -> Progress | None:
    """Progress of work that follows other work of `before` steps."""
    return None if progress is None else lambda done, of: progress(before + done, before + of)


def copies_and_groups(
    digests: tuple[str, ...], groups: tuple[str, ...] | None, copies: np.ndarray | None = None
) -> np.ndarray:
    """Clusters of items, N integers: equal where two have the same content or group, are copies, or so connected.

    copies: M x 2 rows of items that are one picture.

    >>> copies_and_groups(("a", "b", "a", "c"), ("g", "g", "h", "i")).tolist()
    [0, 0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(digests)
    keys = [("content", digest) for digest in digests] + [("group", group) for group in groups or ()]
    _, column = np.unique(np.array([" ".join(key) for key in keys]), return_inverse=True)
    rows = np.tile(np.arange(n), 2 if groups is not None else 1)
    columns = n + column
    if copies is not None:
        rows, columns = np.concatenate([rows, copies[:, 0]]), np.concatenate([columns, copies[:, 1]])
    size = n + int(column.max()) + 1
    graph = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    _, clusters = np.unique(component[:n], return_inverse=True)
    return clusters
