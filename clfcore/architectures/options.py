"""Options of the configurable networks: each declared once, with its kind, default, limits and help, and checked."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from clfcore.errors import InputError, nearest

Kind = Literal["choice", "flag", "whole", "number", "counts", "layers"]
Options = Mapping[str, object]  # as they were given: text, or as JSON has them
Value = bool | int | float | str | tuple[int, ...] | tuple[int | str, ...]


@dataclass(frozen=True)
class Option:
    """One option and its rule; `default` is written as a user would write it."""

    name: str
    kind: Kind
    default: str
    help: str
    allowed: tuple[str, ...] = ()  # of a choice
    least: float = 1  # of a number, and of each number of a list
    most: float = 1
    longest: int = 1  # numbers in a list
    total: int = 0  # largest sum of a list; 0: any

    @property
    def rule(self) -> str:
        """What the option may be, in words."""
        match self.kind:
            case "choice":
                return f"one of {', '.join(self.allowed)}"
            case "flag":
                return "true or false"
            case "whole":
                return f"a whole number from {self.least:g} to {self.most:g}"
            case "number":
                return f"a number from {self.least:g} to {self.most:g}"
            case "counts":
                sums = f", {self.total} in all at most" if self.total else ""
                limits = f"from {self.least:g} to {self.most:g}"
                return f"1 to {self.longest} whole numbers {limits}{sums}, such as {self.default}"
            case "layers":
                return (
                    f"1 to {self.longest} widths from {self.least:g} to {self.most:g} and, after the first, "
                    f"at most {_POOLS} M (pooling), such as 64,M,128,M"
                )


_POOLS = 8  # halvings: 256 pixels become one
_VGG11 = "64,M,128,M,256,256,M,512,512,M,512,512,M"

BY_NAME: dict[str, tuple[Option, ...]] = {
    "lenet5": (
        Option("activation", "choice", "tanh", "what follows each layer; 1998 had tanh", allowed=("tanh", "relu")),
        Option("pooling", "choice", "avg", "how maps are halved; 1998 averaged", allowed=("avg", "max")),
    ),
    "vgg": (
        Option(
            "layers", "layers", _VGG11, "widths of the 3 x 3 convolutions; M halves the maps", most=2048, longest=64
        ),
        Option("batch_norm", "flag", "false", "batch normalization after each convolution"),
        Option(
            "hidden", "whole", "4096", "width of the two hidden linear layers; 0 leaves them out", least=0, most=8192
        ),
    ),
    "resnet": (
        Option("block", "choice", "basic", "two 3 x 3, or 1 x 1, 3 x 3, 1 x 1", allowed=("basic", "bottleneck")),
        Option("depths", "counts", "2,2,2,2", "blocks in each stage", most=100, longest=5, total=200),
        Option("width", "whole", "64", "maps of the first stage; each next stage doubles them", least=4, most=256),
        Option("skip", "flag", "true", "false: the plain network, without the additions"),
        Option(
            "stem", "choice", "imagenet", "small: 3 x 3 and no pooling, for small images", allowed=("imagenet", "small")
        ),
    ),
    "efficientnet": (
        Option("phi", "number", "0", "φ, how much is spent: depth α^φ, width β^φ, image 224·γ^φ", least=0, most=7),
        Option("alpha", "number", "1.2", "α, of the depth", most=2),
        Option("beta", "number", "1.1", "β, of the width", most=2),
        Option("gamma", "number", "1.15", "γ, of the image size", most=2),
        Option("squeeze_excite", "flag", "true", "squeeze-and-excitation in each block"),
    ),
    "airbench": (
        Option(
            "width", "whole", "64", "maps of the first block; the other two have four times as many", least=4, most=256
        ),
    ),
}


def settle(name: str, options: Sequence[Option], given: Mapping[str, object]) -> dict[str, Value]:
    """Every option of the network `name` with its checked value: the given ones, else the defaults.

    Values may come as text (`--option K=V`) or as JSON has them. Raises InputError that says which there are, or what
    the value may be.

    >>> settle("vgg", BY_NAME["vgg"], {"layers": "8,M,16", "batch_norm": "true"})
    {'layers': (8, 'M', 16), 'batch_norm': True, 'hidden': 4096}
    """
    known = [option.name for option in options]
    for key in given:
        if key not in known:
            those = f"its options are {', '.join(known)}" if known else f"it has none ({', '.join(BY_NAME)} have)"
            raise InputError(f"option {key} is not one of {name}: {those}{nearest(key, known)}")
    return {option.name: _value(option, given.get(option.name, option.default)) for option in options}


def number(values: Mapping[str, Value], name: str) -> float:
    """A settled option of the kind `number`."""
    value = values[name]
    assert isinstance(value, int | float), name
    return value


def _value(option: Option, given: object) -> Value:
    try:
        return _READERS[option.kind](option, given)
    except (ValueError, TypeError, OverflowError):
        shown = given if len(str(given)) <= 60 else str(given)[:60] + "…"
        raise InputError(f"option {option.name} is {shown!r}: it must be {option.rule}") from None


def _choice(option: Option, given: object) -> str:
    if given not in option.allowed:
        raise ValueError
    return str(given)


def _flag(option: Option, given: object) -> bool:
    text = str(given).strip().lower()
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _whole(option: Option, given: object) -> int:
    number = int(str(given).strip())
    if isinstance(given, bool) or not option.least <= number <= option.most:
        raise ValueError
    return number


def _number(option: Option, given: object) -> float:
    number = float(str(given).strip())
    if not math.isfinite(number) or not option.least <= number <= option.most:
        raise ValueError
    return number


def _counts(option: Option, given: object) -> tuple[int, ...]:
    numbers = tuple(_whole(option, token) for token in _tokens(given))
    if not 1 <= len(numbers) <= option.longest or (option.total and sum(numbers) > option.total):
        raise ValueError
    return numbers


def _layers(option: Option, given: object) -> tuple[int | str, ...]:
    tokens = tuple("M" if token in ("M", "m") else _whole(option, token) for token in _tokens(given))
    if not 1 <= len(tokens) <= option.longest or tokens[0] == "M" or tokens.count("M") > _POOLS:
        raise ValueError
    return tokens


def _tokens(given: object) -> list[str]:
    return [str(token).strip() for token in (given if isinstance(given, (list, tuple)) else str(given).split(","))]


_READERS: Mapping[str, Callable[[Option, object], Value]] = {
    "choice": _choice,
    "flag": _flag,
    "whole": _whole,
    "number": _number,
    "counts": _counts,
    "layers": _layers,
}
