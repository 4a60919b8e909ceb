"""Class names as people write them: Unicode forms and blanks joined, upper and lower case asked about."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from clfcore.data.dataset import Problem
from clfcore.data.importers.readings import AmbiguousData, Choice, Reading

_EDGES = re.compile(r"^[\s\u200b-\u200f\u2060\ufeff]+|[\s\u200b-\u200f\u2060\ufeff]+$")


def canonical(name: str) -> str:
    """A name in composed Unicode form, without blanks or invisible signs at its ends; never empty."""
    return _EDGES.sub("", unicodedata.normalize("NFC", name)) or name


def joined(spellings: Iterable[str], used: Iterable[str]) -> list[Problem]:
    """What is said of names that were one class in several spellings. used: the canonical names of the classes."""
    by_name: dict[str, set[str]] = {}
    for spelling in spellings:
        by_name.setdefault(canonical(spelling), set()).add(spelling)
    classes = set(used)
    return [
        Problem(
            "joined-class",
            name,
            f"{name} is written in {len(ways)} ways that look alike (Unicode forms or outer blanks): it is one class",
        )
        for name, ways in sorted(by_name.items())
        if len(ways) > 1 and name in classes
    ]


class Cases(NamedTuple):
    """Class names that differ in case alone: the one that each becomes, and the notes on it."""

    usual: dict[str, str]
    problems: list[Problem]


def by_case(labels: Sequence[str], reading: Reading, where: str) -> Cases:
    """How names that differ in case alone are joined; empty where none do.

    Raises AmbiguousData where there are such names, and nothing says whether they are one class.
    """
    counts = Counter(labels)
    groups: dict[str, list[str]] = {}
    for name in counts:
        groups.setdefault(name.casefold(), []).append(name)
    pairs = [sorted(group) for group in groups.values() if len(group) > 1]
    if not pairs or "keep-case" in reading:
        return Cases({}, [])
    usual = {name: max(group, key=lambda n: (counts[n], n.lower() != n)) for group in pairs for name in group}
    if "join-case" in reading:
        notes = [
            Problem(
                "joined-class", usual[group[0]], f"{' and '.join(group)} are one class, as asked: {usual[group[0]]}"
            )
            for group in pairs
        ]
        return Cases(usual, notes)
    some = ", ".join(" and ".join(group) for group in pairs[:3]) + (", …" if len(pairs) > 3 else "")
    merged = tuple(sorted({usual.get(name, name) for name in counts}))
    raise AmbiguousData(
        f"{where} has classes that differ in upper and lower case alone ({some})",
        [
            Choice("they are one class", merged, len(labels), asks="join-case"),
            Choice("they are different classes", tuple(sorted(counts)), len(labels), asks="keep-case"),
        ],
    )
