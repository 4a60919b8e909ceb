"""Which layers have a map of places, how to read it, and which one to take when nobody chose.

One forward pass is watched: every part's output, in the order of completion. A layer with places is one whose output is
B x C x H x W, B x H x W x C, or B x N x C tokens that fold back into a grid.
"""

import re
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isqrt
from typing import Literal

import torch
from torch import Tensor, nn

from clfcore.errors import InputError, nearest
from clfcore.exclusive import borrowed
from clfcore.explain.hooks import hooked

Layout = Literal["channels-first", "channels-last", "tokens"]
_ATTENTION = re.compile(r"att(entio)?n|xca", re.IGNORECASE)
_POOLS = ("MaxPool", "AvgPool", "AdaptiveAvg", "AdaptiveMax", "BlurPool", "SelectAdaptivePool", "Flatten")


@dataclass(frozen=True)
class Layer:
    """A part of the network whose output has places: its dotted name, how its output is laid out, its grid."""

    name: str
    layout: Layout
    rows: int
    columns: int
    channels: int
    prefix: int = 0  # class, distillation and register tokens before those of places

    def as_map(self) -> Callable[[Tensor], Tensor] | None:
        """B x … -> B x C x rows x columns, or None where the output already is."""
        if self.layout == "channels-first":
            return None
        if self.layout == "channels-last":
            return lambda output: output.permute(0, 3, 1, 2)
        return lambda output: (
            output[:, self.prefix :].reshape(len(output), self.rows, self.columns, -1).permute(0, 3, 1, 2)
        )


@dataclass(frozen=True)
class LayerCandidates:
    """All layers with places in order of completion, those worth offering (stages), and the one to take."""

    layers: tuple[Layer, ...]
    stages: tuple[Layer, ...]
    automatic: Layer | None
    grids: tuple[tuple[int, int], ...] = ()


@dataclass
class _Call:
    name: str
    output: Tensor  # kept until the end of the trace, so that no two outputs share an id
    layer: Layer | None
    inside_attention: bool
    pools: bool


_KNOWN: "weakref.WeakKeyDictionary[nn.Module, dict]" = weakref.WeakKeyDictionary()


def layer_candidates(module: nn.Module, x: Tensor) -> LayerCandidates:
    """The layers with places for inputs like x (1 x channels x H x W); traced once a network and size, then known."""
    key = (tuple(x.shape[1:]), tuple(map(id, module.modules())))
    known = _KNOWN.setdefault(module, {})
    if key not in known:
        known.clear()  # the network was altered or is asked at another size: the old answer is stale
        known[key] = _places(module, x)
    return known[key]


def choose_layer(module: nn.Module, x: Tensor, layer: str | None, name: str) -> Layer:
    """The layer of a dotted name, or the automatic one. Raises InputError where there is none."""
    found = layer_candidates(module, x)
    if layer is None:
        if found.automatic is None:
            raise InputError(
                f"{name} has no layer with a map of places: choose a method that needs none, such as occlusion or rise"
            )
        return found.automatic
    for one in found.layers:
        if one.name == layer:
            return one
    offered = ", ".join(stage.name for stage in found.stages)
    if layer in dict(module.named_modules()):
        raise InputError(f"layer is {layer!r}: its output is no single map of places; choose one of {offered}")
    near = nearest(layer, [one.name for one in found.layers])
    raise InputError(f"layer is {layer!r}: {name} has no such layer; choose one of {offered}{near}")


def grids(module: nn.Module, x: Tensor) -> list[tuple[int, int]]:
    """Rows and columns of every map of the network, first to last: what tokens may fold into."""
    return list(layer_candidates(module, x).grids)


def is_attention(part: nn.Module) -> bool:
    return _ATTENTION.search(type(part).__name__) is not None


def _places(module: nn.Module, x: Tensor) -> LayerCandidates:
    calls, attention_starts, seen = _trace(module, x)
    found = _among(module, calls, attention_starts)
    return replace(found, grids=tuple(dict.fromkeys(seen)))


def _among(module: nn.Module, calls: list[_Call], attention_starts: list[int]) -> LayerCandidates:
    """The layers worth anything among all calls of a pass, by the rules above."""
    counts: dict[str, int] = {}
    for call in calls:
        counts[call.name] = counts.get(call.name, 0) + 1
    pooled = {id(call.output) for call in calls if call.pools}
    usable = [
        (place, call.layer)
        for place, call in enumerate(calls)
        if call.layer
        and counts[call.name] == 1  # a part that is called twice has two maps: its block has one
        and not call.inside_attention
        and id(call.output) not in pooled  # what stands before a pool is the finer map
    ]
    layers = tuple(layer for _, layer in usable)
    maps = [(place, layer) for place, layer in usable if layer.layout != "tokens"]
    tokens = [(place, layer) for place, layer in usable if layer.layout == "tokens"]
    if tokens and (not maps or tokens[-1][0] > maps[-1][0]):
        return LayerCandidates(
            layers, *_of_tokens(tokens, [start for start in attention_starts if start > tokens[0][0]])
        )
    found = [layer for _, layer in maps]
    before_head = [layer for layer in found if not layer.name.startswith(("classifier", "head"))] or found
    return LayerCandidates(layers, _stages(module, before_head), before_head[-1] if before_head else None)


