"""Records: the JSON files of a run, each with one reader that checks types and bounds.

A file that is absent, cut, of wrong types or out of bounds becomes one InputError that names the run, the file and the
cause; what was read is a frozen value. Fields that a later version adds are kept as they are.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from clfcore.classifier_spec import ClassifierSpec
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.task import Task

State = Literal["queued", "running", "completed", "cancelled", "failed", "interrupted"]


def _moment(text: str) -> str:
    then = datetime.fromisoformat(text)
    if not 1970 <= then.year < 9000:
        raise ValueError(f"the year {then.year} is out of bounds")
    return text


def _share(value: float) -> float:
    if not -1e-6 <= value <= 1 + 1e-6:
        raise ValueError(f"is {value:g}: it must be from 0 to 1")
    return value


Moment = Annotated[str, AfterValidator(_moment)]
Share = Annotated[float, AfterValidator(_share)]
Amount = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class Record(BaseModel):
    """What one file of a run holds. optional: the file may be absent, and then says nothing."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, JsonValue]
    file: ClassVar[str]
    optional: ClassVar[bool] = True
    listed: ClassVar[bool] = False  # every list of runs reads it, so what was read is kept in memory

    def as_dict(self) -> dict[str, Any]:
        """As the file has it: only what was given."""
        return self.model_dump(mode="json", exclude_unset=True)


class Status(Record):
    """The state that a run's last process left, and when it was queued, started and finished."""

    file, listed = "state.json", True
    state: State = "interrupted"
    message: str = ""
    created: Moment | None = None
    started: Moment | None = None
    finished: Moment | None = None


class Parameters(BaseModel):
    """How many numbers a network has, and how many of them were trained."""

    model_config = Record.model_config
    total: Count = 0
    trainable: Count = 0


Metrics = dict[str, float | dict[str, float | None] | None]  # a value, or those of a level by its name
# From 0 to 1: those in the catalogue, and those that no table shows.
FRACTIONS = {name for name, metric in METRICS.items() if not metric.in_nats} - {"brier"}
FRACTIONS |= {"macro_precision", "macro_recall", "consistency"}


class RunResults(Record):
    """What a finished run reached: best epoch, seconds, parameters, metrics a split."""

    file, listed = "metrics.json", True
    best_epoch: Count | None = None
    seconds: Amount | None = None
    parameters: Parameters = Parameters()
    metrics: dict[str, Metrics] = Field(default_factory=dict)
    baselines: dict[str, dict[str, dict[str, Share]]] = Field(default_factory=dict)
    moved: dict[str, Amount] = Field(default_factory=dict)

    @property
    def reached(self) -> bool:
        """Whether the run ended and wrote any."""
        return bool(self.model_fields_set)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        for split, metrics in self.metrics.items():
            for part in (metrics, *(level for level in metrics.values() if isinstance(level, dict))):
                for name, value in part.items():
                    if name in FRACTIONS and isinstance(value, float) and not -1e-6 <= value <= 1 + 1e-6:
                        raise ValueError(f"metrics.{split}.{name} is {value:g}: it must be from 0 to 1")
        return self


class EpochLine(Record):
    """One epoch of the history. What was not measured is None."""

    file = "history.jsonl"
    epoch: Annotated[int, Field(ge=0, le=1_000_000)]
    train_loss: float | None = None
    train_accuracy: Share | None = None
    validation_loss: float | None = None
    validation_accuracy: Share | None = None
    validation_score: float | None = None
    learning_rate: Amount | None = None
    seconds: Amount | None = None
    images_per_second: Amount | None = None
    gradient_norm: Amount | None = None
    memory: Count | None = None
    mixed: bool = False
    phase: str | None = None
    rates: dict[str, float] = Field(default_factory=dict)
    freed: list[str] = Field(default_factory=list)


class ProgressNow(Record):
    """Where a run is within its stage, for those who watch."""

    file = "progress.json"
    stage: str = ""
    done: Count = 0
    total: Count = 1
    epoch: Count | None = None
    epochs: Count | None = None
    loss: float | None = None
    images_per_second: Amount | None = None
    seconds_left: Amount | None = None


