"""CSV for spreadsheets: no name of others is taken for a formula, and each comes back exactly."""

import re
from collections.abc import Iterable, Sequence

# What a spreadsheet may take for a formula (OWASP, CSV Injection); the wide signs where the keyboard is East Asian.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_QUOTED = re.compile(r'[",;\r\n]|^\s|\s$')


def escaped(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula; numbers stay numbers.

    >>> escaped("=HYPERLINK(1)"), escaped("-0.53"), escaped("cat")
    ("'=HYPERLINK(1)", '-0.53', 'cat')
    """
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def unescaped(text: str) -> str:
    """What `escaped` was given.

    >>> [unescaped(escaped(name)) for name in ("=a", "'=a", "'a", "-1", "a")]
    ['=a', "'=a", "'a", '-1', 'a']
    """
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV, a line each; text is escaped, and None is an empty cell.

    >>> csv_text([["id", "loss"], ["@a,b", -0.5], [None, 2]])
    'id,loss\\n"\\'@a,b",-0.5\\n,2\\n'
    """
    return "".join(csv_line(row) + "\n" for row in rows)


def csv_line(row: Sequence[object]) -> str:
    """One row, without its end."""
    return ",".join(_cell(value) for value in row)


def _cell(value: object) -> str:
    text = "" if value is None else escaped(value) if isinstance(value, str) else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
