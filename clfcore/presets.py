"""Presets: recipes by name that fill all fields, each with the line that justifies it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clfcore.config import Recipe
from clfcore.errors import unknown
from clfcore.task import TaskKind


@dataclass(frozen=True)
class Preset:
    """A recipe, the strategy it is made for (None: any), and why it is as it is."""

    name: str
    why: str
    strategy: str | None
    chosen: Mapping[str, Any]  # what differs from the recipe's defaults
    head: str | None = None  # None: the configuration's own

    @property
    def recipe(self) -> dict[str, Any]:
        """All fields of the recipe; what suits every network (the image size) and the machine stays open."""
        return {**Recipe().model_dump(), **self.chosen}


def _policy(*steps: Mapping[str, Any]) -> dict[str, Any]:
    return {"version": 1, "name": "preset", "steps": list(steps)}


_SHIFT = {"step": "shift", "most": 0.125, "border": "reflect"}

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "quick look",
            "Five epochs without augmentation, which slows the first ones: enough to see whether anything is learned.",
            None,
            {"epochs": 5, "batch_size": 64, "learning_rate": 2e-3, "augmentation": "none"},
        ),
        Preset(
            "from scratch, small images",
            "One cycle of AdamW reaches a good minimum in few epochs; shifts keep every label, even of digits.",
            "scratch",
            {
                "epochs": 30,
                "batch_size": 128,
                "learning_rate": 2e-3,
                "weight_decay": 0.05,
                "schedule": "one-cycle",
                "augmentation": _policy(_SHIFT),
                "label_smoothing": 0.1,
                "ema": 0.99,
            },
        ),
        Preset(
            "fine-tune photos",
            "A small rate and few epochs keep what pretraining taught; cuts, flips and tones stand in for more photos.",
            "fine-tuning",
            {
                "epochs": 8,
                "batch_size": 16,
                "learning_rate": 1e-3,
                "weight_decay": 0.05,
                "augmentation": "basic",
                "label_smoothing": 0.1,
            },
        ),
        Preset(
            "medical, imbalanced",
            "Sides and tones carry the finding, so little is changed; rare classes weigh more; the head shows where.",
            "fine-tuning",
            {
                "epochs": 30,
                "batch_size": 16,
                "optimizer": "adam",
                "learning_rate": 1e-4,
                "weight_decay": 1e-4,
                "augmentation": "conservative",
                "class_weights": "inverse-frequency",
                "early_stopping": 6,
            },
            head="attention",
        ),
        Preset(
            "cifar-10, on a GPU",
            "Large batches, channels innermost and one cycle of SGD for resnet18_small; its time is not measured yet.",
            "scratch",
            {
                "epochs": 18,
                "batch_size": 512,
                "optimizer": "sgd",
                "learning_rate": 0.4,
                "weight_decay": 5e-4,
                "schedule": "one-cycle",
                "augmentation": _policy({"step": "horizontal-flip"}, _SHIFT),
                "label_smoothing": 0.1,
                "gradient_clip": 0.0,
                "channels_last": True,
            },
        ),
    )
}


def preset(name: str) -> Preset:
    """A preset by its name, or by a beginning that only one has (`medical`). Raises InputError with the nearest."""
    begun = [known for known in PRESETS if name and known.startswith(name)]
    if name not in PRESETS and len(begun) != 1:
        raise unknown("preset", name, tuple(PRESETS))
    return PRESETS[name if name in PRESETS else begun[0]]


def values(name: str, kind: TaskKind = "single-label") -> dict[str, Any]:
    """What a preset gives a configuration for a task: its recipe, and its strategy and head where it is made for one.

    Rare classes weigh more by class_weights; of several labels, by positive_weights.
    """
    found = preset(name)
    named, recipe = {"strategy": found.strategy, "head": found.head}, found.recipe
    if kind == "multi-label" and recipe["class_weights"] != "none":
        recipe |= {"class_weights": "none", "positive_weights": "balanced"}
    return {"recipe": recipe} | {name: value for name, value in named.items() if value}
