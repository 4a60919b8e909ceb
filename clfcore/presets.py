"""Presets: recipes by name that fill all fields, each with the line that justifies it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from clfcore.config import Head, Option, Recipe, Strategy
from clfcore.errors import unknown
from clfcore.task import TaskKind


@dataclass(frozen=True)
class Preset:
    """A recipe, the strategy it is made for (None: any), and why it is as it is.

    What suits every network (the image size) and the machine stays open in the recipe.
    """

    name: str
    why: str
    strategy: Strategy | None
    recipe: Recipe
    head: Head | None = None  # None: the configuration's own
    architecture: str | None = None  # None: any; else the network that the recipe was chosen for
    options: Mapping[str, Option] = field(default_factory=dict)  # of that network

    @property
    def made_for(self) -> dict[str, str]:
        """The strategy and the head of a configuration, where the preset is made for one."""
        named = {"strategy": self.strategy, "head": self.head}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def network(self) -> dict[str, object]:
        """The fields that name the network it was chosen for; none where it suits any."""
        return {} if self.architecture is None else {"architecture": self.architecture, "options": dict(self.options)}


def _policy(*steps: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"version": 1, "name": "preset", "steps": list(steps)}


_SHIFT: dict[str, JsonValue] = {"step": "shift", "most": 0.125, "border": "reflect"}
_FLIP_AND_SHIFT = _policy({"step": "horizontal-flip"}, {**_SHIFT, "most": 0.0625})  # of Jordan, 2024

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "quick look",
            "Five epochs without augmentation, which slows the first ones: enough to see whether anything is learned.",
            None,
            Recipe(epochs=5, batch_size=64, learning_rate=2e-3, augmentation="none"),
        ),
        Preset(
            "from scratch, small images",
            "One cycle of AdamW reaches a good minimum in few epochs; shifts keep every label, even of digits.",
            "scratch",
            Recipe(
                epochs=30,
                batch_size=128,
                learning_rate=2e-3,
                weight_decay=0.05,
                schedule="one-cycle",
                augmentation=_policy(_SHIFT),
                label_smoothing=0.1,
                ema=0.99,
            ),
        ),
        Preset(
            "fine-tune photos",
            "A small rate and few epochs keep what pretraining taught; cuts and flips stand in for more photos.",
            "fine-tuning",
            Recipe(
                epochs=8,
                batch_size=16,
                learning_rate=1e-3,
                weight_decay=0.05,
                augmentation="photos",
                label_smoothing=0.1,
            ),
        ),
        Preset(
            "medical, imbalanced",
            "Sides and tones carry the finding, so little is changed; rare classes weigh more; the head shows where.",
            "fine-tuning",
            Recipe(
                epochs=30,
                batch_size=16,
                optimizer="adam",
                learning_rate=1e-4,
                weight_decay=1e-4,
                augmentation="conservative",
                class_weights="inverse-frequency",
                early_stopping=6,
            ),
            head="attention",
        ),
        Preset(
            "cifar-10, on a GPU",
            "Large batches, channels innermost and one cycle of SGD for resnet18_small; its time is not measured yet.",
            "scratch",
            Recipe(
                epochs=18,
                batch_size=512,
                optimizer="sgd",
                learning_rate=0.4,
                weight_decay=5e-4,
                schedule="one-cycle",
                augmentation=_policy({"step": "horizontal-flip"}, _SHIFT),
                label_smoothing=0.1,
                gradient_clip=0.0,
                channels_last=True,
            ),
        ),
        Preset(
            "fashion-mnist, fast",
            "Whitened patches and a triangle of SGD on a narrow network, in bfloat16: 93.4% in 3 minutes on two cores "
            "with AMX.",
            "scratch",
            Recipe(
                epochs=6,
                batch_size=512,
                image_size=28,
                optimizer="sgd",
                learning_rate=1.2,
                momentum=0.85,
                weight_decay=7.5e-4,
                schedule="triangular",
                one_cycle_rise=0.23,
                augmentation=_FLIP_AND_SHIFT,
                label_smoothing=0.1,
                gradient_clip=0.0,
                ema=0.98,
                channels_last=True,
                precision="bfloat16",
            ),
            architecture="airbench",
            options={"width": 32},
        ),
        Preset(
            "cifar10, fast",
            "Whitened patches, a triangle of SGD and averaged weights; its GPU time is not measured yet.",
            "scratch",
            Recipe(
                epochs=10,
                batch_size=1024,
                optimizer="sgd",
                learning_rate=2.0,
                momentum=0.85,
                weight_decay=7.5e-4,
                schedule="triangular",
                one_cycle_rise=0.23,
                augmentation=_FLIP_AND_SHIFT,
                label_smoothing=0.2,
                gradient_clip=0.0,
                ema=0.95,
                channels_last=True,
            ),
            architecture="airbench",
        ),
    )
}


def preset(name: str) -> Preset:
    """A preset by its name, or by a beginning that only one has (`medical`). Raises InputError with the nearest."""
    begun = [known for known in PRESETS if name and known.startswith(name)]
    if name not in PRESETS and len(begun) != 1:
        raise unknown("preset", name, tuple(PRESETS))
    return PRESETS[name if name in PRESETS else begun[0]]


def preset_for(name: str, kind: TaskKind = "single-label") -> Preset:
    """A preset as it is for a task: rare classes weigh more by class_weights; of several labels, by positive_weights.

    Raises InputError as `preset` does.
    """
    found = preset(name)
    if kind != "multi-label" or found.recipe.class_weights == "none":
        return found
    weights = {"class_weights": "none", "positive_weights": "balanced"}
    return replace(found, recipe=found.recipe.model_copy(update=weights))
