"""Readings: how data that can be understood in several ways is to be read; asked for, and kept in the SPEC."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clfcore.errors import InputError, nearest

# What --reading takes, and what may stand before a path in a SPEC: `nested:photos`, `outer,join-case:photos`.
WORDS = {
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
    """The readings that a SPEC asks for: words, and values by key.

    judged: a model is only evaluated on the data: one class is enough, and no split is needed or drawn.
    """

    words: frozenset[str] = frozenset()
    values: tuple[tuple[str, str], ...] = ()
    judged: bool = False

    def __contains__(self, word: str) -> bool:
        return word in self.words

    def value(self, key: str) -> str:
        """What is asked for under a key; empty where nothing is."""
        return dict(self.values).get(key, "")

    def adding(self, other: "Reading") -> "Reading":
        """Both together; of what excludes one another the other's is taken."""
        words = set(self.words)
        for group in _ONE_OF:
            if group & other.words:
                words -= group
        values = dict(self.values) | dict(other.values)
        return Reading(frozenset(words | other.words), tuple(sorted(values.items())), self.judged or other.judged)

    def __str__(self) -> str:
        order = list(WORDS)
        return ",".join([*sorted(self.words, key=order.index), *(f"{key}={value}" for key, value in self.values)])

    def before(self, path: str) -> str:
        """The SPEC of a path that is read so."""
        return f"{self}:{path}" if str(self) else path


def reading(text: str) -> Reading:
    """What `--reading TEXT` asks for, such as `nested` or `path=file,label=breed`. Raises InputError."""
    words: set[str] = set()
    values: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, sign, value = part.partition("=")
        if sign and key in KEYS and value:
            values[key] = value
        elif not sign and part in WORDS:
            words.add(part)
        else:
            known = [*WORDS, *(f"{key}=…" for key in KEYS)]
            raise InputError(f"reading is {part!r}: it must be one of {', '.join(known)}{nearest(part, known)}")
    for group in _ONE_OF:
        if len(group & words) > 1:
            raise InputError(f"reading is {text!r}: {' and '.join(sorted(group & words))} exclude one another")
    return Reading(frozenset(words), tuple(sorted(values.items())))


def parted(spec: str) -> tuple[Reading, str]:
    """A SPEC's reading and its path; a SPEC without a reading is all path.

    >>> parted("nested:photos")[1], parted("photos:1")[1]
    ('photos', 'photos:1')
    """
    head, sign, path = spec.partition(":")
    if sign and head:
        try:
            return reading(head), path
        except InputError:  # a path, or settings of a catalogue name
            pass
    return Reading(), spec


def with_reading(spec: str, text: str | None) -> str:
    """The SPEC, read as `--reading` says. Raises InputError where that is no reading."""
    if not text:
        return spec
    own, path = parted(spec)
    return own.adding(reading(text)).before(path)


@dataclass(frozen=True)
class Choice:
    """One way to read the data: what it takes for what, its classes and pictures.

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
    """Data that can be read in several ways: the question, and the choices. The message names all of them."""

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        self.question, self.choices = question, tuple(choices)
        ways = []
        for choice in choices:
            way = f"--reading {choice.asks}" if choice.asks else f"{str(choice.place)!r} as the data"
            ways.append(f"{way} ({choice.what}: {choice.counts})" if choice.what else f"{way} ({choice.counts})")
        super().__init__(f"{question}; choose {' or '.join(ways)}")

    def of(self, own: Reading, path: str) -> "AmbiguousData":
        """The same question with each choice's SPEC filled in."""
        filled = [
            replace(c, spec=own.adding(reading(c.asks)).before(path) if c.asks else str(c.place)) for c in self.choices
        ]
        return AmbiguousData(self.question, filled)


def _many(n: int, one: str, more: str) -> str:
    return f"{n:,} {one if n == 1 else more}"
