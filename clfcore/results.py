"""Results: frozen, typed values that know the JSON object they are printed as."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

Json = Any  # a value in JSON's own types, read by whoever knows its keys: a command's view, a file
JsonObject = dict[str, Json]

# Metadata of a field that is None by default, and then no key of the JSON object.
WHEN_KNOWN: Mapping[str, bool] = {"left out of the JSON where it is None": True}


@dataclass(frozen=True)
class Result:
    """What a command, or its Python call, gives.

    >>> from dataclasses import field
    >>> @dataclass(frozen=True)
    ... class Written(Result):
    ...     run: str
    ...     out: Path | None = field(default=None, metadata=WHEN_KNOWN)
    >>> Written("20260131").as_json(), Written("20260131", Path("a.html")).as_json()
    ({'run': '20260131'}, {'run': '20260131', 'out': 'a.html'})
    """

    def as_json(self) -> JsonObject:
        """A field a key: tuples become arrays, paths text, results and other dataclasses objects."""
        values = ((f, getattr(self, f.name)) for f in fields(self))
        return {f.name: json_value(v) for f, v in values if v is not None or f.metadata != WHEN_KNOWN}


def json_value(value: object) -> Json:
    """The value in JSON's own types, a value's own form first; numbers and text as they are."""
    if isinstance(value, Result):
        return value.as_json()
    if hasattr(value, "as_dict"):  # a value of another module that knows its own JSON form
        return value.as_dict()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {name: json_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: json_value(getattr(value, f.name)) for f in fields(value)}
    return value
