"""Published weights by network and tag, from a stored list: their size, licence and address, without torch or timm."""

import functools
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CSV = Path(__file__).with_name("published_weights.csv")  # written by tools/build_weights_index.py
HUB = "https://huggingface.co"  # HF_ENDPOINT names a mirror
_DIGEST = re.compile(r"-([0-9a-f]{8,64})\.pth$")  # the beginning of the SHA-256, as torch.hub reads it

# SPDX names where there is one; else the name by which the licence is known.
_LICENCES = {"apache-2.0": "Apache-2.0", "mit": "MIT", "bsd-3-clause": "BSD-3-Clause", "unknown": "not stated"}


@dataclass(frozen=True)
class PublishedWeights:
    """One file of weights: of which network (`timm/NAME` or the catalogue's) and which of its weights, and its size.

    bytes: as published, or counted from the network's tensors. where: an address whose end holds the digest, or a
    repository on the Hugging Face hub.
    """

    network: str
    tag: str
    bytes: int
    licence_id: str
    where: str

    @property
    def licence(self) -> str:
        """The licence, to be shown; `not stated` where the publisher names none."""
        return _LICENCES.get(self.licence_id, self.licence_id) or "not stated"

    @property
    def repository(self) -> str | None:
        """`owner/name` on the Hugging Face hub; None: at an address of its own."""
        return None if "://" in self.where else self.where

    @property
    def source(self) -> str:
        """Where it comes from, without the protocol: `download.pytorch.org`, `huggingface.co/timm/resnet18.a1_in1k`."""
        if self.repository is not None:
            return f"{urlsplit(hub()).netloc}/{self.repository}"
        return urlsplit(self.where).netloc

    @property
    def file(self) -> str:
        """Of an address of its own: the name that torch keeps the file under."""
        return urlsplit(self.where).path.rsplit("/", 1)[-1]

    @property
    def digest(self) -> str | None:
        """Of an address of its own: the beginning of the SHA-256; None where its name holds none."""
        match = _DIGEST.search(self.file)
        return match.group(1) if match else None

    @property
    def size(self) -> str:
        """The size in MB: `46.8 MB`."""
        return megabytes(self.bytes)


def megabytes(size: int) -> str:
    """
    >>> megabytes(46_830_571), megabytes(346_328_529), megabytes(4_944_030_000)
    ('46.8 MB', '346 MB', '4,944 MB')
    """
    return f"{size / 1e6:.1f} MB" if size < 99.95e6 else f"{size / 1e6:,.0f} MB"


def hub() -> str:
    """The Hugging Face hub's address: HF_ENDPOINT, else its own."""
    return (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")


def to_line(weights: PublishedWeights) -> str:
    where = "" if weights.where == _usual(weights.network, weights.tag) else weights.where
    return ",".join([weights.network, weights.tag, str(weights.bytes), weights.licence_id, where])


def _from_line(line: str) -> PublishedWeights:
    network, tag, size, licence, where = line.split(",")
    return PublishedWeights(network, tag, int(size), licence, where or _usual(network, tag))


def _usual(network: str, tag: str) -> str:
    """The repository that timm's own weights are in."""
    return f"{network}.{tag}"


@functools.cache
def _by_name() -> dict[tuple[str, str], PublishedWeights]:
    rows = (_from_line(line) for line in CSV.read_text(encoding="utf-8").splitlines())
    return {(row.network, row.tag): row for row in rows}


def find(network: str, tag: str) -> PublishedWeights | None:
    """What is known of a network's weights (`timm/resnet18`, `a1_in1k`); None where the list lacks them."""
    return _by_name().get((network, tag))


def all_weights() -> tuple[PublishedWeights, ...]:
    """Every row of the list."""
    return tuple(_by_name().values())
