"""Adapting weights to a network: a file's tensors or published ones, for other channels, image size or classes."""

import contextlib
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from timm.layers import resample_abs_pos_embed
from timm.models import adapt_input_conv
from torch import Tensor, nn
from torchvision.models.vision_transformer import VisionTransformer, interpolate_embeddings

from clfcore.architectures.heads import head_name
from clfcore.errors import InputError
from clfcore.files import shortened

_INSIDE = ("state_dict", "model", "model_state_dict", "module")  # where training scripts keep the tensors
_DEPTH = 8  # of such names in one another
_STATISTICS = ("running_mean", "running_var")
_REAL = ("F", "BF")  # how safetensors' names of real kinds begin
_LARGEST = 1 << 27  # numbers of a table of positions
_PREFIXES = ("module.", "_orig_mod.", "model.")  # what wrappers put before each name

# keys of the older DenseNet files, as torchvision's own loader renames them
_OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.(?:weight|bias|running_mean|running_var))$")


@dataclass(frozen=True)
class AdaptedState:
    """What became of a file's tensors, by name: loaded; left at random because the file lacks them; not used."""

    matched: tuple[str, ...]
    lacking: tuple[str, ...]
    unused: tuple[str, ...]


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file or of a state dict saved by torch. Nothing in the file is executed.

    Raises InputError where it is neither, is damaged, or holds anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251 - one's own file may be a pickle
    except pickle.UnpicklingError:
        raise InputError(
            f"{path} holds more than tensors and is not loaded, for it could execute code: "
            "save its state dict as safetensors, or with torch.save(model.state_dict())"
        ) from None
    except Exception as error:  # a damaged or hostile file: both readers raise whatever its bytes lead them to
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise InputError(
            f"{path} cannot be read as weights ({reason}): give a .safetensors file or a state dict saved by torch"
        ) from None
    for _ in range(_DEPTH):  # a file may hold itself
        if not (
            isinstance(state, Mapping) and (inner := next((state[k] for k in _INSIDE if _mapping(state, k)), None))
        ):
            break
        state = inner
    if not isinstance(state, Mapping) or not any(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f"{path} holds no state dict: it must map names to tensors")
    tensors = {str(name): value for name, value in state.items() if isinstance(value, Tensor)}
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    for name, value in tensors.items():
        if odd := _unusual(value):
            raise InputError(f"{path}: {_named(name)} is {odd}: weights must be dense tensors of real numbers")
    return tensors


def _unusual(tensor: Tensor) -> str:
    """What no layer can take about a tensor; empty where it is an ordinary one."""
    if tensor.is_meta:
        return "a shape without numbers (a meta tensor)"
    if tensor.layout != torch.strided or tensor.is_nested:
        return "sparse or nested"
    if tensor.is_quantized:
        return "quantized"
    return "of complex numbers" if tensor.is_complex() else ""


def check_numbers(module: nn.Module, source: str) -> None:
    """Raises InputError where a weight or a running statistic of a network is no finite number."""
    statistics = {name: value for name, value in module.named_buffers() if name.endswith(_STATISTICS)}
    for name, value in (*module.named_parameters(), *statistics.items()):
        if value.is_floating_point() and not value.is_meta and not bool(torch.isfinite(value).all()):
            raise InputError(
                f"{source}: {_named(name)} holds NaN or infinity: the file is damaged, or its training diverged "
                "(then train again with a lower learning rate)"
            )


def check_kinds(path: Path, module: nn.Module) -> None:
    """Raises InputError where a safetensors file holds whole numbers in place of the network's weights."""
    own = module.state_dict()
    with safe_open(path, "pt") as file:
        for name in file.keys():  # noqa: SIM118 - it is no dictionary
            if name in own and own[name].is_floating_point() and not file.get_slice(name).get_dtype().startswith(_REAL):
                raise InputError(f"{path}: {_named(name)} holds no real numbers: the file is damaged")


def _mapping(state: Mapping, key: str) -> bool:
    return isinstance(state.get(key), Mapping)


