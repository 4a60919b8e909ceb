"""The labels of one cell: joined by semicolons, commas, bars or blanks, or written as a list."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

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
    given = [value for value in values if value]
    return bool(given) and all(_LIST.match(value) for value in given)


def parts(cell: str, separator: str) -> tuple[str, ...]:
    """The labels of a cell, each once; separator: `[` for a list, empty where the cell is one name."""
    if separator == "[":
        inner = cell.strip()[1:-1]
        found = [next(filter(None, match), "").strip() for match in _PART.findall(inner)]
    elif separator == " ":
        found = cell.split()
    else:
        found = [part.strip() for part in cell.split(separator)] if separator else [cell]
    return tuple(dict.fromkeys(filter(None, found)))


def separator_in(values: Sequence[str]) -> str:
    """What parts the labels in a column of several labels: a list, else the first of `;`, `|`, `,` that occurs."""
    if is_list(values):
        return "["
    return next((sign for sign in (";", "|", ",") if any(sign in value for value in values)), "")


def recombine(values: Sequence[str], separator: str) -> bool:
    """Whether cells fall into fewer labels than there are different cells: labels that are joined in many ways."""
    different = {value for value in values if value}
    labels = Counter(label for value in different for label in parts(value, separator))
    joined = [value for value in different if len(parts(value, separator)) > 1]
    return bool(joined) and len(labels) < len(different) and max(labels.values()) > 1


def several(values: Sequence[str]) -> tuple[str, Sureness]:
    """Whether a column that should have one class a cell has several: by what they are parted, and how sure that is."""
    if is_list(values):
        return "[", "joined"
    different = {value for value in values if value}
    for sign in ("|", ";", ","):
        holding = sum(sign in value for value in different)
        if holding and (recombine(values, sign) or (sign == "|" and holding > 1)):
            return sign, "perhaps"
    return "", "plain"


def blanks(values: Sequence[str]) -> Sureness:
    """Whether blanks part labels: surely where few words make many cells, never where no word comes twice."""
    different = {value for value in values if value}
    words = Counter(word for value in different for word in value.split())
    if not any(len(value.split()) > 1 for value in different) or max(words.values()) < 2:
        return "plain"
    return "joined" if len(words) <= len(different) / 2 else "perhaps"
