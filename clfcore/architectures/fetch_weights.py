"""Download of pretrained weights, when asked: into the caches of torch and of the Hugging Face libraries, checked."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from clfcore.architectures import pretrained, weights_index
from clfcore.architectures.catalogue import Architecture
from clfcore.architectures.weights_index import PublishedWeights
from clfcore.errors import Failure, InputError, unknown
from clfcore.fetch import Absent, RemoteFile, Wanted, bytes_kept, fetch, headers
from clfcore.files import write_text
from clfcore.progress import Progress

_SHA256 = re.compile(r"[0-9a-f]{64}")
_REVISION = re.compile(r"[0-9a-f]{40}")


def fetch_weights(row: Architecture, tag: str, *, progress: Progress | None = None) -> Path:
    """The file of a network's weights, downloaded where it is not here; progress counts bytes and may raise to stop.

    Raises InputError for weights that the lab cannot download, Failure where the download fails.
    """
    file = pretrained.weights_file(row, tag)
    if file is not None:
        return file
    known = pretrained.published(row, tag)
    if known is None or row.name in pretrained.PACKAGED:
        raise pretrained.not_here(row, tag)
    wanted = Wanted(
        f"the weights of {row.name}",
        f"connect to the network and try again, or take {pretrained.OFFLINE}, whose weights are here",
    )
    if known.repository is not None:
        return _from_hub(known, known.repository, wanted, progress=progress)
    target = pretrained.torch_file(known.file)
    assert known.digest is not None, "the list has no weights without a digest"
    fetch(RemoteFile(known.where, known.bytes, known.digest), target, wanted, progress=progress)
    return target


def chosen_tag(row: Architecture, weights: str | None) -> str:
    """The tag that `default` or a name of published weights means. Raises InputError."""
    if not row.weights:
        raise InputError(f"{row.name} has no published weights: take {pretrained.OFFLINE}, or train it from scratch")
    if weights in (None, "default"):
        return row.default_weights
    if weights not in row.weights:
        raise unknown("weights", str(weights), ["default", *row.weights])
    return str(weights)


def bytes_here(known: PublishedWeights) -> int:
    """How many bytes an earlier download, stopped or broken off, left of weights."""
    if known.repository is None:
        return bytes_kept(pretrained.torch_file(known.file))
    snapshots = pretrained.hub_folder(known.repository) / "snapshots"
    sizes = [bytes_kept(folder / name) for folder in snapshots.glob("*") for name in pretrained.HUB_FILES]
    return max(sizes, default=0)


def _from_hub(known: PublishedWeights, repository: str, wanted: Wanted, *, progress: Progress | None) -> Path:
    """The newest revision of a repository's weights, kept as the Hugging Face libraries look for it."""
    url, answer = _newest(repository, wanted)
    digest = answer.get("x-linked-etag", "").strip('"')  # of a large file: its SHA-256
    revision = answer.get("x-repo-commit", "")
    size = answer.get("x-linked-size", "")
    host = weights_index.hub()
    if not (_SHA256.fullmatch(digest) and _REVISION.fullmatch(revision) and size.isdecimal()):
        raise Failure(
            f"could not download {wanted.what}: {host} names no checksum for {repository}; try again later, or take "
            f"{pretrained.OFFLINE}, whose weights are here"
        )
    if int(size) > known.bytes * 1.25 + 1e6:  # nobody waits for, or pays for, more than was shown
        raise Failure(
            f"could not download {wanted.what}: {repository} now has {weights_index.megabytes(int(size))} where "
            f"{known.size} were expected; take other weights"
        )
    folder = pretrained.hub_folder(repository)
    target = folder / "snapshots" / revision / url.rsplit("/", 1)[-1]
    fetch(RemoteFile(url, int(size), digest), target, wanted, progress=progress)
    write_text(folder / "refs" / "main", revision)
    return target


class _Newest(NamedTuple):
    """The address of a repository's weights, and what its host says of them."""

    url: str
    headers: Mapping[str, str]


def _newest(repository: str, wanted: Wanted) -> _Newest:
    """The first of a repository's usual files that is there. Raises Failure."""
    first, second = (f"{weights_index.hub()}/{repository}/resolve/main/{name}" for name in pretrained.HUB_FILES)
    try:
        return _Newest(first, headers(first, wanted))
    except Absent:
        return _Newest(second, headers(second, wanted))
