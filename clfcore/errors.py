"""What a user can mend (InputError), what failed past that (Failure), and the words of both.

    InputError   the input is wrong: one line, exit status 2, a message beside its cause on a page
    Failure      the input is right, but something failed (a full disk, no network): one line, exit status 1

Anything else that is raised is a bug and keeps its traceback.
"""

import difflib
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class InputError(ValueError):
    """Something the user gave is wrong. The message is one sentence: what, with the value, and how to mend it."""


class Failure(RuntimeError):
    """The input was right and the work still failed. The message is one sentence: what failed, and what to do."""


_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = 80


def brief(value: object) -> str:
    """The value as Python writes it, for a sentence: long text and numbers are cut, deep lists and objects too.

    >>> brief({"a": [[[[[[[1]]]]]]]}), brief("x" * 200)[:8]
    ("{'a': [[[[[...]]]]]}", "'xxxxxxx")
    """
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 1000:
        return f"a whole number of {value.bit_length():,} bits"  # Python writes no more than 4,300 digits
    return _BRIEF.repr(value)


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean lenet5?)`, or nothing where no known name comes near.

    >>> nearest("cosin", ["constant", "cosine"])
    ' (did you mean cosine?)'
    >>> nearest("zzz", ["constant", "cosine"])
    ''
    """
    likeness = {other: difflib.SequenceMatcher(None, str(name)[:100].lower(), other.lower()).ratio() for other in known}
    best = max(likeness.values(), default=0.0)
    close = [other for other, ratio in likeness.items() if ratio >= max(0.6, best - 0.08)][:3]
    return f" (did you mean {' or '.join(close)}?)" if close else ""


def unknown(what: str, name: str, known: Sequence[str], *, most: int = 12) -> InputError:
    """The refusal of a name that is not one of the known ones, with the nearest.

    >>> print(unknown("strategy", "scratsh", ["scratch", "fine-tuning"]))
    strategy is 'scratsh': it must be one of scratch, fine-tuning (did you mean scratch?)
    """
    listed = ", ".join(known[:most]) + (", …" if len(known) > most else "")
    return InputError(f"{what} is {brief(name)}: it must be one of {listed}{nearest(name, known)}")


def refusal(errors: Sequence[Mapping[str, Any]], fields: Iterable[str]) -> InputError:
    """pydantic's list of errors (`ValidationError.errors()`) as one sentence a field, on one line."""
    return InputError("; ".join(_sentence(error, list(fields)) for error in errors))


_LIMITS = {"ge": "at least", "gt": "greater than", "le": "at most", "lt": "less than"}
_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "string": "text", "dict": "an object"}


def _sentence(error: Mapping[str, Any], fields: list[str]) -> str:
    where, kind, value = ".".join(str(part) for part in error["loc"]), str(error["type"]), error.get("input")
    context = error.get("ctx") or {}
    if kind == "extra_forbidden":
        return f"{where} is not a setting{nearest(where.rsplit('.', 1)[-1], fields)}"
    if kind == "missing":
        return f"{where} is missing: it must be given"
    if kind == "literal_error":
        known = [name.strip().strip("'") for name in str(context["expected"]).replace(" or ", ", ").split(",")]
        return str(unknown(where, str(value), known, most=20))
    for name, words in _LIMITS.items():
        if name in context:
            return f"{where} is {_plain(value)}: it must be {words} {context[name]}"
    if kind == "finite_number":
        return f"{where} is {_plain(value)}: it must be a finite number"
    if kind == "value_error":
        return f"{where + ' ' if where else ''}{context.get('error', error['msg'])}".strip()
    wanted = next((words for name, words in _KINDS.items() if kind.startswith(name)), None)
    return f"{where} is {brief(value)}: " + (f"it must be {wanted}" if wanted else str(error["msg"]).lower())


def _plain(value: object) -> str:
    return brief(value).strip("'")
