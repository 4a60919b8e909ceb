"""Data quality: label errors, near-duplicates, outliers and poor images of a dataset, the worst first."""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.architectures.pretrained import OFFLINE
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import SPLITS
from clfcore.data.export import write_manifest
from clfcore.data.importers.readings import parted, with_reading
from clfcore.data.library.specs import path_spec
from clfcore.default_network import pretrained_at_hand
from clfcore.errors import InputError
from clfcore.files import typed_path
from clfcore.heavy_imports import load
from clfcore.progress import Progress
from clfcore.quality.outliers import Outlier
from clfcore.results import WHEN_KNOWN, Result

if TYPE_CHECKING:
    from clfcore.quality.image_checks import ImageFlaw
    from clfcore.quality.label_errors import SuspectLabel
    from clfcore.quality.near_duplicates import Duplicates

LEAST, SHARE = 100, 0.2  # how long a list is at least, and as a share of the items


@dataclass(frozen=True)
class QualityChecks(Result):
    """What each check lists, the worst first."""

    labels: tuple["SuspectLabel", ...]
    duplicates: tuple["Duplicates", ...]
    outliers: tuple[Outlier, ...]
    images: tuple["ImageFlaw", ...]


@dataclass(frozen=True)
class QualityReport(Result):
    """The quality of a dataset.

    architecture: whose embeddings the items were compared by. items: how many could be read. expected_label_errors:
    about how many labels are wrong. leaks: how many pictures, or copies of one, are in several splits. unjudged: items
    whose class no other item has. groups: the manifest that keeps duplicates together, where one was asked for.
    """

    name: str
    architecture: str
    items: int
    expected_label_errors: int
    leaks: int
    unjudged: tuple[str, ...]
    checks: QualityChecks
    seconds: float
    groups: Path | None = field(default=None, metadata=WHEN_KNOWN)


def quality(
    data: str,
    *,
    architecture: str | None = None,
    reading: str | None = None,
    most: int | None = None,
    groups: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> QualityReport:
    """Check a dataset's labels and images on embeddings.

    architecture: a pretrained network whose weights are here; None: the one that ships. most: how many of each list;
    None: a fifth of the items, at least 100. groups: a .csv to write, a manifest whose groups hold duplicates and
    sessions together, so that splits drawn from it cut none; splits that the data gives stay. Raises InputError where
    the data or the weights cannot be used.
    """
    if most is not None and most < 1:
        raise InputError(f"most is {most}: it must be at least 1")
    started = time.perf_counter()
    target = None if groups is None else typed_path(groups, "groups")
    dataset = open_dataset(with_reading(data, reading))
    network = architecture or pretrained_at_hand() or OFFLINE
    load("torch")
    from clfcore.quality.check import check_quality

    findings = check_quality(dataset, network, progress=progress)
    items = len(findings.dataset)
    if target is not None:
        drawn = findings.dataset.drawn
        kept_splits = {} if drawn == SPLITS else {s: r for s, r in findings.dataset.splits.items() if s not in drawn}
        grouped = replace(findings.dataset, groups=findings.groups, splits=kept_splits)
        write_manifest(grouped, target, inputs=[parted(path_spec(data)).path], overwrite=overwrite)
    length = most or max(LEAST, round(SHARE * items))
    checks = QualityChecks(
        labels=findings.labels.ranking[:length],
        duplicates=findings.duplicates[:length],
        outliers=findings.outliers[:length],
        images=findings.images[:length],
    )
    return QualityReport(
        name=findings.dataset.name,
        architecture=network,
        items=items,
        expected_label_errors=findings.labels.expected,
        leaks=sum(row.is_leak for row in findings.duplicates),
        unjudged=findings.labels.unjudged,
        checks=checks,
        seconds=round(time.perf_counter() - started, 3),
        groups=target,
    )
