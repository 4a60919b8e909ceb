"""Readings: how data that can be read in several ways is to be read; asked for, and kept in the SPEC."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from clfcore.errors import InputError, nearest

# What --reading takes, and what may stand before a path in a SPEC: `nested:photos`, `outer,join-case:photos`.
OPTIONS = {
    "outer": "the outermost folders are the classes",
    "inner": "the folders that hold the pictures are the classes",
    "nested": "folders in folders are the levels of a hierarchy",
    "join-case": "class names that differ in upper and lower case are one class",
    "keep-case": "class names that differ in upper and lower case are different classes",
    "labeled-only": "splits without class folders are left out",
    "pooled": "all folds are one set, and the splits are drawn anew",
    "single": "one class a picture",
    "multi": "several labels a picture",
    "onehot": "the columns of 0 and 1 are the labels",
}
KEYS = {
    "path": "the manifest's column with the file names",
    "label": "the manifest's column with the classes",
    "folder": "the folder in which the manifest's files are found",
    "separator": "what separates the labels of one cell: comma, bar, space, semicolon or none",
    "encoding": "how the names in a zip, or the text of a manifest, are encoded",
}
_ONE_OF = ({"outer", "inner", "nested"}, {"join-case", "keep-case"}, {"single", "multi"})


@dataclass(frozen=True)
class Reading:
    """The reading that a SPEC asks for: options, and values by key.

    evaluation_only: a model is only evaluated on the data: one class is enough, and no split is needed or drawn.
    """

    options: frozenset[str] = frozenset()
    values: tuple[tuple[str, str], ...] = ()
    evaluation_only: bool = False

    def __contains__(self, option: str) -> bool:
        return option in self.options

    def value(self, key: str) -> str:
        """The value of a key; empty where none is asked for."""
        return dict(self.values).get(key, "")

    def adding(self, other: "Reading") -> "Reading":
        """Both together; of what excludes one another the other's is taken."""
        options = set(self.options)
        for group in _ONE_OF:
            if group & other.options:
                options -= group
        values = dict(self.values) | dict(other.values)
        return Reading(
            frozenset(options | other.options),
            tuple(sorted(values.items())),
            self.evaluation_only or other.evaluation_only,
        )

    def __str__(self) -> str:
        order = list(OPTIONS)
        return ",".join([*sorted(self.options, key=order.index), *(f"{key}={value}" for key, value in self.values)])

    def before(self, path: str) -> str:
        """The SPEC of a path that is read so."""
        return f"{self}:{path}" if str(self) else path


def parse_reading(text: str) -> Reading:
    """The reading of `--reading TEXT`, such as `nested` or `path=file,label=breed`. Raises InputError."""
    options: set[str] = set()
    values: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, sign, value = part.partition("=")
        if sign and key in KEYS and value:
            values[key] = value
        elif not sign and part in OPTIONS:
            options.add(part)
        else:
            known = [*OPTIONS, *(f"{key}=…" for key in KEYS)]
            raise InputError(f"reading is {part!r}: it must be one of {', '.join(known)}{nearest(part, known)}")
    for group in _ONE_OF:
        if len(group & options) > 1:
            raise InputError(f"reading is {text!r}: {' and '.join(sorted(group & options))} exclude one another")
    return Reading(frozenset(options), tuple(sorted(values.items())))


class SpecParts(NamedTuple):
    """Parts of a SPEC: the reading, and the path that it stands before."""

    reading: Reading
    path: str


def parted(spec: str) -> SpecParts:
    """The parts of a SPEC; without a reading it is all path.

    >>> parted("nested:photos")[1], parted("photos:1")[1]
    ('photos', 'photos:1')
    """
    head, sign, path = spec.partition(":")
    if sign and head:
        try:
            return SpecParts(parse_reading(head), path)
        except InputError:  # a path, or settings of a catalogue name
            pass
    return SpecParts(Reading(), spec)


def with_reading(spec: str, text: str | None) -> str:
    """The SPEC, read as `--reading` says. Raises InputError where that is no reading."""
    if not text:
        return spec
    parts = parted(spec)
    return parts.reading.adding(parse_reading(text)).before(parts.path)


@dataclass(frozen=True)
class Choice:
    """One way to read the data: what it assumes, its classes and pictures.

    asks: the reading that chooses it; place: instead, the folder or manifest to name. spec: what chooses it, once the
    data's own SPEC is known.
    """

    what: str
    classes: tuple[str, ...]
    pictures: int
    asks: str = ""
    place: Path | None = None
    spec: str = ""

    @property
    def counts(self) -> str:
        """`2 classes (cat, dog), 24 pictures`."""
        some = ", ".join(self.classes[:4]) + (", …" if len(self.classes) > 4 else "")
        return f"{_many(len(self.classes), 'class', 'classes')} ({some}), {_many(self.pictures, 'picture', 'pictures')}"


class AmbiguousData(InputError):
    """Ambiguous data: the question of how to read it, and the choices. The message names all of them."""

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        self.question, self.choices = question, tuple(choices)
        ways = []
        for choice in choices:
            way = f"--reading {choice.asks}" if choice.asks else f"{str(choice.place)!r} as the data"
            ways.append(f"{way} ({choice.what}: {choice.counts})" if choice.what else f"{way} ({choice.counts})")
        super().__init__(f"{question}; choose {' or '.join(ways)}")

    def of(self, reading: Reading, path: str) -> "AmbiguousData":
        """The same question with each choice's SPEC filled in."""
        filled = [
            replace(c, spec=reading.adding(parse_reading(c.asks)).before(path) if c.asks else str(c.place))
            for c in self.choices
        ]
        return AmbiguousData(self.question, filled)


def _many(n: int, singular: str, plural: str) -> str:
    return f"{n:,} {singular if n == 1 else plural}"
