"""Records: the JSON files of a run, each with one reader that checks types and bounds.

A file that is absent, cut, of wrong types or out of bounds becomes one InputError that names the run, the file and the
cause; what was read is a frozen value. Fields that a later version adds are kept as they are.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from clfcore.architectures.ancestry import Ancestry
from clfcore.classifier_spec import ClassifierSpec
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.runs.record_fields import Amount, Count, Moment, Share, StoredPreprocess, StoredTask, StoredTaskOrNone

State = Literal["queued", "running", "completed", "cancelled", "failed", "interrupted"]


class Stored(BaseModel):
    """A frozen value with checked types and finite numbers, which keeps the fields that a later version adds."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    def as_dict(self) -> dict[str, JsonValue]:
        """As the file has it: only what was given."""
        return self.model_dump(mode="json", exclude_unset=True)


class Record(Stored):
    """What one file of a run holds. optional: the file may be absent, and then says nothing."""

    file: ClassVar[str]
    optional: ClassVar[bool] = True
    listed: ClassVar[bool] = False  # every list of runs reads it, so what was read is kept in memory


class Status(Record):
    """The state that a run's last process left, and when it was queued, started and finished."""

    file, listed = "state.json", True
    state: State = "interrupted"
    message: str = ""
    created: Moment | None = None
    started: Moment | None = None
    finished: Moment | None = None


class About(Record):
    """What people call the run: its name, a note, tags."""

    file, listed = "about.json", True
    name: Annotated[str, Field(max_length=200)] = ""
    note: Annotated[str, Field(max_length=10_000)] = ""
    tags: Annotated[Sequence[Annotated[str, Field(max_length=100)]], Field(max_length=100)] = ()


class Parameters(Stored):
    """How many numbers a network has, and how many of them were trained."""

    total: Count = 0
    trainable: Count = 0


Metrics = dict[str, float | dict[str, float | None] | None]  # a value, or those of a level by its name
# From 0 to 1: those in the catalogue, and those that no table shows.
FRACTIONS = {name for name, metric in METRICS.items() if not metric.in_nats} - {"brier"}
FRACTIONS |= {"macro_precision", "macro_recall", "consistency"}


class FinishedEarly(Stored):
    """A run that was asked to complete with its best epoch so far: the last epoch it trained, of how many."""

    epoch: Count
    of: Count


class Overlap(Stored):
    """Items of a split, and how many of them have the content of another: trained on, or in the split as well."""

    items: Count
    trained_on: Count = 0
    trained_before: Count = 0
    copies: Count = 0


class RunResults(Record):
    """What a finished run reached: best epoch, seconds, parameters, metrics a split."""

    file, listed = "metrics.json", True
    best_epoch: Count | None = None
    seconds: Amount | None = None
    parameters: Parameters = Parameters()
    metrics: dict[str, Metrics] = Field(default_factory=dict)
    baselines: dict[str, dict[str, dict[str, Share]]] = Field(default_factory=dict)
    moved: dict[str, Amount] = Field(default_factory=dict)
    finished_early: FinishedEarly | None = None
    overlap: dict[str, Overlap] | None = None

    @property
    def reached(self) -> bool:
        """Whether the run ended and wrote any."""
        return bool(self.model_fields_set)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        for split, metrics in self.metrics.items():
            levels: list[Mapping[str, object]] = [part for part in metrics.values() if isinstance(part, dict)]
            for part in (metrics, *levels):
                for name, value in part.items():
                    if name in FRACTIONS and isinstance(value, float) and not -1e-6 <= value <= 1 + 1e-6:
                        raise ValueError(f"metrics.{split}.{name} is {value:g}: it must be from 0 to 1")
        return self


class EpochRecord(Record):
    """One epoch of a run's history. What was not measured is None.

    epoch: 0 is a starting head, before training. seconds: of training and validation; memory: the peak, in MB. rates:
    the learning rate of each layer group; freed: the groups that train from this epoch on. best_epoch: the best one so
    far, absent from runs of before its choice was recorded. candidate: of a fitted head, whether the epoch may be best.
    """

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
    rates: Mapping[str, float] = Field(default_factory=dict)
    freed: Sequence[str] | None = None
    best_epoch: int | None = None
    candidate: bool | None = None

    @property
    def records_best(self) -> bool:
        """Whether the best epoch so far was recorded with it, though there may be none yet."""
        return "best_epoch" in self.model_fields_set


class RunProgress(Record):
    """Progress of a run within its stage, for those who watch."""

    file = "progress.json"
    stage: str = ""
    done: Count = 0
    total: Count = 1
    epoch: Count | None = None
    epochs: Count | None = None
    loss: float | None = None
    images_per_second: Amount | None = None
    seconds_left: Amount | None = None


class DataProblem(Stored):
    """Something found wrong with a dataset: its kind, the item or class, and a sentence."""

    kind: str = ""
    item: str = ""
    message: str = ""


class RunData(Record):
    """The data that a run was trained on: task, split sizes, what was drawn and left out.

    digest: over content, label, split and group of its items, empty of older runs. train_counts: training items of each
    class. drawn: ids of the splits that the data did not give. computed_on:
    versions and device.
    """

    file = "data.json"
    name: str = ""
    task: StoredTaskOrNone = None
    content: str = ""
    digest: str = ""
    splits: Mapping[str, Count] = Field(default_factory=dict)
    train_counts: Sequence[Count] = ()
    drawn: Mapping[str, Sequence[str]] = Field(default_factory=dict)
    problems: Sequence[DataProblem] = ()
    notes: Sequence[str] = ()
    ancestry: Ancestry = Ancestry()
    computed_on: Mapping[str, str | int | None] = Field(default_factory=dict)

    @property
    def recorded(self) -> bool:
        """Whether the run has opened its data and recorded it."""
        return bool(self.model_fields_set)


class ClassifierFile(Record):
    """What opens a run's weights again: the network, its head, the task and the preprocessing."""

    file, optional = "classifier.json", False
    architecture: Annotated[str, Field(min_length=1)]
    options: dict[str, bool | int | float | str | list[int | str]]
    head: str | None
    channels: Annotated[int, Field(ge=1, le=3)]
    decoding: Literal["levels", "path", "sum"] = "levels"
    task: StoredTask
    preprocess: StoredPreprocess

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.preprocess.channels != self.channels:
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
            task=self.task,
            preprocess=self.preprocess,
        )


class StartingClassifier(Record):
    """The classifier of the run that a run began with, so that it goes on when the other is gone."""

    file = "starting_weights.json"
    classifier: ClassifierFile | None = None

    @property
    def spec(self) -> ClassifierSpec | None:
        return self.classifier.spec if self.classifier is not None else None


class TaskFile(Record):
    """The task that a run's classifier answers; the rest of its file is not checked."""

    file, optional = "classifier.json", False
    task: StoredTask


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
