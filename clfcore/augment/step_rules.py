"""Augmentation steps and the rules of their parameters, as data: error messages, widgets and JSON read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from clfcore.errors import InputError, brief, unknown

Value = bool | int | float | str | tuple[float, float]
StoredValue = Value | list[float]  # as JSON and the widgets hold a range


@dataclass(frozen=True)
class Rule:
    """What one parameter may be. `range`: two numbers, the lower first; `above`: low itself is not allowed."""

    kind: Literal["number", "whole", "range", "choice"]
    default: Value
    help: str
    low: float = 0.0
    high: float = 1.0
    above: bool = False
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The rule in words.

        >>> Rule("number", 0.5, "share of the images").allowed
        'a number from 0 to 1'
        """
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        span = (
            f"greater than {self.low:g} and at most {self.high:g}"
            if self.above
            else f"from {self.low:g} to {self.high:g}"
        )
        kinds = {"number": "a number", "whole": "a whole number", "range": "two numbers, the lower first, each"}
        return f"{kinds[self.kind]} {span}"

    def checked(self, where: str, value: object) -> Value:
        """`value` in its own type. Raises InputError that names `where`, the value and what is allowed."""
        if self.kind == "choice":
            if value not in self.choices:
                raise unknown(where, str(value), self.choices)
            return str(value)
        given = list(value) if self.kind == "range" and isinstance(value, list | tuple) else [value]
        parts = [part for part in given if isinstance(part, int | float) and self._fits(part)]
        if len(given) != (2 if self.kind == "range" else 1) or len(parts) != len(given) or parts[0] > parts[-1]:
            shown = list(value) if isinstance(value, tuple) else value
            raise InputError(f"{where} is {brief(shown)}: it must be {self.allowed}")
        if self.kind == "range":
            return float(parts[0]), float(parts[1])
        return int(parts[0]) if self.kind == "whole" else float(parts[0])

    def _fits(self, value: float) -> bool:
        if isinstance(value, bool):
            return False
        inside = (self.low < value if self.above else self.low <= value) and value <= self.high  # so it is finite too
        return inside and (self.kind != "whole" or value == int(value))


def _probability(default: float) -> Rule:
    return Rule("number", default, "share of the images it happens to")


_FILL = Rule("number", 0.0, "what comes in from outside: 0 is black, 255 is white", high=255.0)
_SAMPLING = Rule("choice", "bilinear", "how pixels between pixels are read", choices=("bilinear", "nearest"))
_AREA = "share of the picture's area"


@dataclass(frozen=True)
class Kind:
    """A kind of step: what it does, and the rules of its parameters in the order they are shown."""

    help: str
    rules: Mapping[str, Rule]


KINDS: Mapping[str, Kind] = {
    "crop": Kind(
        "the picture enlarged to `zoom` times the image size, then cut at a random place",
        {"zoom": Rule("number", 1.2, "side before the cut, as a multiple of the image size", low=1.0, high=4.0)},
    ),
    "resized-crop": Kind(
        "a random part of the picture, of random area and shape, resized (Szegedy et al. 2015)",
        {
            "scale": Rule("range", (0.35, 1.0), _AREA, above=True),
            "ratio": Rule("range", (0.75, 4 / 3), "width over height", low=0.1, high=10.0),
        },
    ),
    "shift": Kind(
        "moved by whole pixels to any side",
        {
            "most": Rule("number", 0.125, "largest move, as a share of the side", high=0.5),
            "border": Rule("choice", "constant", "what comes in from outside", choices=("constant", "edge", "reflect")),
            "fill": _FILL,
        },
    ),
    "horizontal-flip": Kind("left and right changed over", {"probability": _probability(0.5)}),
    "vertical-flip": Kind("top and bottom changed over", {"probability": _probability(0.5)}),
    "rotation": Kind(
        "turned about its center, either way",
        {
            "degrees": Rule("number", 10.0, "largest angle, in degrees", high=180.0),
            "probability": _probability(1.0),
            "interpolation": _SAMPLING,
            "fill": _FILL,
        },
    ),
    "colour-jitter": Kind(
        "brightness, contrast, saturation and hue changed, in random order; gray pictures keep to the first two",
        {
            "brightness": Rule("number", 0.2, "factor from 1 - b to 1 + b"),
            "contrast": Rule("number", 0.2, "factor from 1 - c to 1 + c"),
            "saturation": Rule("number", 0.2, "factor from 1 - s to 1 + s"),
            "hue": Rule("number", 0.0, "turn of the color circle, each way", high=0.5),
            "probability": _probability(1.0),
        },
    ),
    "autoaugment": Kind(
        "one of 25 pairs of operations that were searched for (Cubuk et al. 2019)",
        {"searched_on": Rule("choice", "imagenet", "the data of the search", choices=("imagenet", "cifar10", "svhn"))},
    ),
    "randaugment": Kind(
        "a few operations drawn from 14, all of one strength (Cubuk et al. 2020)",
        {
            "operations": Rule("whole", 2, "operations in a row", low=1, high=8),
            "magnitude": Rule("whole", 9, "strength, of 30", high=30),
        },
    ),
    "trivialaugment": Kind("one operation of random strength (Müller and Hutter 2021)", {}),
    "augmix": Kind(
        "chains of operations mixed with the picture (Hendrycks et al. 2020)",
        {
            "severity": Rule("whole", 3, "strongest operation, of 10", low=1, high=10),
            "width": Rule("whole", 3, "chains", low=1, high=8),
            "depth": Rule("whole", 0, "operations a chain; 0 draws one to three", high=8),
            "alpha": Rule("number", 1.0, "evenness of the mixing", high=100.0, above=True),
        },
    ),
    "erasing": Kind(
        "a rectangle painted over (Zhong et al. 2020)",
        {
            "probability": _probability(0.1),
            "scale": Rule("range", (0.02, 0.33), _AREA, above=True),
            "ratio": Rule("range", (0.3, 3.3), "height over width", low=0.1, high=10.0),
            "paint": Rule("choice", "mean", "the data's mean color, or black", choices=("mean", "black")),
        },
    ),
}
