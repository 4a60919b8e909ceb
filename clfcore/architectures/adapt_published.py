"""Published weights fitted to a network that differs from theirs in channels, image size or classes."""

import re
from collections.abc import Mapping

import torch
from timm.models import adapt_input_conv
from torch import Tensor, nn
from torchvision.models.vision_transformer import VisionTransformer, interpolate_embeddings

from clfcore.architectures.heads import head_name

# keys of the older DenseNet files, as torchvision's own loader renames them
_OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.(?:weight|bias|running_mean|running_var))$")


def adapt_published_state(module: nn.Module, state: Mapping[str, Tensor], *, new_head: bool) -> None:
    """Load `state` into `module` in place; all must fit, but for the head where that is new.

    The first convolution is summed over its channels for one, repeated and scaled for others, as timm does; a
    transformer's positions are resampled (bicubic) to its image size. Raises ValueError where anything else differs.
    """
    state = {_OLD_DENSENET.sub(r"\1\2", key): value for key, value in state.items()}
    first = f"{first_convolution(module)}.weight"
    state[first] = adapt_input_conv(module.get_parameter(first).shape[1], state[first])
    if isinstance(module, VisionTransformer):
        state = dict(interpolate_embeddings(module.image_size, module.patch_size, state))
    head = tuple(f"{head_name(module)}.{part}" for part in ("weight", "bias")) if new_head else ()
    for key in head:
        state.pop(key, None)
    missing, unexpected = module.load_state_dict(state, strict=False)
    lacking = [key for key in missing if key not in head and not key.endswith("num_batches_tracked")]
    if lacking or unexpected:
        raise ValueError(f"the weights do not fit the network: {[*lacking, *unexpected][:4]}")


def fit_channels(module: nn.Module, channels: int) -> nn.Module:
    """The same network for another number of input channels, drawn with the deviation that its own weights had."""
    name = first_convolution(module)
    old = module.get_submodule(name)
    if old.in_channels == channels:
        return module
    new = nn.Conv2d(channels, old.out_channels, old.kernel_size, old.stride, old.padding, bias=old.bias is not None)
    with torch.no_grad():
        if not old.weight.is_meta:
            new.weight.normal_(std=float(old.weight.std()))
        if old.bias is not None:
            new.bias.copy_(old.bias)
    parent, _, last = name.rpartition(".")
    setattr(module.get_submodule(parent), last, new)
    return module


def first_convolution(module: nn.Module) -> str:
    """Dotted name of the convolution that sees the image."""
    return next(name for name, part in module.named_modules() if isinstance(part, nn.Conv2d))
