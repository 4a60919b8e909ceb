"""Published files are read right in each layout, and never run what a pickle asks for."""

import gzip
import io
import os
import pickle
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clfcore.data import published_datasets
from clfcore.data.catalogue import entries, open_dataset
from clfcore.errors import InputError
from clfcore.files import datasets_folder


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def mnist_files(folder: Path, *, packed: bool, dotted: bool = False) -> dict[str, np.ndarray]:
    """40 train and 10 test images in the publisher's format; what was written, by stem."""
    generator = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 40), ("t10k", 10)):
        arrays[f"{part}-images-idx3-ubyte"] = generator.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{part}-labels-idx1-ubyte"] = (np.arange(count) % 10).astype(np.uint8)
    folder.mkdir(parents=True)
    for stem, array in arrays.items():
        name = stem.replace("-idx", ".idx") if dotted else stem
        data = gzip.compress(idx(array)) if packed else idx(array)
        (folder / (name + ".gz" * packed)).write_bytes(data)
    return arrays


def test_digits_are_scikit_learns() -> None:
    from sklearn.datasets import load_digits

    dataset, theirs = open_dataset("digits"), load_digits()
    assert dataset.pixels.shape == (1797, 8, 8, 1)
    assert np.array_equal(dataset.pixels[..., 0], np.rint(theirs.images * 255 / 16).astype(np.uint8))
    assert np.array_equal(dataset.targets, theirs.target)
    assert dataset.digits_like
    assert dataset.side() == 8
    assert dataset.sizes() == {"train": 1259, "validation": 269, "test": 269}


@pytest.mark.parametrize("place", ["mnist", "mnist/raw", "mnist/MNIST/raw", "MNIST/raw"])
@pytest.mark.parametrize("packed", [True, False])
def test_mnist_in_each_layout(place: str, packed: bool) -> None:
    arrays = mnist_files(datasets_folder() / place, packed=packed)
    dataset = open_dataset("mnist")
    assert np.array_equal(dataset.pixels[:40, ..., 0], arrays["train-images-idx3-ubyte"])
    assert np.array_equal(dataset.pixels[40:, ..., 0], arrays["t10k-images-idx3-ubyte"])
    assert np.array_equal(dataset.targets[40:], arrays["t10k-labels-idx1-ubyte"])
    assert dataset.digits_like
    assert dataset.drawn == ("validation",)
    assert dataset.splits["test"].tolist() == list(range(40, 50))
    assert dataset.sizes() == {"train": 30, "validation": 10, "test": 10}


def test_mnist_as_torchvision_reads_it() -> None:
    from torchvision.datasets import FashionMNIST

    mnist_files(datasets_folder() / "fashion-mnist" / "FashionMNIST" / "raw", packed=False)
    theirs = FashionMNIST(str(datasets_folder() / "fashion-mnist"), train=False)
    dataset = open_dataset("fashion-mnist")
    test = dataset.splits["test"]
    assert np.array_equal(dataset.pixels[test][..., 0], theirs.data.numpy())
    assert np.array_equal(dataset.targets[test], theirs.targets.numpy())
    assert list(dataset.classes) == theirs.classes
    assert not dataset.digits_like


def test_names_with_a_dot_are_known() -> None:
    mnist_files(datasets_folder() / "mnist", packed=False, dotted=True)
    assert len(open_dataset("mnist")) == 50


def test_fashion_mnist_of_the_system_package() -> None:
    if not (published_datasets.DEBIAN / "fashion-mnist").is_dir():
        pytest.skip("the package dataset-fashion-mnist is not installed")
    dataset = open_dataset("fashion-mnist", split_seed=1)
    assert dataset.counts().tolist() == [7000] * 10
    assert dataset.counts("validation").tolist() == [1059] * 10  # 15 parts of 85
    assert dataset.sizes()["test"] == 10_000


@pytest.mark.parametrize("damage", [
    lambda data: b"", lambda data: data[: len(data) // 2], lambda data: gzip.compress(b"\0\0\x0d\3" + bytes(60)),
    lambda data: gzip.compress(gzip.decompress(data)[:-9]),
])  # fmt: skip
def test_a_damaged_file_is_named(damage: Callable[[bytes], bytes]) -> None:
    mnist_files(datasets_folder() / "mnist", packed=True)
    path = datasets_folder() / "mnist" / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte\.gz is damaged .*: copy or download it again"):
        open_dataset("mnist")


def test_files_that_do_not_fit_together_are_refused() -> None:
    mnist_files(datasets_folder() / "mnist", packed=False)
    (datasets_folder() / "mnist" / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(3, np.uint8)))
    with pytest.raises(InputError, match="the files of mnist do not fit together"):
        open_dataset("mnist")


