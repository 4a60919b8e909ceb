"""Target layers: which layers have a spatial map, how to read it, and which one is the default.

One forward pass is traced: every module's output, in the order of completion. A spatial layer is one whose output is
B x C x H x W, B x H x W x C, or B x N x C tokens that fold back into a grid.
"""

import re
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import Literal, NamedTuple

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
    """Spatial layer of a network: its dotted name, the layout of its output, and its grid."""

    name: str
    layout: Layout
    rows: int
    columns: int
    channels: int
    prefix: int = 0  # class, distillation and register tokens before those of positions

    def as_map(self) -> Callable[[Tensor], Tensor] | None:
        """Function B x … -> B x C x rows x columns, or None where the output is that already."""
        if self.layout == "channels-first":
            return None
        if self.layout == "channels-last":
            return lambda output: output.permute(0, 3, 1, 2)
        return lambda output: (
            output[:, self.prefix :].reshape(len(output), self.rows, self.columns, -1).permute(0, 3, 1, 2)
        )


@dataclass(frozen=True)
class LayerCandidates:
    """Candidate layers: all spatial layers in order of completion, those worth offering (stages), and the default."""

    layers: tuple[Layer, ...]
    stages: tuple[Layer, ...]
    automatic: Layer | None
    map_sizes: tuple[tuple[int, int], ...] = ()


class TokenGrid(NamedTuple):
    """Grid that tokens fold into: rows, columns, and the number of prefix tokens before them."""

    rows: int
    columns: int
    prefix: int


@dataclass
class _Call:
    name: str
    output: Tensor  # kept until the end of the trace, so that no two outputs share an id
    layer: Layer | None
    inside_attention: bool
    pools: bool


class _Trace(NamedTuple):
    """Calls of one pass in order of completion, how many had ended as each attention began, and all map sizes."""

    calls: list[_Call]
    attention_starts: list[int]
    map_sizes: list[tuple[int, int]]


_TRACED: "weakref.WeakKeyDictionary[nn.Module, dict[object, LayerCandidates]]" = weakref.WeakKeyDictionary()


def layer_candidates(module: nn.Module, x: Tensor) -> LayerCandidates:
    """Candidate layers for inputs like x (1 x channels x H x W); traced once for each network and size."""
    key = (tuple(x.shape[1:]), tuple(map(id, module.modules())))
    traced = _TRACED.setdefault(module, {})
    if key not in traced:
        traced.clear()  # the network was altered or gets another size: the old trace is stale
        traced[key] = _candidates(module, x)
    return traced[key]


def choose_layer(module: nn.Module, x: Tensor, *, layer: str | None, name: str) -> Layer:
    """Layer of a dotted name, or the automatic one; name: of the network. Raises InputError where there is none."""
    candidates = layer_candidates(module, x)
    if layer is None:
        if candidates.automatic is None:
            raise InputError(
                f"{name} has no layer with a spatial map: choose a method that needs none, such as occlusion or rise"
            )
        return candidates.automatic
    for candidate in candidates.layers:
        if candidate.name == layer:
            return candidate
    offered = ", ".join(stage.name for stage in candidates.stages)
    if layer in dict(module.named_modules()):
        raise InputError(f"layer is {layer!r}: its output is no single spatial map; choose one of {offered}")
    near = nearest(layer, [candidate.name for candidate in candidates.layers])
    raise InputError(f"layer is {layer!r}: {name} has no such layer; choose one of {offered}{near}")


def map_sizes(module: nn.Module, x: Tensor) -> tuple[tuple[int, int], ...]:
    """Map sizes: rows and columns of every map of the network, first to last, which tokens may fold into."""
    return layer_candidates(module, x).map_sizes


def is_attention(part: nn.Module) -> bool:
    """Attention module, by the name of its class."""
    return _ATTENTION.search(type(part).__name__) is not None


def _candidates(module: nn.Module, x: Tensor) -> LayerCandidates:
    trace = _trace(module, x)
    candidates = _spatial_layers(module, trace.calls, trace.attention_starts)
    return replace(candidates, map_sizes=tuple(dict.fromkeys(trace.map_sizes)))


