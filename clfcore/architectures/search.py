"""Search of networks by any part of their name, family or year, the likeliest first, in the catalogue and timm."""

import difflib
import re

from clfcore.architectures.catalogue import Architecture, architectures, of_timm_row
from clfcore.architectures.families import FAMILIES
from clfcore.architectures.timm_index import rows as timm_rows

NEAREST = 9  # names that are offered where nothing holds the text


def search(text: str) -> tuple[Architecture, ...]:
    """The networks whose name, family or year holds every word of `text`, capitals and punctuation aside.

    Named networks stand before timm's (`timm/NAME`), and an exact name first. A word that no name holds may skip
    letters: `effnet b0` finds efficientnet_b0.
    """
    text = text.strip().lower()
    timm = tuple(of_timm_row(row) for row in timm_rows())
    rows = timm if text.startswith("timm/") else (*architectures(), *timm)
    terms = _words(text)
    for held in (_holds, _holds_letters):
        if found := [row for row in rows if held(row, terms)]:
            return tuple(sorted(found, key=lambda row: _distance(row, text, terms)))
    return ()


def _distance(row: Architecture, text: str, terms: list[str]) -> tuple[bool, bool, bool]:
    """An exact name first, then names that begin with the first word, then those that hold all, then families."""
    bare = row.name.removeprefix("timm/")
    begins = not terms or bare.startswith(terms[0])
    return row.name != text, not begins, not all(word in bare for word in terms)


def nearest_networks(text: str) -> tuple[Architecture, ...]:
    """The networks whose names are most like `text`, the likeliest first; for what `search` does not find."""
    wanted = text.strip().lower().removeprefix("timm/")[:100]
    rows = {row.name.removeprefix("timm/"): row for row in (*map(of_timm_row, timm_rows()), *architectures())}
    return tuple(rows[name] for name in difflib.get_close_matches(wanted, rows, n=NEAREST, cutoff=0.5))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", text.lower().removeprefix("timm/")) if word]


def _described(row: Architecture) -> str:
    family = FAMILIES.get(row.family)
    return f"{row.name.removeprefix('timm/')} {row.family} {family.title if family else ''} {row.year or ''}".lower()


def _holds(row: Architecture, terms: list[str]) -> bool:
    text = _described(row)
    return all(word in text for word in terms)


def _holds_letters(row: Architecture, terms: list[str]) -> bool:
    """Each word as it stands, or, from three letters on, with letters left out within one part of the name."""
    text = _described(row)
    parts = re.split(r"[^a-z0-9]+", text)
    return all(word in text or (len(word) >= 3 and any(_skips(word, part) for part in parts)) for word in terms)


def _skips(word: str, part: str) -> bool:
    """Whether the letters of `word` stand in `part` in this order, beginning with its first."""
    letters = iter(part)
    return part[:1] == word[0] and all(letter in letters for letter in word)
