"""Published datasets, read from their publisher's files: digits (scikit-learn), the MNIST and the CIFAR families."""

import gzip
import importlib.util
import io
import pickle
import struct
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.data.splits import draw_splits
from clfcore.errors import Failure, InputError
from clfcore.files import datasets_folder
from clfcore.task import single_label

DEBIAN = Path("/usr/share/datasets")  # where Debian's packages put data, dataset-fashion-mnist among them

_DIGITS = tuple("0123456789")
_MNIST = {
    "mnist": (_DIGITS, "MNIST"),
    "fashion-mnist": (
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        "FashionMNIST",
    ),
}
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR100 = tuple(
    """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
    motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate
    poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider
    squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle
    wardrobe whale willow_tree wolf woman worm""".split()  # noqa: SIM905 - a hundred quoted words are not easier to read
)


@dataclass(frozen=True)
class _Cifar:
    """How a CIFAR is published: its archives' stem, the folders inside, its files, and where the class stands."""

    classes: tuple[str, ...]
    stem: str
    python_folder: str
    binary_folder: str
    train: tuple[str, ...]
    test: str
    key: str  # of the labels, in the python version
    label_bytes: int  # before the pixels of a binary record; the last one is the class


_CIFAR = {
    "cifar10": _Cifar(
        _CIFAR10, "cifar-10", "cifar-10-batches-py", "cifar-10-batches-bin",
        tuple(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "labels", 1,
    ),
    "cifar100": _Cifar(
        _CIFAR100, "cifar-100", "cifar-100-python", "cifar-100-binary", ("train",), "test", "fine_labels", 2
    ),
}  # fmt: skip


def where(name: str) -> str:
    """The place of a published dataset's files: the folder, and the names that it takes."""
    folder = datasets_folder() / name
    if name in _MNIST:
        system = " (or install the system package dataset-fashion-mnist)" if name == "fashion-mnist" else ""
        return (
            f"{folder}: train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
            f"t10k-labels-idx1-ubyte.gz, or torchvision's {_MNIST[name][1]}/raw{system}"
        )
    prefix = _CIFAR[name].stem
    return f"{folder}: {prefix}-python.tar.gz or {prefix}-binary.tar.gz, or the folder that either unpacks to"


def find(name: str) -> Path | None:
    """The folder (MNIST) or the test file or archive (CIFAR) of a published dataset; None where it is not here."""
    folder = datasets_folder() / name
    if name in _MNIST:
        inner = _MNIST[name][1]
        places = [folder, folder / "raw", folder / inner / "raw", datasets_folder() / inner / "raw", DEBIAN / name]
        return next((place for place in places if all(_idx(place, stem) for stem in _stems())), None)
    how = _CIFAR[name]
    packed = [folder / f"{how.stem}-{version}.tar.gz" for version in ("python", "binary")]
    python = [place / how.test for place in (folder / how.python_folder, datasets_folder() / how.python_folder, folder)]
    binary = [place / f"{how.test}.bin" for place in (folder / how.binary_folder, folder)]
    return next((path for path in python + binary + packed if path.is_file()), None)


def open_digits(*, split_seed: int = 0) -> ImageDataset:
    """scikit-learn's 1,797 digits as N x 8 x 8 x 1 uint8, its values 0..16 stretched to 0..255."""
    # Read from the package's file: importing sklearn.datasets would cost over a second.
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise Failure("digits come with scikit-learn, which is not installed: pip install scikit-learn")
    with gzip.open(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.int64)  # N x 65: 64 values and the digit
    pixels = np.rint(table[:, :64] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    targets = np.ascontiguousarray(table[:, 64])
    splits, drawn = draw_splits(targets, split_seed, pixels)
    ids = tuple(f"digits/{i:04d}" for i in range(len(targets)))
    return ImageDataset("digits", single_label(_DIGITS), ids, targets, splits, pixels=pixels, drawn=drawn)


def open_mnist(name: str, *, split_seed: int = 0) -> ImageDataset:
    """`mnist` or `fashion-mnist` from the four idx files, gzipped or not: N x 28 x 28 x 1 uint8."""
    place = _place(name)
    parts = [
        (_read_idx(place, f"{part}-images-idx3-ubyte", 3), _read_idx(place, f"{part}-labels-idx1-ubyte", 1))
        for part in ("train", "t10k")
    ]
    train, test = (_Part(images[..., None], labels) for images, labels in parts)
    return _dataset(name, train, test, classes=_MNIST[name][0], split_seed=split_seed)


def open_cifar(name: str, *, split_seed: int = 0) -> ImageDataset:
    """`cifar10` or `cifar100` from the python or binary version, packed or not: N x 32 x 32 x 3 uint8."""
    how, place = _CIFAR[name], _place(name)
    try:
        if place.name.endswith(".tar.gz"):
            # Read in place; unpacked it opens a second or two faster.
            folder, suffix = (how.python_folder, "") if "-python." in place.name else (how.binary_folder, ".bin")
            with tarfile.open(place, "r:gz") as archive:
                parts = {}
                for member in archive:
                    stem = member.name.removeprefix(f"{folder}/").removesuffix(suffix)
                    file = archive.extractfile(member) if stem in (*how.train, how.test) else None
                    if file is not None and member.isfile():
                        parts[stem] = _cifar_part(file.read(), how, binary=bool(suffix))
        else:
            suffix = place.suffix
            parts = {
                stem: _cifar_part((place.parent / f"{stem}{suffix}").read_bytes(), how, binary=bool(suffix))
                for stem in (*how.train, how.test)
            }
        train = [parts[stem] for stem in how.train]
        joined = _Part(*(np.concatenate(arrays) for arrays in zip(*train, strict=True)))
        return _dataset(name, joined, parts[how.test], classes=how.classes, split_seed=split_seed)
    except FileNotFoundError as error:
        raise InputError(f"{error.filename} is missing: put all of {name} into {where(name)}") from None
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, pickle.UnpicklingError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{place} is damaged ({error}): copy or download {name} again") from None


class _Part(NamedTuple):
    """Images of a part, N x H x W x channels uint8, and their N labels."""

    pixels: np.ndarray
    labels: np.ndarray


def _cifar_part(data: bytes, how: _Cifar, *, binary: bool) -> _Part:
    """One file of CIFAR: N x 32 x 32 x 3."""
    if binary:
        records = np.frombuffer(data, np.uint8).reshape(-1, how.label_bytes + 3072)
        flat, labels = records[:, how.label_bytes :], records[:, how.label_bytes - 1]
    else:
        try:
            stored = dict(_Arrays(io.BytesIO(data), encoding="bytes").load())
        except pickle.UnpicklingError:
            raise
        except Exception as error:  # a damaged pickle fails in as many ways as it has instructions
            raise ValueError(str(error) or type(error).__name__) from None
        named = {key.decode() if isinstance(key, bytes) else key: value for key, value in stored.items()}
        flat, labels = np.asarray(named["data"], np.uint8), np.asarray(named[how.key], np.int64)
    return _Part(np.ascontiguousarray(flat.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), labels)


class _Arrays(pickle.Unpickler):
    """Unpickles numpy arrays of numbers and plain values; refuses whatever else a pickle may want to call."""

    def find_class(self, module: str, name: str) -> object:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):  # how Python 3 writes bytes for Python 2
            return lambda text, encoding: text.encode("latin1") if encoding == "latin1" else text.encode()
        raise pickle.UnpicklingError(f"it wants {module}.{name}, which no image dataset needs")


def _dataset(name: str, train: _Part, test: _Part, *, classes: tuple[str, ...], split_seed: int) -> ImageDataset:
    """A dataset whose train and test are given; validation is drawn from train."""
    for pixels, labels in (train, test):
        if len(pixels) != len(labels) or (len(labels) and labels.max() >= len(classes)):
            raise InputError(
                f"the files of {name} do not fit together ({len(pixels)} images, {len(labels)} labels from 0 to "
                f"{labels.max(initial=0)}): copy or download them again"
            )
    n = len(train.labels)
    targets = np.concatenate([train.labels, test.labels]).astype(np.int64)
    given: dict[Split, np.ndarray] = {"train": np.arange(n), "test": np.arange(n, len(targets))}
    pixels = np.concatenate([train.pixels, test.pixels])
    splits, drawn = draw_splits(targets, split_seed, pixels, given=given)
    ids = (*(f"train/{i:05d}" for i in range(n)), *(f"test/{i:05d}" for i in range(len(targets) - n)))
    return ImageDataset(name, single_label(classes), ids, targets, splits, pixels=pixels, drawn=drawn)


def _place(name: str) -> Path:
    place = find(name)
    if place is None:
        raise InputError(f"{name} is not here: put its files into {where(name)}")
    return place


def _stems() -> list[str]:
    return [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


def _idx(place: Path, stem: str) -> Path | None:
    """The file of a stem: gzipped or not, with the dot that some unpackers leave (`images.idx3`)."""
    names = (stem, f"{stem}.gz", stem.replace("-idx", ".idx"), stem.replace("-idx", ".idx") + ".gz")
    return next((place / name for name in names if (place / name).is_file()), None)


def _read_idx(place: Path, stem: str, dimensions: int) -> np.ndarray:
    """An idx file of bytes (LeCun's format: 0 0 type dimensions, then big-endian sizes, then the values)."""
    path = _idx(place, stem)
    if path is None:
        raise InputError(f"{place / stem} has gone: copy or download it again")
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        head = struct.unpack(f">HBB{dimensions}I", data[: 4 + 4 * dimensions])
        if head[:3] != (0, 8, dimensions):
            raise ValueError("its first bytes are not those of idx")
        return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(head[3:])
    except (OSError, EOFError, ValueError, struct.error) as error:
        raise InputError(f"{path} is damaged ({error}): copy or download it again") from None
