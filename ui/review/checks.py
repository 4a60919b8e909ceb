"""The quality checks in the background, shared by the pages that show them."""

import hashlib
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.progress import Progress
from ui.jobs import Job, background
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.api.data_quality import QualityReport
    from clfcore.data.dataset import ImageDataset

ASKED = SessionValue[str]("quality asked")  # the SPEC that the checks were asked of


def checking(spec: str, dataset: "ImageDataset", network: str) -> "Job[QualityReport]":
    """The checks of a dataset as it is now."""
    return _checking(spec, identity_of(dataset), architecture=network)


@background(entries=4)
def _checking(progress: Progress, spec: str, digest: str, *, architecture: str) -> "QualityReport":
    return api.quality(spec, architecture=architecture, progress=progress)


def identity_of(dataset: "ImageDataset") -> str:
    """Identity of the images, their labels and splits."""
    whole = hashlib.blake2b(digest_size=16)
    for text in (*dataset.ids, *dataset.contents):
        whole.update(text.encode("utf-8", "surrogateescape"))
    whole.update(dataset.targets.tobytes())
    for split, chosen in dataset.splits.items():
        whole.update(split.encode() + chosen.tobytes())
    return whole.hexdigest()
