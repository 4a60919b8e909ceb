"""What a network is made of, from shapes alone: a layer table, layer groups, totals, the memory that training needs.

Nothing is allocated: the network is built on torch's meta device and one image's shape is sent through.
"""

import functools
import math
from dataclasses import dataclass

import torch

from clfcore.architectures.build import build
from clfcore.architectures.catalogue import Architecture, check_count, check_side, configured
from clfcore.architectures.options import Options, Value
from clfcore.architectures.profiler import ForwardPass, profile_forward
from clfcore.architectures.shapes_alone import shapes_alone
from clfcore.architectures.stages import Group, group_names, layer_groups, stages
from clfcore.randomness import Stream

__all__ = ["Group", "Layer", "Table", "layer_groups", "layer_table", "stages", "table"]

_FLOAT = 4  # bytes


@dataclass(frozen=True)
class Layer:
    """One layer for one image. Shapes are C x H x W (or tokens x C).

    The receptive field is in pixels; None where it is undefined: after attention and after pooling over the whole map.
    Squeeze-and-excitation, which weighs maps by the whole image, is left out of it.
    """

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    activation_bytes: int  # of its output, float32
    receptive_field: int | None
    group: str


@dataclass(frozen=True)
class Summary:
    """A layer group's totals, and the shape that leaves it."""

    name: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    layers: int


@dataclass(frozen=True)
class Table:
    """A network's layers in the order they run, its groups and totals."""

    architecture: Architecture
    image_size: int
    channels: int
    classes: int
    layers: tuple[Layer, ...]
    groups: tuple[Summary, ...]
    parameters: int
    multiply_adds: int
    saved_bytes: int  # what autograd keeps for one image

    def training_bytes(self, batch_size: int, *, moments: int = 2) -> int:
        """Memory to train: weights, gradients and the optimizer's moments (2 for AdamW, 1 for SGD), and activations.

        An estimate for float32: what the allocator and the convolutions' workspaces take comes on top.
        """
        return self.parameters * _FLOAT * (2 + moments) + self.saved_bytes * batch_size


def table(
    name: str,
    *,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
) -> Table:
    """The layers, groups and totals of a network; None: the architecture's own. Raises InputError as `build` does."""
    row, values = configured(name, options)
    side = row.native_image if image_size is None else image_size
    channels, classes = row.channels if channels is None else channels, row.classes if classes is None else classes
    check_count("classes", classes)
    check_count("channels", channels)
    check_side(row, side)
    return _table(row.name, tuple(values.items()), side=side, channels=channels, classes=classes)


def layer_table(name: str, *, options: Options | None = None, image_size: int | None = None) -> tuple[Layer, ...]:
    """The layers of a network, in the order they run."""
    return table(name, options=options, image_size=image_size).layers


@functools.lru_cache(maxsize=256)
def _table(name: str, options: tuple[tuple[str, Value], ...], *, side: int, channels: int, classes: int) -> Table:
    try:
        with shapes_alone():
            module = build(name, columns=classes, channels=channels, image_size=side, options=dict(options)).module
        forward = profile_forward(module, torch.empty(1, channels, side, side, device="meta"))
    except NotImplementedError:  # a few of timm's compute values while they are built, which meta tensors do not have
        with Stream(0).drawn():
            module = build(name, columns=classes, channels=channels, image_size=side, options=dict(options)).module
        forward = profile_forward(module, torch.zeros(1, channels, side, side))
    layers = _layers(module, forward)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return Table(
        configured(name, dict(options))[0],
        side,
        channels,
        classes,
        layers,
        _summaries(module, layers, forward),
        parameters,
        sum(layer.multiply_adds for layer in layers),
        forward.saved_bytes,
    )


def _layers(module: torch.nn.Module, forward: ForwardPass) -> tuple[Layer, ...]:
    """A row for each part that has parameters or does work of its own: leaves, and attention, which is none."""
    own: dict[str, list[int]] = {}
    for name, parameter in module.named_parameters():
        owner = name.rpartition(".")[0]
        while owner not in forward.operations:  # used without being called, such as attention's projection
            owner = owner.rpartition(".")[0]
        own.setdefault(owner, []).append(parameter.numel())
    parts = dict(module.named_modules())
    leaves = {name for name in forward.operations if name and not list(parts[name].children())}
    names = [name for name, done in forward.operations.items() if name in leaves or name in own or done.multiply_adds]
    rows = []
    for name, group in zip(names, group_names(module, names), strict=True):
        done = forward.operations[name]
        size = math.prod(done.output) * _FLOAT if done.output else 0
        kind, count = type(parts[name]).__name__, sum(own.get(name, []))
        row = Layer(name or "(itself)", kind, done.output, count, done.multiply_adds, size, done.field, group)
        rows.append(row)
    return tuple(rows)


def _summaries(module: torch.nn.Module, layers: tuple[Layer, ...], forward: ForwardPass) -> tuple[Summary, ...]:
    ends = {f"stage_{n + 1}": name for n, (name, _) in enumerate(stages(module))}
    summaries = []
    for name in dict.fromkeys(layer.group for layer in layers):
        inside = [layer for layer in layers if layer.group == name]
        last = next((layer.output_shape for layer in reversed(inside) if layer.output_shape), ())
        end = forward.operations.get(ends.get(name, ""))
        shape = end.output if end and end.output else last
        count, work = sum(layer.parameters for layer in inside), sum(layer.multiply_adds for layer in inside)
        summaries.append(Summary(name, shape, count, work, len(inside)))
    return tuple(summaries)