def _spatial_layers(module: nn.Module, calls: list[_Call], attention_starts: list[int]) -> LayerCandidates:
    """Spatial layers among all calls of a pass, by the rules above."""
    counts: dict[str, int] = {}
    for call in calls:
        counts[call.name] = counts.get(call.name, 0) + 1
    pooled = {id(call.output) for call in calls if call.pools}
    usable = [
        (place, call.layer)
        for place, call in enumerate(calls)
        if call.layer
        and counts[call.name] == 1  # a module that is called twice has two maps: its block has one
        and not call.inside_attention
        and id(call.output) not in pooled  # what goes into a pool is the finer map
    ]
    layers = tuple(layer for _, layer in usable)
    maps = [(place, layer) for place, layer in usable if layer.layout != "tokens"]
    tokens = [(place, layer) for place, layer in usable if layer.layout == "tokens"]
    if tokens and (not maps or tokens[-1][0] > maps[-1][0]):
        return LayerCandidates(
            layers, *_of_tokens(tokens, [start for start in attention_starts if start > tokens[0][0]])
        )
    spatial = [layer for _, layer in maps]
    before_head = [layer for layer in spatial if not layer.name.startswith(("classifier", "head"))] or spatial
    return LayerCandidates(layers, _stages(module, before_head), before_head[-1] if before_head else None)


def _stages(module: nn.Module, maps: list[Layer]) -> tuple[Layer, ...]:
    """Last layer of each size, except parts of a block that ends at another size: they do not end a stage."""
    sizes = {layer.name: layer.rows for layer in maps}

    def ends(layer: Layer) -> bool:
        parents = [layer.name[: dot.start()] for dot in re.finditer(r"\.", layer.name)]
        return all(
            type(module.get_submodule(parent)) is nn.Sequential or sizes.get(parent, layer.rows) == layer.rows
            for parent in parents
        )

    every = {layer.rows: layer for layer in maps}
    ending = {layer.rows: layer for layer in maps if ends(layer)}
    if len(every) == 1:  # one size throughout: each block is a stage
        blocks = [layer for layer in maps if re.fullmatch(r"\w+\.\d+", layer.name)]
        return (*blocks[:-1], maps[-1])
    return tuple((ending if len(ending) > 1 else every).values())


def _of_tokens(tokens: list[tuple[int, Layer]], starts: list[int]) -> tuple[tuple[Layer, ...], Layer]:
    """Stages and the default among tokens: what each attention reads.

    After the last attention only the class token reaches the head, so that the gradient of all positions is zero.
    """
    if not starts:  # mixers: every position reaches the head
        blocks = [layer for _, layer in tokens if re.fullmatch(r".*\.\d+", layer.name)]
        last = tokens[-1][1]
        return (*(block for block in blocks if block is not last), last), last
    read = {}
    for start in starts:
        before = [layer for place, layer in tokens if place < start]
        read[before[-1].name] = before[-1]
    stages = tuple(read.values())
    return stages, stages[-1]


def _trace(module: nn.Module, x: Tensor) -> _Trace:
    """Trace of one forward pass."""
    names = {part: name for name, part in module.named_modules() if name}
    calls: list[_Call] = []
    starts: list[int] = []
    open_attention: list[nn.Module] = []
    sizes: list[tuple[int, int]] = []
    prefix = getattr(module, "num_prefix_tokens", None)

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
        layer = _spatial_layer(names[part], output, sizes=sizes, prefix=prefix)
        if layer and layer.layout == "channels-first":
            sizes.append((layer.rows, layer.columns))
        calls.append(_Call(names[part], output, layer, bool(open_attention), _pools(part)))

    handles = [part.register_forward_pre_hook(enter) for part in names]
    handles += [part.register_forward_hook(leave) for part in names]
    with hooked(handles), borrowed(module), torch.no_grad():
        module(x)
    return _Trace(calls, starts, sizes)


def _pools(part: nn.Module) -> bool:
    return type(part).__name__.startswith(_POOLS)


def _spatial_layer(name: str, output: Tensor, *, sizes: Sequence[tuple[int, int]], prefix: int | None) -> Layer | None:
    shape = tuple(output.shape)
    if not output.is_floating_point() or shape[0] != 1:  # windows of a Swin are many
        return None
    if len(shape) == 4 and shape[2] == shape[3] > 1:  # pictures are square, and so are their maps
        return Layer(name, "channels-first", shape[2], shape[3], shape[1])
    if len(shape) == 4 and shape[1] == shape[2] > 1:
        return Layer(name, "channels-last", shape[1], shape[2], shape[3])
    if len(shape) == 3:
        grid = token_grid(shape[1], sizes, prefix)
        if grid:
            return Layer(name, "tokens", grid.rows, grid.columns, shape[2], grid.prefix)
    return None


def token_grid(count: int, sizes: Sequence[tuple[int, int]], prefix: int | None) -> TokenGrid | None:
    """Grid of `count` tokens: one of the map sizes, the last first, else a square.

    prefix: how many prefix tokens the network declares, None where it does not.
    """
    for before in range(9) if prefix is None else dict.fromkeys((prefix, *range(9))):
        for rows, columns in reversed(sizes):
            if rows * columns + before == count:
                return TokenGrid(rows, columns, before)
    side = isqrt(count)
    before = count - side * side
    return TokenGrid(side, side, before) if side > 1 and before <= 8 else None
