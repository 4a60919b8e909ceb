"""What opens a classifier's weights again: its network, its head, its task and its preprocessing."""

from collections.abc import Mapping
from dataclasses import dataclass

from clfcore.data.pixels import Preprocess
from clfcore.hierarchy import Decoding
from clfcore.results import JsonObject
from clfcore.task import Task

OptionValue = bool | int | float | str | list[int | str]


@dataclass(frozen=True)
class ClassifierSpec:
    """A classifier without its weights. head: linear, logistic, mlp or attention; channels: of the network's input."""

    architecture: str
    options: Mapping[str, OptionValue]
    head: str
    channels: int
    decoding: Decoding
    task: Task
    preprocess: Preprocess

    def as_dict(self) -> JsonObject:
        """As classifier.json has it."""
        return {
            "architecture": self.architecture,
            "options": dict(self.options),
            "head": self.head,
            "channels": self.channels,
            "decoding": self.decoding,
            "task": self.task.as_dict(),
            "preprocess": self.preprocess.as_dict(),
        }
