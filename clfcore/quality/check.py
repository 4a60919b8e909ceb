"""Every quality check of a dataset, by the embeddings of one pretrained network."""

from dataclasses import dataclass

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.embeddings.pretrained import embed_dataset
from clfcore.progress import Progress
from clfcore.quality.label_errors import LabelErrors, find_label_errors
from clfcore.quality.outliers import Outlier, find_outliers


@dataclass(frozen=True, eq=False)
class QualityFindings:
    """What the checks found in a dataset, which is without its unreadable items."""

    dataset: ImageDataset
    labels: LabelErrors
    outliers: tuple[Outlier, ...]


def check_quality(
    dataset: ImageDataset, architecture: str, *, seed: int = 0, progress: Progress | None = None
) -> QualityFindings:
    """Run every check. progress: of the embeddings. Raises InputError where they cannot be made."""
    embedded = embed_dataset(dataset, architecture, progress=progress)
    dataset, embeddings = embedded.dataset, embedded.all
    clusters = copies_and_groups(embedded.decoded.digests, dataset.groups)
    labels = find_label_errors(dataset, embeddings, clusters=clusters, seed=seed)
    return QualityFindings(dataset, labels, find_outliers(dataset.ids, embeddings, clusters))


def copies_and_groups(digests: tuple[str, ...], groups: tuple[str, ...] | None) -> np.ndarray:
    """Clusters of items, N integers: equal where two have the same content or the same group, or are so connected.

    >>> copies_and_groups(("a", "b", "a", "c"), ("g", "g", "h", "i")).tolist()
    [0, 0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(digests)
    keys = [("content", digest) for digest in digests] + [("group", group) for group in groups or ()]
    _, column = np.unique(np.array([" ".join(key) for key in keys]), return_inverse=True)
    rows = np.tile(np.arange(n), 2 if groups is not None else 1)
    size = n + int(column.max()) + 1
    graph = coo_array((np.ones(len(rows), np.int8), (rows, n + column)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    _, clusters = np.unique(component[:n], return_inverse=True)
    return clusters
