"""Text made safe to show: whatever steers a terminal, or turns the reading direction, becomes an escape."""

import unicodedata

# control, format (bidirectional overrides among them), half characters, line and paragraph breaks
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # format characters that scripts and emoji are written with


def printable(text: str, *, lines: bool = False) -> str:
    """The text with escapes in place of control and format characters; letters of every script stay.

    lines: line breaks stay too, for text that has lines of its own.

    >>> printable("\\x1b[31mcat\\u202egpj")
    '\\\\x1b[31mcat\\\\u202egpj'
    >>> printable("Straße 图 \U0001f469\\u200d\U0001f52c")
    'Straße 图 \U0001f469\\u200d\U0001f52c'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if is_shown(sign) or (lines and sign == "\n") else _escaped(sign) for sign in text)


def is_shown(sign: str) -> bool:
    """Whether a character may reach a terminal as it is."""
    return sign.isprintable() or sign in _JOINERS or unicodedata.category(sign) not in _UNSEEN


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape", "backslashreplace").decode("ascii")