def _stages(module: nn.Module, maps: list[Layer]) -> tuple[Layer, ...]:
    """The last layer of each size, parts of a block that ends at another size aside: they are no end of a stage."""
    sizes = {layer.name: layer.rows for layer in maps}

    def ends(layer: Layer) -> bool:
        parents = [layer.name[: dot.start()] for dot in re.finditer(r"\.", layer.name)]
        return all(
            type(module.get_submodule(parent)) is nn.Sequential or sizes.get(parent, layer.rows) == layer.rows
            for parent in parents
        )

    every = {layer.rows: layer for layer in maps}
    ending = {layer.rows: layer for layer in maps if ends(layer)}
    if len(every) == 1:  # one size all through: each block is a stage
        blocks = [layer for layer in maps if re.fullmatch(r"\w+\.\d+", layer.name)]
        return (*blocks[:-1], maps[-1])
    return tuple((ending if len(ending) > 1 else every).values())


def _of_tokens(tokens: list[tuple[int, Layer]], starts: list[int]) -> tuple[tuple[Layer, ...], Layer]:
    """Stages and choice among tokens: what each attention reads.

    After the last attention only the class token reaches the head, so that the gradient of all places is zero there.
    """
    if not starts:  # mixers: every place reaches the head
        blocks = [layer for _, layer in tokens if re.fullmatch(r".*\.\d+", layer.name)]
        last = tokens[-1][1]
        return (*(block for block in blocks if block is not last), last), last
    read = {}
    for start in starts:
        before = [layer for place, layer in tokens if place < start]
        read[before[-1].name] = before[-1]
    stages = tuple(read.values())
    return stages, stages[-1]


def _trace(module: nn.Module, x: Tensor) -> tuple[list[_Call], list[int], list[tuple[int, int]]]:
    """The outputs of one forward pass in order of completion, at which of them each attention began, and all grids."""
    names = {part: name for name, part in module.named_modules() if name}
    calls: list[_Call] = []
    starts: list[int] = []
    open_attention: list[nn.Module] = []
    seen: list[tuple[int, int]] = []
    told = getattr(module, "num_prefix_tokens", None)

    def enter(part: nn.Module, _inputs: tuple) -> None:
        if is_attention(part):
            if not open_attention:
                starts.append(len(calls))
            open_attention.append(part)

    def leave(part: nn.Module, _inputs: tuple, output: object) -> None:
        if open_attention and open_attention[-1] is part:
            open_attention.pop()
        if not isinstance(output, Tensor):
            return
        layer = _read(names[part], output, seen, told)
        if layer and layer.layout == "channels-first":
            seen.append((layer.rows, layer.columns))
        calls.append(_Call(names[part], output, layer, bool(open_attention), _pools(part)))

    watched = [part.register_forward_pre_hook(enter) for part in names]
    watched += [part.register_forward_hook(leave) for part in names]
    with hooked(watched), borrowed(module), torch.no_grad():
        module(x)
    return calls, starts, seen


def _pools(part: nn.Module) -> bool:
    return type(part).__name__.startswith(_POOLS)


def _read(name: str, output: Tensor, grids: list[tuple[int, int]], told: int | None) -> Layer | None:
    shape = tuple(output.shape)
    if not output.is_floating_point() or shape[0] != 1:  # windows of a Swin are many
        return None
    if len(shape) == 4 and shape[2] == shape[3] > 1:  # pictures are square, and so are their maps
        return Layer(name, "channels-first", shape[2], shape[3], shape[1])
    if len(shape) == 4 and shape[1] == shape[2] > 1:
        return Layer(name, "channels-last", shape[1], shape[2], shape[3])
    if len(shape) == 3:
        folded = fold(shape[1], grids, told)
        if folded:
            return Layer(name, "tokens", *folded[:2], shape[2], folded[2])
    return None


def fold(count: int, grids: list[tuple[int, int]], told: int | None) -> tuple[int, int, int] | None:
    """Rows, columns and prefix of `count` tokens: the grid that the patch embedding made, else a square."""
    for prefix in range(9) if told is None else dict.fromkeys((told, *range(9))):
        for rows, columns in reversed(grids):
            if rows * columns + prefix == count:
                return rows, columns, prefix
    side = isqrt(count)
    prefix = count - side * side
    return (side, side, prefix) if side > 1 and prefix <= 8 else None
