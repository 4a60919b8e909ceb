"""Rows of the catalogue: each dataset that the lab knows by name, with its licence and source."""

from dataclasses import dataclass

from clfcore.task import TaskKind


@dataclass(frozen=True)
class Entry:
    """A row of the catalogue. classes, items: how many. digits_like: a flip would change the class.

    `where` says where the files go; it is empty where they come with the lab. `available`: usable now, no download.
    """

    name: str
    task: TaskKind
    classes: int
    items: int
    licence: str
    source: str
    note: str
    where: str = ""
    available: bool = True
    digits_like: bool = False


_TORONTO = "https://www.cs.toronto.edu/~kriz/cifar.html (Krizhevsky 2009)"
_UNLICENSED = "none given; published for research"
ROWS = (
    Entry(
        "digits",
        "single-label",
        classes=10,
        items=1797,
        licence="BSD-3-Clause",
        source="scikit-learn (Alpaydin and Kaynak 1998)",
        note="handwritten digits, 8 x 8, gray; comes with the lab",
        digits_like=True,
    ),
    Entry(
        "clothing-small",
        "single-label",
        classes=10,
        items=200,
        licence="CC0-1.0",
        source="https://github.com/alexeygrigorev/clothing-dataset-small (Grigorev and contributors 2020)",
        note="photos of clothing, the shorter side 256 pixels, with given splits; comes with the lab",
    ),
    Entry(
        "shapes",
        "single-label",
        classes=6,
        items=1200,
        licence="MIT",
        source="drawn by the lab from a seed",
        note="colored shapes with masks, 32 x 32; to your liking as shapes:count=600,side=64,seed=1,difficulty=0.8",
    ),
    Entry(
        "shapes-multi-label",
        "multi-label",
        classes=6,
        items=1200,
        licence="MIT",
        source="drawn by the lab from a seed",
        note="none to three shapes an image, with masks, 32 x 32; settings as of shapes",
    ),
    Entry(
        "shapes-hierarchical",
        "hierarchical",
        classes=6,
        items=1200,
        licence="MIT",
        source="drawn by the lab from a seed",
        note="three families above the six shapes, with masks, 32 x 32; settings as of shapes",
    ),
    Entry(
        "shapes-shortcut",
        "single-label",
        classes=6,
        items=1200,
        licence="MIT",
        source="drawn by the lab from a seed",
        note="a trap: shapes with a corner mark whose color goes with the class; shapes is the same without the mark",
    ),
    Entry(
        "fashion-mnist",
        "single-label",
        classes=10,
        items=70_000,
        licence="MIT",
        source="https://github.com/zalandoresearch/fashion-mnist (Xiao, Rasul and Vollgraf 2017)",
        note="articles of clothing, 28 x 28, gray",
    ),
    Entry(
        "mnist",
        "single-label",
        classes=10,
        items=70_000,
        licence="CC-BY-SA-3.0",
        source="http://yann.lecun.com/exdb/mnist (LeCun, Cortes and Burges 1998)",
        note="handwritten digits, 28 x 28, gray",
        digits_like=True,
    ),
    Entry(
        "cifar10",
        "single-label",
        classes=10,
        items=60_000,
        licence=_UNLICENSED,
        source=_TORONTO,
        note="small photos of animals and vehicles, 32 x 32, color",
    ),
    Entry(
        "cifar100",
        "single-label",
        classes=100,
        items=60_000,
        licence=_UNLICENSED,
        source=_TORONTO,
        note="small photos of a hundred things, 32 x 32, color",
    ),
)
