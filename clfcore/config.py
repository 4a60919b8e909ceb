"""RunConfig: everything that determines a run, checked once, when it is made.

Each field carries its rule, unit and help once; flags, widgets, JSON and refusals are read from here. A field that is
None is chosen for the data and the device by `resolve`, and the run's folder keeps what was chosen. No check reads a
disk: where the words of a person enter, `parse_config` reads the files that they name.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from clfcore.errors import brief, nearest, refusal
from clfcore.tracker_target import track_parts

Strategy = Literal["scratch", "feature-extraction", "fine-tuning", "progressive-unfreezing"]
Schedule = Literal["constant", "cosine", "step", "plateau", "warmup-cosine", "one-cycle", "triangular"]
Policy = Literal["none", "basic", "conservative", "autoaugment", "randaugment", "trivialaugment", "augmix", "photos",
                 "small", "digits"]  # fmt: skip
Fit = Literal["crop", "pad", "squash"]
Head = Literal["logistic", "linear", "mlp", "attention"]
Option = bool | int | float | str
_UNFREEZE = re.compile(r"\d{1,5}:(\d{1,4}|all)(,\d{1,5}:(\d{1,4}|all))*")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def __eq__(self, other: object) -> bool:
        """By content: asked or resolved, the same fields are the same training."""
        return isinstance(other, _Frozen) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        """By content too: options and policies are mappings, which have no hash of their own."""
        return hash(json.dumps(self.model_dump(mode="json"), sort_keys=True))


class Recipe(_Frozen):
    """How the network is trained. None: chosen for the data and the device."""

    model_config = ConfigDict(allow_inf_nan=False)

    epochs: int | None = Field(default=None, ge=1, le=10_000, description="passes over the training split")
    batch_size: int | None = Field(default=None, ge=1, le=65_536, description="images a step")
    image_size: int | None = Field(
        default=None, ge=4, le=4096, description="side of the network's square input, in pixels"
    )
    optimizer: Literal["adamw", "adam", "sgd", "rmsprop", "muon"] = Field(
        default="adamw", description="rule of the update; muon moves the inner matrices, AdamW what it cannot"
    )
    learning_rate: float | None = Field(default=None, gt=0, le=10, description="peak learning rate, of the head")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="momentum, of sgd and rmsprop")
    nesterov: bool = Field(default=True, description="look ahead along the momentum, of sgd only")
    weight_decay: float = Field(
        default=0.01, ge=0, le=1, description="weight decay; biases and normalization have none"
    )
    schedule: Schedule = Field(default="warmup-cosine", description="how the learning rate moves over the run")
    warmup_epochs: float = Field(
        default=1.0, ge=0, le=1000, description="epochs of linear warm-up, of warmup-cosine only"
    )
    step_size: int = Field(
        default=0, ge=0, le=10_000, description="epochs between two falls, of step only; 0 is a third of the run"
    )
    step_factor: float = Field(
        default=0.1, gt=0, le=1, description="what the rate is multiplied by at a fall, of step only"
    )
    plateau_patience: int = Field(
        default=3, ge=0, le=1000, description="epochs without a lower validation loss before a fall, of plateau only"
    )
    plateau_factor: float = Field(
        default=0.1, gt=0, lt=1, description="what the rate is multiplied by at a fall, of plateau only"
    )
    one_cycle_rise: float = Field(
        default=0.3, gt=0, lt=1, description="share of the run in which the rate rises, of one-cycle and triangular"
    )
    augmentation: Policy | dict[str, JsonValue] | None = Field(
        default=None,
        description="random changes to the training images: a policy's name, its JSON or a .json file of it",
    )
    mixup: float = Field(
        default=0.0, ge=0, le=100, description="alpha of Mixup (pictures blended), such as 0.2; 0 is off"
    )
    cutmix: float = Field(
        default=0.0, ge=0, le=100, description="alpha of CutMix (a box of another), such as 1; 0 is off"
    )
    mix_probability: float = Field(
        default=1.0, ge=0, le=1, description="share of the batches that Mixup or CutMix is done to"
    )
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="share of the target spread evenly over the classes"
    )
    gradient_clip: float = Field(default=1.0, ge=0, description="largest norm of the gradient; 0 switches clipping off")
    accumulation: int = Field(
        default=1, ge=1, le=4096, description="batches whose gradients make one step: large batches in little memory"
    )
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of averaged weights, judged and kept; 0 is off")
    early_stopping: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="epochs without a better validation before the run stops; 0 never stops early",
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto", description="auto is float32 on a CPU and mixed on a GPU"
    )
    channels_last: bool = Field(default=True, description="pictures with channels innermost: faster for convolutions")
    compile: bool = Field(
        default=False,
        description="torch.compile: the first steps wait 10 to 60 s for the compiler, later ones may be faster",
    )
    device: str = Field(
        default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d{1,2})?)$", description="auto, cpu, cuda, cuda:1 or mps"
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed of initialization, order and augmentation")
    trainable_groups: int | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="layer groups that fine-tuning trains, from the head downwards; 0 trains all",
    )
    backbone_learning_rate: float | None = Field(
        default=None, gt=0, le=10, description="peak learning rate of the pretrained groups below the head"
    )
    group_decay: float = Field(
        default=1.0, gt=0, le=1, description="factor on the learning rate from each group to the one below"
    )
    freeze_batch_norm: bool | None = Field(
        default=None, description="batch normalization keeps the means and deviations that came with its weights"
    )
    sync_batch_norm: bool = Field(
        default=False,
        description="batch normalization sees the whole batch of several processes, which costs messages; GPUs only",
    )
    cached_views: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="views of each training image that the epochs of fine-tuning take in turn: what the frozen layers "
        "make of them is kept in the cache; 0 draws anew each epoch",
    )
    unfreeze: str = Field(
        default="auto",
        description="EPOCH:GROUPS pairs such as 1:1,3:2,6:all: from that epoch on, so many groups train",
    )
    views: int = Field(
        default=1,
        ge=1,
        le=32,
        description="views of each training image that feature extraction embeds; the first is plain",
    )

    loss: Literal["cross-entropy", "focal", "asymmetric"] = Field(
        default="cross-entropy",
        description="focal dwells on hard items; asymmetric, of several labels, forgives absent ones",
    )
    focal_gamma: float = Field(default=2.0, ge=0, le=10, description="how much the focal loss dwells on hard items")
    asymmetric_negative: float = Field(
        default=4.0, ge=0, le=10, description="focus on absent labels, of asymmetric only"
    )
    asymmetric_positive: float = Field(
        default=1.0, ge=0, le=10, description="focus on present labels, of asymmetric only"
    )
    asymmetric_margin: float = Field(
        default=0.05, ge=0, lt=1, description="probability up to which an absent label costs nothing"
    )
    class_weights: Literal["none", "inverse-frequency", "effective-number"] | str = Field(
        default="none",
        description="weight of each class in the loss: none, inverse-frequency, effective-number or numbers",
    )
    effective_beta: float = Field(
        default=0.999, gt=0, lt=1, description="overlap of items, of class_weights effective-number only"
    )
    positive_weights: Literal["none", "balanced"] | str = Field(
        default="none", description="weight of a label that is there: none, balanced (absent to present) or numbers"
    )
    level_weights: Literal["auto"] | str = Field(
        default="auto", description="weight of each level in the loss, coarsest first: auto (1,0.8,0.6,...) or numbers"
    )
    sampling: Literal["plain", "balanced"] = Field(
        default="plain", description="plain shows each image once an epoch, balanced shows each class equally often"
    )

    @field_validator("class_weights", "positive_weights", "level_weights")
    @classmethod
    def _weights(cls, value: str, info: ValidationInfo) -> str:
        annotation = cls.model_fields[info.field_name or ""].annotation
        names = next(get_args(kind) for kind in get_args(annotation) if get_args(kind))
        if value in names:
            return value
        try:
            numbers = [float(part) for part in value.split(",")]
        except ValueError:
            known = f"one of {', '.join(names)}" if len(names) > 1 else names[0]
            raise ValueError(
                f"is {value!r}: it must be {known}, or numbers joined by commas{nearest(value, names)}"
            ) from None
        if not all(math.isfinite(number) and number >= 0 for number in numbers) or not any(numbers):
            raise ValueError(f"is {value!r}: its numbers must be finite, 0 or more, and not all 0")
        return ",".join(f"{number:g}" for number in numbers)

    @field_validator("augmentation", mode="before")
    @classmethod
    def _policy(cls, given: object) -> object:
        """A name that comes with the lab, or steps: `parse_config` turns one's own names and files into these."""
        known = get_args(Policy)
        if given is None or given in known or (isinstance(given, Mapping) and isinstance(given.get("steps"), list)):
            return given
        near = nearest(given, known) if isinstance(given, str) else ""
        raise ValueError(f"is {brief(given)}: it must be one of {', '.join(known)}, or a policy with its steps{near}")

    @field_validator("unfreeze")
    @classmethod
    def _pairs(cls, value: str) -> str:
        if value != "auto" and not _UNFREEZE.fullmatch(value):
            raise ValueError(f"is {value!r}: write EPOCH:GROUPS pairs such as 1:1,3:2,6:all, or auto")
        return value


