"""Fusing a network for inference: batch normalization folded, channels last, bfloat16 where the processor has it."""

import copy
import itertools
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional


def fuse_for_inference(module: nn.Module, sample: Tensor) -> tuple[nn.Module, torch.dtype]:
    """A copy of `module` for forward passes only, on the sample's device, and the dtype that its input must have.

    sample: a few images, B x C x H x W float32, normalized. Folding is kept only where it leaves the logits of the
    sample alone (to 1e-3 of their largest). bfloat16 moves logits by about 2%: benchmarks/ counts the top-1 it keeps.
    """
    plain = copy.deepcopy(module).eval().requires_grad_(False).to(sample.device)
    network = copy.deepcopy(plain)
    _fold(network)
    _pad_inside(network)
    if not _agree(plain, network, sample[:2], tolerance=1e-3):
        network = plain  # branches that the walk cannot see (a RepVGG block): leave them as they are
    dtype = torch.bfloat16 if _has_bfloat16(sample.device) else torch.float32
    network.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
    return network, dtype


class FoldedCopy:
    """A network's copy for forward passes in float32, batch normalization folded into the convolutions before it.

    It shares every weight that folding leaves as it is, is made at the first use, and again once weights have changed.
    Not safe for several threads: the network's lock guards both.
    """

    def __init__(self) -> None:
        self._network: nn.Module | None = None
        self._weights: tuple[tuple[int, int], ...] = ()

    def of(self, module: nn.Module, sample: Tensor) -> nn.Module:
        """The copy of a network in eval mode, or the network itself where folding would move its logits.

        sample: a few images, B x C x H x W, that both are asked about when the copy is made.
        """
        weights = tuple(
            (tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version)
            for tensor in itertools.chain(module.parameters(), module.buffers())
        )
        if self._network is None or weights != self._weights:
            shared = {id(tensor): tensor for tensor in itertools.chain(module.parameters(), module.buffers())}
            network = copy.deepcopy(module, dict(shared))
            _fold(network)
            _pad_inside(network)
            self._network = network if _agree(module, network, sample[:1], tolerance=1e-5) else module
            self._weights = weights
        return self._network


def _agree(plain: nn.Module, folded: nn.Module, sample: Tensor, *, tolerance: float) -> bool:
    """Whether two networks have the same logits, to a share of the largest."""
    with torch.inference_mode():
        expected, actual = plain(sample), folded(sample)
    return bool((expected - actual).abs().max() <= tolerance * expected.abs().max())


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    capabilities: Mapping[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class PaddedInside(nn.Module):
    """A convolution of stride 2 with TensorFlow's "same" padding that makes no padded copy of its input.

    Of an even side that padding is one more at the end than at the beginning. A kernel with a row and a column of
    zeros before it needs equally many, which the convolution itself adds: the same products, a third less time on a
    processor for the networks that have it. Any other input goes the usual way.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        self.weight = nn.Parameter(functional.pad(convolution.weight, (1, 0, 1, 0)), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu" or x.shape[-2] % 2 or x.shape[-1] % 2:
            return self.convolution(x)  # type: ignore[no-any-return]  # a module's call is untyped
        padding = self.convolution.kernel_size[0] // 2
        return functional.conv2d(
            x, self.weight, self.convolution.bias, stride=2, padding=padding, groups=self.convolution.groups
        )


def _pad_inside(module: nn.Module) -> None:
    """Replace timm's convolutions with "same" padding where the replacement is exact."""
    for name, child in list(module.named_children()):
        if not isinstance(child, nn.Conv2d):
            _pad_inside(child)
        elif type(child).__name__ == "Conv2dSame" and _is_odd_square(child):  # by name: timm need not be loaded
            setattr(module, name, PaddedInside(child))


def _is_odd_square(convolution: nn.Conv2d) -> bool:
    """Whether a convolution has stride 2 and a square kernel of 3, 5, 7… without gaps."""
    height, width = convolution.kernel_size
    return convolution.stride == (2, 2) and convolution.dilation == (1, 1) and height == width > 1 and height % 2 == 1


def _fold(module: nn.Module) -> None:
    """Walk the children in order; fold each batch normalization into the convolution that stands right before it.

    Order of children is order of calls in the torchvision and timm blocks this meets; where channel counts differ,
    nothing is folded. timm's BatchNormAct2d keeps its activation.
    """
    before: tuple[str, nn.Conv2d] | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and before is not None and before[1].out_channels == child.num_features:
            conv = nn.utils.fusion.fuse_conv_bn_eval(before[1], child)
            setattr(module, before[0], conv)
            rest = [part for part in (getattr(child, "drop", None), getattr(child, "act", None)) if part is not None]
            setattr(module, name, nn.Sequential(*rest) if rest else nn.Identity())
            before = None
        elif isinstance(child, nn.Conv2d):
            before = (name, child)
        else:
            has_weights = any(True for _ in child.parameters()) or any(True for _ in child.children())
            before = None if has_weights else before
            _fold(child)
