"""Kinds of fields that a run's records have: their types and bounds, and how a file holds them."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, PlainSerializer

from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.results import JsonObject
from clfcore.task import Task


def _moment(text: str) -> str:
    then = datetime.fromisoformat(text)
    if not 1970 <= then.year < 9000:
        raise ValueError(f"the year {then.year} is out of bounds")
    return text


def _share(value: float) -> float:
    if not -1e-6 <= value <= 1 + 1e-6:
        raise ValueError(f"is {value:g}: it must be from 0 to 1")
    return value


def _task_of(stored: JsonObject) -> Task:
    """A task as a file has it. Raises ValueError where it is none."""
    try:
        levels, paths = stored["levels"], stored.get("paths", [])
        names = [level["name"] for level in levels] + [name for level in levels for name in level["classes"]]
        sizes = [len(level["classes"]) for level in levels]
        whole = all(isinstance(name, str) for name in names) and all(sizes)
        real = all(
            len(path) == len(levels)
            and all(type(place) is int and 0 <= place < size for place, size in zip(path, sizes, strict=True))
            for path in paths
        )
        task = Task.from_dict(stored) if whole and real else None
    except InputError as error:
        raise ValueError(str(error).removeprefix("task ")) from None  # the sentence begins with the field's name
    except (KeyError, TypeError, AttributeError):
        task = None
    if task is None:
        raise ValueError("is damaged: it needs a kind, levels with the names of their classes, and real paths")
    return task


def _task_or_none(stored: JsonObject) -> Task | None:
    return None if stored == {} else _task_of(stored)


def _preprocess_of(stored: JsonObject) -> Preprocess:
    """A preprocessing as a file has it. Raises ValueError where it is none."""
    try:
        preprocess = Preprocess.from_dict(stored)
        numbers = (preprocess.crop_fraction, preprocess.white, *preprocess.mean, *preprocess.deviation)
        whole = type(preprocess.size) is int and all(type(number) in (int, float) for number in numbers)
    except (KeyError, TypeError):
        whole = False
    if not whole or preprocess.size > 4096 or min(preprocess.deviation) <= 0:
        raise ValueError("is damaged: it needs a size of at most 4096, a mean and deviations above 0")
    return preprocess


Moment = Annotated[str, AfterValidator(_moment)]
Share = Annotated[float, AfterValidator(_share)]
Amount = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
StoredTask = Annotated[InstanceOf[Task], BeforeValidator(_task_of), PlainSerializer(Task.as_dict)]
StoredTaskOrNone = Annotated[InstanceOf[Task] | None, BeforeValidator(_task_or_none), PlainSerializer(Task.as_dict)]
StoredPreprocess = Annotated[
    InstanceOf[Preprocess], BeforeValidator(_preprocess_of), PlainSerializer(Preprocess.as_dict)
]
