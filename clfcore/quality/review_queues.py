"""Queues of what the quality checks list: label suspects, duplicates, outliers and poor images."""

from collections.abc import Iterable, Sequence

from clfcore.data.dataset import ImageDataset
from clfcore.data.versions.queue import Queue, QueueItem, make_queue, suggestion
from clfcore.quality.image_checks import ImageFlaw
from clfcore.quality.label_errors import SuspectLabel
from clfcore.quality.near_duplicates import Duplicates
from clfcore.quality.outliers import Outlier
from clfcore.quality.slices import Slice


def suspect_queue(suspects: Iterable[SuspectLabel], dataset: ImageDataset, *, expected: int) -> Queue:
    """Label suspects whose label another one is suggested for. expected: about how many of all labels are wrong."""
    items = [
        QueueItem(
            suspect.item,
            f"given {suspect.given}, suggested {suspect.suggested}; label quality {suspect.score:.3f}",
            suggestion(dataset.task, suspect.suggested),
        )
        for suspect in suspects
        if suspect.given != suspect.suggested
    ]
    return make_queue("label suspects", items, dataset, expected=min(expected, len(items)))


def duplicate_queue(clusters: Iterable[Duplicates], dataset: ImageDataset) -> Queue:
    """Duplicates, a cluster after another: of each, all items but the first, beside the others."""
    items = [
        QueueItem(
            item,
            f"{cluster.kind} as {_few(cluster.items, item)}" + (", in several splits" if cluster.is_leak else ""),
            others=tuple(other for other in cluster.items if other != item),
        )
        for cluster in clusters
        for item in cluster.items[1:]
    ]
    return make_queue("duplicates", items, dataset)


def flaw_queue(outliers: Iterable[Outlier], flaws: Iterable[ImageFlaw], dataset: ImageDataset) -> Queue:
    """Poor images, then outliers."""
    poor = [QueueItem(flaw.item, f"{flaw.kind}, value {flaw.value:.3g}") for flaw in flaws]
    far = [QueueItem(one.item, f"outlier, distance {one.score:.3f}") for one in outliers]
    return make_queue("outliers and image flaws", [*poor, *far], dataset)


def _few(items: Sequence[str], item: str) -> str:
    others = [other for other in items if other != item]
    return others[0] + (f" and {len(others) - 1:,} more" if len(others) > 1 else "")


def slice_queue(part: Slice, dataset: ImageDataset) -> Queue:
    """The items of a slice, those that the run gets wrong first."""
    return make_queue("slice", [QueueItem(item, f"{part.by}: {part.name}") for item in part.ids], dataset)