class DataSeen(Record):
    """What a run was trained on: task, split sizes, what was drawn and left out."""

    file = "data.json"
    name: str = ""
    task: dict[str, JsonValue] = Field(default_factory=dict)
    content: str = ""
    splits: dict[str, Count] = Field(default_factory=dict)
    train_counts: list[Count] = Field(default_factory=list)
    drawn: dict[str, list[str]] = Field(default_factory=dict)
    problems: list[dict[str, JsonValue]] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    ancestry: dict[str, JsonValue] = Field(default_factory=dict)
    computed_on: dict[str, str | int | None] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.task:
            task_of(self.task)
        older = self.ancestry.get("ancestors", [])
        if not isinstance(older, list) or not all(isinstance(one, dict) for one in older):
            raise ValueError("ancestry.ancestors is no list of runs and files")
        return self


class ClassifierFile(Record):
    """What opens a run's weights again: the network, its head, the task and the preprocessing."""

    file, optional = "classifier.json", False
    architecture: Annotated[str, Field(min_length=1)]
    options: dict[str, bool | int | float | str | list[int | str]]
    head: str | None
    channels: Annotated[int, Field(ge=1, le=3)]
    decoding: Literal["levels", "path", "sum"] = "levels"
    task: dict[str, JsonValue]
    preprocess: dict[str, JsonValue]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        task_of(self.task)
        if preprocess_of(self.preprocess).channels != self.channels:
            raise ValueError(f"channels is {self.channels}, and preprocess.mean has another number of values")
        return self

    @property
    def spec(self) -> ClassifierSpec:
        return ClassifierSpec(
            architecture=self.architecture,
            options=self.options,
            head=self.head or "linear",
            channels=self.channels,
            decoding=self.decoding,
            task=task_of(self.task),
            preprocess=preprocess_of(self.preprocess),
        )


class StartingClassifier(Record):
    """The classifier of the run that a run began with, so that it goes on when the other is gone."""

    file = "starting_weights.json"
    classifier: ClassifierFile | None = None

    @property
    def spec(self) -> ClassifierSpec | None:
        return self.classifier.spec if self.classifier is not None else None


class TaskFile(Record):
    """The task that a run's classifier answers; the rest of its file is not looked at."""

    file, optional = "classifier.json", False
    task: dict[str, JsonValue]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        task_of(self.task)
        return self


class ThresholdsFile(Record):
    """The probability from which each label counts, by its name."""

    file = "thresholds.json"
    chosen_on: str = ""
    goal: str = ""
    values: dict[str, float]
    left: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        for label, value in self.values.items():
            if not 0 <= value <= 1:
                raise ValueError(f"the threshold of {label} is {value:g}: it must be from 0 to 1")
        return self


class TemperatureFile(Record):
    """What a run's logits are divided by where calibrated probabilities are asked for."""

    file = "temperature.json"
    value: Annotated[float, Field(ge=1e-6, le=1e6)]
    fitted_on: str = ""
    nll_before: float | None = None
    nll_after: float | None = None
    at_limit: bool = False


class SpeedLine(BaseModel):
    """What a run's network costs on one machine."""

    model_config = Record.model_config
    device: str
    seconds: Annotated[float, Field(gt=0)]
    images_per_second: Annotated[float, Field(gt=0)]
    memory: Count
    multiply_adds: Count | None = None


def task_of(stored: Mapping[str, Any]) -> Task:
    """A task as a file has it. Raises InputError where it is none."""
    try:
        levels, paths = stored["levels"], stored.get("paths", [])
        names = [level["name"] for level in levels] + [name for level in levels for name in level["classes"]]
        sizes = [len(level["classes"]) for level in levels]
        whole = all(isinstance(name, str) for name in names) and all(sizes)
        real = all(
            len(path) == len(levels)
            and all(type(at) is int and 0 <= at < size for at, size in zip(path, sizes, strict=True))
            for path in paths
        )
        found = Task.from_dict(dict(stored)) if whole and real else None
    except (KeyError, TypeError, AttributeError):
        found = None
    if found is None:
        raise InputError("task is damaged: it needs a kind, levels with the names of their classes, and real paths")
    return found


def preprocess_of(stored: Mapping[str, Any]) -> Preprocess:
    """A preprocessing as a file has it. Raises InputError where it is none."""
    try:
        found = Preprocess.from_dict(stored)
        numbers = (found.crop_fraction, found.white, *found.mean, *found.deviation)
        whole = type(found.size) is int and all(type(number) in (int, float) for number in numbers)
    except (KeyError, TypeError):
        whole = False
    if not whole or found.size > 4096 or min(found.deviation) <= 0:
        raise InputError("preprocess is damaged: it needs a size of at most 4096, a mean and deviations above 0")
    return found