class RunConfig(_Frozen):
    """What is trained on what, and how."""

    data: str = Field(
        min_length=1, description="catalogue name, folder, .zip, WebDataset .tar, .csv manifest or address"
    )
    architecture: str | None = Field(
        None, min_length=1, description="name from `architectures`, or timm/NAME; left out, one that suits the data"
    )
    options: dict[str, Option] = Field(default_factory=dict, description="options of the architecture, NAME=VALUE")
    weights: str | None = Field(default=None, description="none, default, a weights file or a run")
    strategy: Strategy | None = Field(default=None, description="what is trained, from which weights")
    head: Head = Field(
        default="logistic", description="what is fitted on embeddings; attention is trained with the network"
    )
    fit: Fit = Field(default="crop", description="how a picture becomes the network's square")
    split_seed: int = Field(default=0, ge=0, lt=2**31, description="seed of the splits that the data does not give")
    decoding: Literal["levels", "path", "sum"] = Field(
        default="levels",
        description="answers of a hierarchy: each level by itself, the likeliest real path, or children summed",
    )
    thresholds: Literal["half", "f1", "precision", "recall"] = Field(
        default="half",
        description="probability from which a label counts: 0.5, or chosen on validation for F1, a precision...",
    )
    wanted: float = Field(
        default=0.9, gt=0, le=1, allow_inf_nan=False, description="precision or recall that the thresholds should reach"
    )
    track: str | None = Field(
        default=None, description="where epochs are also written: tensorboard:DIR, mlflow:URI or wandb"
    )
    recipe: Recipe = Field(default_factory=Recipe, description="how the network is trained")

    @field_validator("track")
    @classmethod
    def _tracker(cls, value: str | None) -> str | None:
        if value is not None and not track_parts(value).name:
            raise ValueError(
                f"is {brief(value)}: write tensorboard:DIR, mlflow:URI (such as mlflow:sqlite:///runs.db) or wandb"
            )
        return value

    def as_json(self) -> str:
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False)

    def changed(self, *, recipe: Mapping[str, object] | None = None, **changes: object) -> Self:
        """A copy with some fields replaced and checked; a recipe's fields are given as `recipe={...}`.

        >>> RunConfig(data="digits", architecture="lenet5").changed(recipe={"epochs": 3}).recipe.epochs
        3
        """
        stored = self.model_dump()
        return checked(type(self), {**stored, **changes, "recipe": {**stored["recipe"], **(recipe or {})}})


FIELDS: Mapping[str, FieldInfo] = {
    **{name: info for name, info in RunConfig.model_fields.items() if name != "recipe"},
    **{f"recipe.{name}": info for name, info in Recipe.model_fields.items()},
}


def make(values: Mapping[str, object]) -> RunConfig:
    """A checked configuration from plain values. Raises InputError with one sentence for each field that does not fit.

    >>> make({"data": "digits", "architecture": "lenet5", "recipe": {"epochs": 0}})
    Traceback (most recent call last):
    clfcore.errors.InputError: recipe.epochs is 0: it must be at least 1
    """
    return checked(RunConfig, values)


C = TypeVar("C", bound=RunConfig)


def checked(kind: type[C], values: Mapping[str, object]) -> C:
    """A configuration of this kind. Raises InputError with one sentence for each field that does not fit."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise refusal(error.errors(), [name.removeprefix("recipe.") for name in FIELDS]) from None
