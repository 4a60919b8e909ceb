"""timm's registry: the configuration of a network's published weights, and its catalogue row."""

import re
import sys

import timm
import torch
from timm.models import PretrainedCfg

from clfcore.architectures.shapes_alone import shapes_alone
from clfcore.architectures.timm_row import Row
from clfcore.architectures.weights_index import PublishedWeights

SIDES = (32, 64, 96, 128, 160, 192, 224, 256)  # tried in turn: the first that runs is noted as the smallest

# How timm's families say that they cannot be built for a size, or take no image of it; a file that is missing and a
# name that timm does not have in its own code (OSError, NameError, AttributeError) are none of these.
UNFIT = (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError)


def published_config(name: str) -> PretrainedCfg:
    """The configuration of `NAME` or `NAME.TAG`. Raises ValueError where timm has none."""
    config = timm.get_pretrained_cfg(name)
    if config is None:
        raise ValueError(f"timm has no network {name}")
    return config


def row(name: str) -> Row:
    """The catalogue row of one timm network: counted and tried on the meta device, where that works."""
    config = published_config(name)
    module = timm.model_entrypoint(name).__module__.rpartition(".")[2]
    native = config.input_size[-1]
    tags = timm.list_pretrained(name + ".*")
    default = f"{name}.{config.tag}" if config.tag else name
    ordered = sorted(tags, key=lambda tag: tag != default)
    weights = tuple(tag.partition(".")[2] or "default" for tag in ordered)
    parameters, smallest = _try(name, native, fixed=config.fixed_input_size)
    return Row(name, module, _year(module), parameters, smallest, native, weights)


def published_weights(name: str, tag: str) -> PublishedWeights | None:
    """Size, licence and address of `NAME.TAG`; None where there is no digest to check them by.

    The size is that of the network's tensors, counted on the meta device, and of the file's list of them.
    """
    config = published_config(f"{name}.{tag}")
    with shapes_alone():
        state = timm.create_model(f"{name}.{tag}").state_dict()
    size = sum(tensor.numel() * tensor.element_size() + _LISTED for tensor in state.values())
    licence = (config.license or "unknown").lower()
    where = config.hf_hub_id or config.url
    if not isinstance(where, str):
        return None
    weights = PublishedWeights(f"timm/{name}", tag, size, licence, where)
    return weights if weights.repository or weights.digest else None


_LISTED = 100  # bytes of a tensor's entry in the file's list


def _try(name: str, native: int, *, fixed: bool) -> tuple[int | None, int]:
    """Its parameters, and the smallest side that runs."""
    parameters = None
    for side in (*(side for side in SIDES if side < native), native):
        sized = side if fixed and side != native else None
        try:
            with torch.device("meta"), torch.no_grad():
                module = timm.create_model(name, num_classes=1000, img_size=sized).eval()
                parameters = sum(p.numel() for p in module.parameters()) if side == native or not fixed else None
                module(torch.empty(2, 3, side, side))
        except UNFIT:
            continue
        if parameters is None:
            with shapes_alone():
                parameters = sum(p.numel() for p in timm.create_model(name, num_classes=1000).parameters())
        return parameters, side
    return parameters, native


def _year(module: str) -> int | None:
    """The year of the first arXiv paper that timm's module names in its text."""
    text = sys.modules[f"timm.models.{module}"].__doc__ or ""
    match = re.search(r"arxiv\.org/(?:abs|pdf)/(\d\d)\d\d\.\d+", text)
    return 2000 + int(match.group(1)) if match else None
