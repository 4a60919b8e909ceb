"""Labels in one cell: joined by semicolons, commas, bars or spaces, or written as a list."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from clfcore.errors import unknown

SEPARATORS = {"semicolon": ";", "bar": "|", "comma": ",", "space": " ", "none": ""}
Sureness = Literal[
    "plain", "joined", "perhaps"
]  # one name a cell; several labels; several labels, or names with a sign
_LIST = re.compile(r"^\s*[\[({].*[\])}]\s*$", re.DOTALL)
_PART = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,'"][^,]*)""")


def separator_of(asked: str) -> str:
    """The sign of a separator's name. Raises InputError where there is no such name."""
    if asked not in SEPARATORS:
        raise unknown("separator", asked, list(SEPARATORS))
    return SEPARATORS[asked]


def is_list(values: Sequence[str]) -> bool:
    """Whether all cells that are not empty are lists, as Python or JSON writes them."""
    filled = [value for value in values if value]
    return bool(filled) and all(_LIST.match(value) for value in filled)


def parts(cell: str, separator: str) -> tuple[str, ...]:
    """The labels of a cell, each once; separator: `[` for a list, empty where the cell is one name."""
    if separator == "[":
        inner = cell.strip()[1:-1]
        labels = [next(filter(None, match), "").strip() for match in _PART.findall(inner)]
    elif separator == " ":
        labels = cell.split()
    else:
        labels = [part.strip() for part in cell.split(separator)] if separator else [cell]
    return tuple(dict.fromkeys(filter(None, labels)))


def separator_in(values: Sequence[str]) -> str:
    """The sign that separates the labels in a column: `[` of a list, else the first of `;`, `|`, `,` that occurs."""
    if is_list(values):
        return "["
    return next((sign for sign in (";", "|", ",") if any(sign in value for value in values)), "")


def recombine(values: Sequence[str], separator: str) -> bool:
    """Whether cells fall into fewer labels than there are different cells: labels that are joined in many ways."""
    different = {value for value in values if value}
    labels = Counter(label for value in different for label in parts(value, separator))
    joined = [value for value in different if len(parts(value, separator)) > 1]
    return bool(joined) and len(labels) < len(different) and max(labels.values()) > 1


class Joined(NamedTuple):
    """Labels that are joined in a column: the sign between them, and how sure that is."""

    sign: str
    sureness: Sureness


def several(values: Sequence[str]) -> Joined:
    """Whether a column that should have one class a cell has several; the sign is empty where it has not."""
    if is_list(values):
        return Joined("[", "joined")
    different = {value for value in values if value}
    for sign in ("|", ";", ","):
        holding = sum(sign in value for value in different)
        if holding and (recombine(values, sign) or (sign == "|" and holding > 1)):
            return Joined(sign, "perhaps")
    return Joined("", "plain")


def blanks(values: Sequence[str]) -> Sureness:
    """Whether blanks part labels: surely where few words make many cells, never where no word comes twice."""
    different = {value for value in values if value}
    counts = Counter(word for value in different for word in value.split())
    if not any(len(value.split()) > 1 for value in different) or max(counts.values()) < 2:
        return "plain"
    return "joined" if len(counts) <= len(different) / 2 else "perhaps"