def cifar_files(name: str, version: str) -> tuple[dict[str, bytes], np.ndarray, np.ndarray]:
    """The files of a small CIFAR, its pixels (train, then test) and its labels."""
    generator = np.random.default_rng(0)
    stems = [f"data_batch_{i}" for i in range(1, 6)] if name == "cifar10" else ["train"]
    stems.append("test_batch" if name == "cifar10" else "test")
    files, pixels, labels = {}, [], []
    classes = 10 if name == "cifar10" else 100
    for k, stem in enumerate(stems):
        flat = generator.integers(0, 256, (20, 3072), np.uint8)
        own = [(i + k) % (classes // 10) for i in range(20)]
        if version == "python":
            key = b"labels" if name == "cifar10" else b"fine_labels"
            stored = {b"data": flat, key: own, b"filenames": [b"x.png"] * 20, b"batch_label": b"x"}
            files[stem] = pickle.dumps(stored, protocol=2)
        else:
            head = np.array(own, np.uint8)[:, None]
            coarse = np.full((20, 1), 7, np.uint8)
            records = [head, flat] if name == "cifar10" else [coarse, head, flat]
            files[f"{stem}.bin"] = np.concatenate(records, axis=1).tobytes()
        pixels.append(flat.reshape(20, 3, 32, 32).transpose(0, 2, 3, 1))
        labels += own
    return files, np.concatenate(pixels), np.array(labels)


FOLDERS = {
    ("cifar10", "python"): "cifar-10-batches-py",
    ("cifar10", "binary"): "cifar-10-batches-bin",
    ("cifar100", "python"): "cifar-100-python",
    ("cifar100", "binary"): "cifar-100-binary",
}


@pytest.mark.parametrize(("name", "version"), FOLDERS)
@pytest.mark.parametrize("packed", [True, False])
def test_cifar_in_each_version(name: str, version: str, packed: bool) -> None:
    files, pixels, labels = cifar_files(name, version)
    root = datasets_folder() / name
    root.mkdir(parents=True)
    inner = FOLDERS[name, version]
    if packed:
        stem = "cifar-10" if name == "cifar10" else "cifar-100"
        with tarfile.open(root / f"{stem}-{version}.tar.gz", "w:gz") as archive:
            for file, data in files.items():
                member = tarfile.TarInfo(f"{inner}/{file}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    else:
        (root / inner).mkdir()
        for file, data in files.items():
            (root / inner / file).write_bytes(data)
    dataset = open_dataset(name)
    assert np.array_equal(dataset.pixels, pixels)
    assert np.array_equal(dataset.targets, labels)
    assert len(dataset.splits["test"]) == 20
    assert len(dataset.classes) == (10 if name == "cifar10" else 100)


def test_the_names_of_cifar_are_the_published_ones() -> None:
    assert published_datasets._CIFAR["cifar10"].classes[3] == "cat"
    hundred = published_datasets._CIFAR["cifar100"].classes
    assert (len(set(hundred)), hundred[0], hundred[-1]) == (100, "apple", "worm")
    assert list(hundred) == sorted(hundred)


class Evil:
    def __reduce__(self) -> tuple:
        return os.system, ("touch pwned",)


@pytest.mark.parametrize("attack", [
    pickle.dumps({b"data": Evil()}),
    b"cos\nsystem\n(S'touch pwned'\ntR.",
    b"cbuiltins\neval\n(S'1'\ntR.",
    b"cnumpy.core.multiarray\nfromfile\n(S'/etc/passwd'\ntR.",
    b"cnumpy\nload\n(S'x.npy'\ntR.",
])  # fmt: skip
def test_a_pickle_that_wants_more_than_arrays_is_refused(
    tmp_path: Path, attack: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = datasets_folder() / "cifar10" / "cifar-10-batches-py"
    root.mkdir(parents=True)
    for file, data in cifar_files("cifar10", "python")[0].items():
        (root / file).write_bytes(data)
    (root / "data_batch_3").write_bytes(attack)
    with pytest.raises(InputError, match=r"is damaged \(it wants .*, which no image dataset needs\)"):
        open_dataset("cifar10")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x02}.", b"\x80\x02K\x01.", b"garbage", pickle.dumps({b"data": [1, 2], b"labels": [0]})]
)
def test_a_damaged_cifar_is_refused(data: bytes) -> None:
    root = datasets_folder() / "cifar10" / "cifar-10-batches-py"
    root.mkdir(parents=True)
    for file, whole in cifar_files("cifar10", "python")[0].items():
        (root / file).write_bytes(whole)
    (root / "test_batch").write_bytes(data)
    with pytest.raises(InputError, match="is damaged"):
        open_dataset("cifar10")


def test_a_missing_part_of_cifar_is_named() -> None:
    root = datasets_folder() / "cifar10" / "cifar-10-batches-py"
    root.mkdir(parents=True)
    for file, data in cifar_files("cifar10", "python")[0].items():
        if file != "data_batch_4":
            (root / file).write_bytes(data)
    with pytest.raises(InputError, match="data_batch_4 is missing: put all of cifar10 into"):
        open_dataset("cifar10")


@pytest.mark.parametrize("name", ["mnist", "cifar10", "cifar100"])
def test_what_is_absent_is_listed_with_its_place(name: str) -> None:
    (row,) = [entry for entry in entries() if entry.name == name]
    assert not row.available
    assert str(datasets_folder() / name) in row.where
    with pytest.raises(InputError, match=f"{name} is not here: put its files into"):
        open_dataset(name)
