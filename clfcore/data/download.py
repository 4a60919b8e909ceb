"""Download of published datasets, when asked: file by file, checked by its published digest, whole or not at all."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from clfcore.data import published_datasets
from clfcore.errors import unknown
from clfcore.fetch import RemoteFile, Wanted, fetch
from clfcore.files import datasets_folder, remove_abandoned
from clfcore.progress import Progress

_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"  # has no https: the digest decides
_TORONTO = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Remote:
    """A published file: its name here, its address, its MD5 as published, and about how many bytes it has."""

    name: str
    url: str
    md5: str
    size: int


def _idx(base: str, *digests: str) -> tuple[Remote, ...]:
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    sizes = (9_912_422, 28_881, 1_648_877, 4_542) if base == _MNIST else (26_421_880, 29_515, 4_422_102, 5_148)
    return tuple(
        Remote(f"{name}-ubyte.gz", f"{base}{name}-ubyte.gz", digest, size)
        for name, digest, size in zip(names, digests, sizes, strict=True)
    )


def _cifar(name: str, digest: str, size: int) -> tuple[Remote, ...]:
    return (Remote(name, _TORONTO + name, digest, size),)


FILES: dict[str, tuple[Remote, ...]] = {
    "mnist": _idx(
        _MNIST,
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "fashion-mnist": _idx(
        _FASHION,
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    "cifar10": _cifar("cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a", 170_498_071),
    "cifar100": _cifar("cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85", 169_001_437),
}


def download(name: str, *, progress: Progress | None = None) -> Path:
    """Fetch what is missing of a published dataset into its folder, which is returned; progress counts bytes.

    Raises InputError for a dataset without files, Failure where its host is out of reach or a digest differs.
    """
    if name not in FILES:
        raise unknown("dataset", name, tuple(FILES))
    folder = datasets_folder() / name
    remove_abandoned(folder)
    wanted = Wanted(name, f"try again with a network, or put its files into {published_datasets.where(name)}")
    total, done = sum(remote.size for remote in FILES[name]), 0
    for remote in FILES[name]:
        target = folder / remote.name
        if not (target.is_file() and _md5(target) == remote.md5):
            file = RemoteFile(remote.url, remote.size, remote.md5, "md5")
            fetch(file, target, wanted, progress=progress and functools.partial(_counted, progress, done, total))
        done += remote.size
        if progress:
            progress(done, total)
    return folder


def _counted(progress: Progress, before: int, total: int, here: int, _: int) -> None:
    """The bytes of one file among those of all."""
    progress(min(before + here, total), total)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