def adapt_state(module: nn.Module, state: Mapping[str, Tensor], *, keep_head: bool, source: str) -> AdaptedState:
    """Load `state` into `module` by name, in place; the head too where `keep_head`, else it stays as it is.

    The first convolution is adapted to the module's channels, a transformer's positions to its image size. Raises
    InputError where a tensor of the backbone has another shape, or less than half of the backbone is there.
    """
    head = head_name(module)
    own = {name: value for name, value in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    state = _adapted(module, dict(state))
    expected = {name for name in own if keep_head or not _under(name, head)}
    for name in sorted(expected & state.keys()):
        if state[name].shape != own[name].shape:
            raise InputError(
                f"{source}: {name} is {_shape(state[name])}, the network's is {_shape(own[name])}: "
                "these weights belong to another architecture, or other options"
            )
    matched = [name for name in own if name in expected and name in state]
    for name in matched:
        if own[name].is_floating_point() and not state[name].is_floating_point():
            kind = str(state[name].dtype).removeprefix("torch.")
            raise InputError(f"{source}: {name} holds {kind}, the network's real numbers: save the weights as float32")
    backbone = [name for name in own if not _under(name, head)]
    present = sum(name in state for name in backbone)
    if 2 * present < len(backbone):
        raise InputError(
            f"{source}: {present} of the network's {len(backbone)} tensors below the head are in it: "
            f"these weights belong to another architecture (they begin with {', '.join(list(state)[:3])})"
        )
    module.load_state_dict({name: state[name] for name in matched}, strict=False)
    check_numbers(module, source)
    unused = [name for name in state if name not in matched and not name.endswith("num_batches_tracked")]
    return AdaptedState(tuple(matched), tuple(name for name in own if name not in matched), tuple(unused))


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
    assert isinstance(old, nn.Conv2d), "first_convolution names a Conv2d"
    if old.in_channels == channels:
        return module
    assert not isinstance(old.padding, str), "no catalogued network pads by name"
    (kernel_height, kernel_width), stride, (top, left) = old.kernel_size, old.stride, old.padding
    new = nn.Conv2d(
        channels,
        old.out_channels,
        (kernel_height, kernel_width),
        (stride[0], stride[1]),
        (top, left),
        bias=old.bias is not None,
    )
    with torch.no_grad():
        if not old.weight.is_meta:
            new.weight.normal_(std=float(old.weight.std()))
        if old.bias is not None and new.bias is not None:
            new.bias.copy_(old.bias)
    parent, _, last = name.rpartition(".")
    setattr(module.get_submodule(parent), last, new)
    return module


def _adapted(module: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors for the module's channels and image size, where only these differ."""
    first = f"{first_convolution(module)}.weight"
    kernel = module.get_parameter(first)
    first_kernel = state.get(first)
    if (
        first_kernel is not None
        and first_kernel.ndim == 4
        and first_kernel.is_floating_point()
        and _filters(first_kernel) == _filters(kernel)
    ):
        with contextlib.suppress(NotImplementedError, AssertionError):  # channels that it knows no way for
            state[first] = adapt_input_conv(kernel.shape[1], first_kernel)
    table = state.get("encoder.pos_embedding")
    if isinstance(module, VisionTransformer) and table is not None and _positions(table, module.hidden_dim):
        return dict(interpolate_embeddings(module.image_size, module.patch_size, state))
    mine, theirs = getattr(module, "pos_embed", None), state.get("pos_embed")
    if not isinstance(mine, Tensor) or mine.ndim != 3 or theirs is None or not _positions(theirs, mine.shape[2]):
        return state
    patches = getattr(module, "patch_embed", None)
    if theirs.shape[1] != mine.shape[1] and patches is not None:
        tokens = getattr(module, "num_prefix_tokens", 0)
        state["pos_embed"] = resample_abs_pos_embed(theirs, patches.grid_size, num_prefix_tokens=tokens)
    return state


def first_convolution(module: nn.Module) -> str:
    """Dotted name of the convolution that sees the image."""
    return next(name for name, part in module.named_modules() if isinstance(part, nn.Conv2d))


def _filters(kernel: Tensor) -> tuple[int, ...]:
    """The shape of a convolution's weight but for its input channels."""
    return (kernel.shape[0], *kernel.shape[2:])


def _positions(tensor: Tensor, width: int) -> bool:
    """Whether a tensor can be a transformer's positions of this width."""
    fits = tensor.ndim == 3 and tensor.is_floating_point()
    return fits and tensor.shape[0] == 1 and tensor.shape[2] == width and tensor.numel() < _LARGEST


def _named(name: str) -> str:
    return shortened(name, most=100)


def _under(name: str, head: str) -> bool:
    return name.startswith(head + ".")


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a number"
