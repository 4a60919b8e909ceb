"""Batch normalization with frozen statistics, folded into its convolution while a network trains on a CPU.

Frozen, it is a scale and a shift of each channel, which the convolution's weights and bias can carry: the same function
and, through the fold, the same gradients of all four, without the two passes over every map that it costs else.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from clfcore.training.depthwise import depthwise, is_wide_depthwise

_TOLERANCE = 1e-3  # of the largest logit; a fold that changes more was no fold


class FrozenNorm:
    """The convolutions of a network and the frozen batch normalization that follows each."""

    def __init__(self, model: nn.Module, forward: Callable[[Tensor], Tensor] | None = None) -> None:
        """model: in the mode that it trains in, so that what is frozen is in eval mode.

        forward: what training calls, where that is a part of the network; None: the network.
        """
        self._model, self._forward = model, forward or model
        on_cpu = all(parameter.device.type == "cpu" for parameter in model.parameters())
        self._pairs = [pair for pair in _pairs(model) if _is_frozen(pair[1])] if on_cpu else []
        self._checked = False

    def check(self, x: Tensor) -> None:
        """Give the fold up where it changes the logits of a few inputs, B x C x H x W; looked at once.

        Children stand in the order of their calls in the blocks of torchvision and timm; elsewhere they may not.
        """
        if self._checked or not self._pairs:
            return
        self._checked = True
        modes = {module: module.training for module in self._model.modules()}
        self._model.eval()
        few = x[:2].float() if x.dtype in (torch.bfloat16, torch.float16) else x[:2]  # activations may be halves
        try:
            with torch.no_grad():
                expected = self._forward(few)
                with self.folded():
                    logits = self._forward(few)
        finally:
            for module, mode in modes.items():
                module.training = mode
        if not (logits - expected).abs().max() <= _TOLERANCE * expected.abs().max():
            self._pairs = []

    @contextlib.contextmanager
    def folded(self) -> Iterator[None]:
        """Within it each convolution answers for its batch normalization too, of which the activation is left."""
        patched: list[nn.Module] = []
        try:
            for convolution, norm in self._pairs:
                _answer(convolution, _folded_forward(convolution, norm))
                patched.append(convolution)
                _answer(norm, _rest_of(norm))
                patched.append(norm)
            yield
        finally:
            for module in patched:
                del module.__dict__["forward"]


def _pairs(module: nn.Module) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Each convolution with the batch normalization right behind it among its parent's children."""
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []
    before: nn.Conv2d | None = None
    for child in module.children():
        if isinstance(child, nn.BatchNorm2d) and before is not None and before.out_channels == child.num_features:
            pairs.append((before, child))
            before = None
        elif isinstance(child, nn.Conv2d):
            before = child
        else:
            before = None
            pairs += _pairs(child)
    return pairs


def _is_frozen(norm: nn.BatchNorm2d) -> bool:
    known = type(norm) is nn.BatchNorm2d or hasattr(norm, "act")  # timm's BatchNormAct2d
    return known and not norm.training and norm.affine and norm.running_mean is not None


def _answer(module: nn.Module, forward: Callable[[Tensor], Tensor]) -> None:
    """Have the module answer by `forward`; its hooks are called as ever."""
    module.__dict__["forward"] = forward


def _folded_forward(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> Callable[[Tensor], Tensor]:
    wide = is_wide_depthwise(convolution)

    def forward(x: Tensor) -> Tensor:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        weight = convolution.weight * scale.view(-1, 1, 1, 1)
        shift = norm.bias - norm.running_mean * scale
        bias = shift if convolution.bias is None else shift + convolution.bias * scale
        if wide and weight.requires_grad and not torch.is_autocast_enabled("cpu"):
            return depthwise(x, weight, bias, stride=convolution.stride, padding=convolution.padding)
        # What stands in a module's own dictionary is read before its parameters: so a subclass (padding as TensorFlow
        # has it) computes with these in its own way.
        convolution.__dict__.update(weight=weight, bias=bias)
        try:
            return type(convolution).forward(convolution, x)
        finally:
            del convolution.__dict__["weight"], convolution.__dict__["bias"]

    return forward


def _rest_of(norm: nn.BatchNorm2d) -> Callable[[Tensor], Tensor]:
    """What timm's batch normalization does after the scale and the shift."""
    parts: Sequence[nn.Module] = [
        part for name in ("drop", "act") if isinstance(part := getattr(norm, name, None), nn.Module)
    ]

    def forward(x: Tensor) -> Tensor:
        for part in parts:
            x = part(x)
        return x

    return forward
