"""A policy as text that runs with torchvision alone, to be copied."""

from collections.abc import Callable, Mapping, Sequence

from clfcore.augment.policy import Policy, Step
from clfcore.augment.random_table import reach

_HEAD = """import torch
from torchvision.transforms import v2

# The policy {name!r} of clflab. One picture (PIL or uint8) a call: what is drawn is drawn once a call.
augment = v2.Compose(
    [
"""


def torchvision_code(
    policy: Policy, *, size: int, stored_side: int, mean: Sequence[float], deviation: Sequence[float]
) -> str:
    """Python text that defines `augment` (training) and `evaluate`, both from a picture to C x size x size float32.

    stored_side: the side in pixels that pictures are kept at (`Preprocess.stored_side`); mean, deviation: from 0 to 1.
    """
    side, lines = stored_side, [f"v2.Resize({stored_side}, antialias=True)", f"v2.CenterCrop({stored_side})"]
    crops = {"crop", "resized-crop"} & {step.kind for step in policy.steps}
    if not crops:
        lines[-1], side = f"v2.CenterCrop({size})", size
    last = []
    for step in policy.steps:
        if step.kind == "erasing":
            last = [_erasing(step, mean, deviation)]
            continue
        lines += _LINES[step.kind](step, side, size)
        side = size if step.kind in ("crop", "resized-crop") else side
    start = ["v2.ToImage()"]
    end = ["v2.ToDtype(torch.float32, scale=True)", f"v2.Normalize({_tuple(mean)}, {_tuple(deviation)})"]
    evaluate = [*start, f"v2.Resize({stored_side}, antialias=True)", f"v2.CenterCrop({size})", *end]
    return (
        f"{_HEAD.format(name=policy.name)}{_listed([*start, *lines, *end, *last])}{_MIDDLE}{_listed(evaluate)}{_TAIL}"
    )


_MIDDLE = """    ]
)
evaluate = v2.Compose(
    [
"""
_TAIL = """    ]
)
"""


def _listed(lines: Sequence[str]) -> str:
    return "".join(f"        {line},\n" for line in lines)


def _tuple(values: Sequence[float]) -> str:
    inside = ", ".join(f"{value:.6g}" for value in values)
    return f"({inside},)" if len(values) == 1 else f"({inside})"


def _crop(step: Step, side: int, size: int) -> list[str]:
    return [f"v2.Resize({round(step.number('zoom') * size)}, antialias=True)", f"v2.RandomCrop({size})"]


def _resized_crop(step: Step, side: int, size: int) -> list[str]:
    box = f"scale={_tuple(step.interval('scale'))}, ratio={_tuple(step.interval('ratio'))}"
    return [f"v2.RandomResizedCrop({size}, {box}, antialias=True)"]


def _shift(step: Step, side: int, size: int) -> list[str]:
    border = step.choice("border")
    fill = f", fill={round(step.number('fill'))}" if border == "constant" else ""
    return [f"v2.RandomCrop({side}, padding={reach(step, side)}{fill}, padding_mode={border!r})"]


def _rotation(step: Step, side: int, size: int) -> list[str]:
    way = f"v2.InterpolationMode.{step.choice('interpolation').upper()}"
    # fill=0 would weigh the edge twice; None is black without a line around the picture.
    turn = f"v2.RandomRotation({step.number('degrees'):g}, interpolation={way}, fill={step.number('fill') or None})"
    return _sometimes(turn, step.number("probability"))


def _jitter(step: Step, side: int, size: int) -> list[str]:
    amounts = ", ".join(f"{name}={step.number(name):g}" for name in ("brightness", "contrast", "saturation", "hue"))
    return _sometimes(f"v2.ColorJitter({amounts})", step.number("probability"))


def _sometimes(line: str, probability: float) -> list[str]:
    return [line if probability == 1 else f"v2.RandomApply([{line}], p={probability:g})"]


def _erasing(step: Step, mean: Sequence[float], deviation: Sequence[float]) -> str:
    # After the normalization 0 is the mean color, and black is -mean / deviation.
    black = _tuple([-m / d for m, d in zip(mean, deviation, strict=True)])
    value = "0" if step.choice("paint") == "mean" else black
    box = f"scale={_tuple(step.interval('scale'))}, ratio={_tuple(step.interval('ratio'))}"
    return f"v2.RandomErasing(p={step.number('probability'):g}, {box}, value={value})"


def _augmix(step: Step, side: int, size: int) -> list[str]:
    chains = f"mixture_width={step.whole('width')}, chain_depth={step.whole('depth') or -1}"
    return [f"v2.AugMix(severity={step.whole('severity')}, {chains}, alpha={step.number('alpha')!r})"]


_LINES: Mapping[str, Callable[[Step, int, int], list[str]]] = {
    "crop": _crop,
    "resized-crop": _resized_crop,
    "shift": _shift,
    "horizontal-flip": lambda step, side, size: [f"v2.RandomHorizontalFlip({step.number('probability'):g})"],
    "vertical-flip": lambda step, side, size: [f"v2.RandomVerticalFlip({step.number('probability'):g})"],
    "rotation": _rotation,
    "colour-jitter": _jitter,
    "autoaugment": lambda step, side, size: [
        f"v2.AutoAugment(v2.AutoAugmentPolicy.{step.choice('searched_on').upper()})"
    ],
    "randaugment": lambda step, side, size: [
        f"v2.RandAugment(num_ops={step.whole('operations')}, magnitude={step.whole('magnitude')})"
    ],
    "trivialaugment": lambda step, side, size: ["v2.TrivialAugmentWide()"],
    "augmix": _augmix,
}
