"""Depthwise convolution with kernels of 5 and more, whose weights' gradient is put together from 3 x 3 ones.

oneDNN has a fast kernel for the gradient of 3 x 3 depthwise weights and none for wider ones: for 672 channels of
14 x 14 that of 5 x 5 takes 1.7 ms an image, and four of 3 x 3, each over the input moved by two, take 0.4.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

_TAP = 3


def is_wide_depthwise(convolution: nn.Conv2d) -> bool:
    """Whether `depthwise` computes what the layer does: a square kernel of 5 or more, a channel each, plain padding."""
    height, width = convolution.kernel_size
    plain = type(convolution) is nn.Conv2d and convolution.padding_mode == "zeros"
    channels = {convolution.groups, convolution.in_channels, convolution.out_channels}
    square = height == width and height > _TAP and convolution.dilation == (1, 1)
    return plain and square and len(channels) == 1 and not isinstance(convolution.padding, str)


def depthwise(
    x: Tensor, weight: Tensor, bias: Tensor, *, stride: tuple[int, ...], padding: Sequence[int] | str
) -> Tensor:
    """x: N x C x H x W, weight: C x 1 x K x K -> N x C x H' x W', as `torch.nn.functional.conv2d` with C groups."""
    return _Depthwise.apply(x, weight, bias, stride, padding)  # type: ignore[no-any-return]  # torch has it untyped


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor, stride: tuple[int, ...], padding: tuple[int, ...]
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding  # type: ignore[attr-defined]  # a context takes any attribute
        return F.conv2d(x, weight, bias, stride, padding, 1, len(weight))

    @staticmethod
    def backward(ctx, gradient: Tensor):  # type: ignore[no-untyped-def]  # as torch calls it
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_x = _backward(gradient, x, weight, ctx.stride, ctx.padding, which=0)
        if ctx.needs_input_grad[1]:
            of_weight = _of_weight(gradient, x, weight, ctx.stride, ctx.padding)
        if ctx.needs_input_grad[2]:
            of_bias = gradient.sum((0, 2, 3))
        return of_x, of_weight, of_bias, None, None


def _of_weight(
    gradient: Tensor, x: Tensor, weight: Tensor, stride: Sequence[int], padding: Sequence[int]
) -> Tensor:  # C x 1 x K x K
    """Each 3 x 3 part of the kernel saw the input from its own corner on; parts that overlap agree."""
    size = weight.shape[-1]
    height, width = ((n - 1) * step + _TAP for n, step in zip(gradient.shape[2:], stride, strict=True))
    padded = F.pad(x, [padding[1], padding[1], padding[0], padding[0]])
    corners = sorted({*range(0, size - _TAP + 1, _TAP), size - _TAP})
    part, out = weight[:, :, :_TAP, :_TAP].contiguous(), torch.empty_like(weight)
    for top in corners:
        for left in corners:
            seen = padded[:, :, top : top + height, left : left + width]
            seen = seen.contiguous(memory_format=torch.channels_last)
            out[:, :, top : top + _TAP, left : left + _TAP] = _backward(gradient, seen, part, stride, (0, 0), which=1)
    return out


def _backward(
    gradient: Tensor, x: Tensor, weight: Tensor, stride: Sequence[int], padding: Sequence[int], *, which: int
) -> Tensor:
    """torch's own gradient of the input (0) or of the weights (1)."""
    mask = [place == which for place in range(3)]
    results: Sequence[Tensor] = torch.ops.aten.convolution_backward(
        gradient, x, weight, None, stride, padding, [1, 1], False, [0, 0], len(weight), mask
    )
    return results[which]
