"""What a forward pass does, seen operation by operation: multiply-adds, shapes, receptive fields. On shapes alone.

A dispatch mode sees every operation, so that a transformer's attention, which no layer of its own computes, is counted
too. Multiply-adds are of convolutions and matrix products; torch.utils.flop_counter counts two flops for each.
"""

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakIdKeyDictionary

_ATEN = torch.ops.aten
_MATRIX = {_ATEN.mm: 0, _ATEN.bmm: 0, _ATEN.addmm: 1, _ATEN.baddbmm: 1}  # place of the left factor
_POOLS = {_ATEN.max_pool2d_with_indices, _ATEN.avg_pool2d, _ATEN.max_pool2d}
_WHOLE = {_ATEN.mean, _ATEN._adaptive_avg_pool2d, _ATEN.adaptive_max_pool2d, _ATEN.sum}
_MIXES = {_ATEN.bmm, _ATEN.baddbmm, _ATEN._softmax}  # attention


Arguments = tuple[object, ...]
Operation = torch._ops.OpOverload
Packet = torch._ops.OpOverloadPacket


@dataclass(frozen=True)
class Field:
    """Receptive field and distance of neighboring outputs, in pixels of the image; size 0: places are mixed."""

    size: int
    step: int


_MIXED = Field(0, 0)


@dataclass
class OperationRecord:
    """What was seen of one module: in the order of first calls."""

    output: tuple[int, ...] = ()
    multiply_adds: int = 0
    field: int | None = None


class Counter(TorchDispatchMode):
    """Adds each operation to the innermost module that is running."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.fields: MutableMapping[Tensor, Field] = WeakIdKeyDictionary()
        self.fields[image] = Field(1, 1)
        self.running: list[str] = [""]
        self.operations: dict[str, OperationRecord] = {"": OperationRecord()}

    def __torch_dispatch__(
        self,
        func: Operation,
        types: Sequence[type],
        args: Arguments = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        packet = func.overloadpacket
        out = _normalized(packet, args) or func(*args, **(kwargs or {}))
        first = out[0] if isinstance(out, (tuple, list)) and out else out
        if isinstance(first, Tensor):
            self.operations[self.running[-1]].multiply_adds += _multiply_adds(packet, args, first)
            field = self._field(packet, args, first)
            if field is not None:
                for part in out if isinstance(out, (tuple, list)) else (out,):
                    if isinstance(part, Tensor):
                        self.fields[part] = field
        return out

    def _field(self, packet: Packet, args: Arguments, out: Tensor) -> Field | None:
        if packet in _WHOLE:
            return None
        if packet in _MIXES or (packet in (_ATEN.transpose, _ATEN.permute) and out.dim() == 3):  # tokens
            return _MIXED
        inputs = [arg for arg in args if isinstance(arg, Tensor)]
        inputs += [part for arg in args if isinstance(arg, (list, tuple)) for part in arg if isinstance(part, Tensor)]
        known = [self.fields[tensor] for tensor in inputs if tensor in self.fields]
        if not known or _MIXED in known:
            return _MIXED if known else None
        before = Field(max(f.size for f in known), max(f.step for f in known))
        if packet is _ATEN.convolution:
            kernel, stride, dilation = _tensor(args, 1).shape[2], _numbers(args, 3)[0], _numbers(args, 5)[0]
            return _grow(before, kernel=kernel, stride=stride, dilation=dilation)
        if packet in _POOLS:
            kernel = _numbers(args, 1)[0]
            stride = _numbers(args, 2)[0] if len(args) > 2 and args[2] else kernel
            return _grow(before, kernel=kernel, stride=stride, dilation=1)
        return before


def _tensor(args: Arguments, place: int) -> Tensor:
    value = args[place]
    assert isinstance(value, Tensor)
    return value


def _numbers(args: Arguments, place: int) -> Sequence[int]:
    value = args[place]
    assert isinstance(value, (list, tuple))
    return value


def _grow(before: Field, *, kernel: int, stride: int, dilation: int) -> Field:
    """Araujo et al., Computing receptive fields of convolutional neural networks, 2019."""
    return Field(before.size + (kernel - 1) * dilation * before.step, before.step * stride)


def _normalized(packet: Packet, args: Arguments) -> tuple[Tensor, ...] | None:
    """What batch normalization gives in evaluation mode, by its shapes: torch's own takes milliseconds for it."""
    if packet is not _ATEN.native_batch_norm or args[5]:  # in training mode
        return None
    maps = _tensor(args, 0)
    return (torch.empty_like(maps), maps.new_empty(0), maps.new_empty(0)) if maps.is_meta else None


def _multiply_adds(packet: Packet, args: Arguments, out: Tensor) -> int:
    if packet is _ATEN.convolution:
        return out.numel() * prod(_tensor(args, 1).shape[1:])
    if packet in _MATRIX:
        return out.numel() * _tensor(args, _MATRIX[packet]).shape[-1]
    return 0


@dataclass
class ForwardPass:
    """A forward pass of one image: what each module did, and the bytes that training keeps for the way back."""

    operations: dict[str, OperationRecord]
    saved_bytes: int
    output: Tensor = field(repr=False)


def profile_forward(module: nn.Module, image: Tensor) -> ForwardPass:
    """Run `image` (1 x C x H x W, meta) through a module in evaluation mode and note what each part does."""
    counter = Counter(image)
    with _noted(module.eval(), counter), _saved(module) as saved, counter:
        output = module(image)
    return ForwardPass(counter.operations, sum(saved.values()), output)


@contextmanager
def _noted(module: nn.Module, counter: Counter) -> Iterator[None]:
    def enter(name: str) -> Callable[[nn.Module, Arguments], None]:
        def hook(_part: nn.Module, _inputs: Arguments) -> None:
            counter.running.append(name)
            counter.operations.setdefault(name, OperationRecord())

        return hook

    def leave(name: str) -> Callable[[nn.Module, Arguments, object], None]:
        def hook(_part: nn.Module, _inputs: Arguments, output: object) -> None:
            counter.running.pop()
            if isinstance(output, Tensor):
                counter.operations[name].output = tuple(output.shape[1:])
                field = counter.fields.get(output)
                counter.operations[name].field = field.size or None if field else None

        return hook

    hooks = []
    for name, part in module.named_modules():
        if name:
            hooks += [part.register_forward_pre_hook(enter(name)), part.register_forward_hook(leave(name))]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _saved(module: nn.Module) -> Iterator[dict[int, int]]:
    """Bytes of every tensor that autograd keeps, by storage; parameters and buffers aside, which exist anyway."""
    own = {t.untyped_storage()._cdata for t in (*module.parameters(), *module.buffers())}
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            saved[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield saved
