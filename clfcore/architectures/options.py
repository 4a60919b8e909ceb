"""Options of the configurable networks, each declared once: its kind, default, limits and help."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Option:
    """One option and its rule. `default` is written as a user would write it."""

    name: str
    kind: Literal["choice", "flag", "whole", "number", "counts", "layers"]
    default: str
    help: str
    allowed: tuple[str, ...] = ()  # of a choice
    least: float = 0
    most: float = 0


BY_FAMILY: dict[str, tuple[Option, ...]] = {
    "lenet5": (
        Option("activation", "choice", "tanh", "what follows each layer; 1998 had tanh", allowed=("tanh", "relu")),
        Option("pooling", "choice", "avg", "how maps are halved; 1998 averaged", allowed=("avg", "max")),
    ),
}
