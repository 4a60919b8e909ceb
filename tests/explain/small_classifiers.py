"""Classifiers small enough to explain in milliseconds, and a picture."""

import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from clfcore.data.pixels import Preprocess
from clfcore.task import Task, single_label


@dataclass(frozen=True, eq=False)
class Stub:
    """What explanations ask of a classifier, around any module."""

    module: nn.Module
    preprocess: Preprocess
    task: Task
    name: str = "stub"
    lock: Any = field(default_factory=threading.RLock)


def stub(module: nn.Module, *, size: int, channels: int = 3, classes: int = 10, task: Task | None = None) -> Stub:
    half = (0.5,) * channels
    task = task or single_label([f"class {i}" for i in range(classes)])
    return Stub(module.eval(), Preprocess(size=size, mean=half, deviation=half), task)


def small_net(seed: int = 0) -> nn.Module:
    """Two convolutions and a linear layer for 16 x 16 pictures of 3 channels and 4 classes."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


def small_vit(seed: int = 0, **options: Any) -> nn.Module:
    """A timm transformer of two layers, 32 x 32 pictures, 4 x 4 places and a class token, 4 classes."""
    from timm.models.vision_transformer import VisionTransformer

    torch.manual_seed(seed)
    sizes = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3, "num_classes": 4}
    vit = VisionTransformer(**{**sizes, **options})
    nn.init.normal_(vit.head.weight)  # timm starts it at zero
    return vit


def small_swin(seed: int = 0) -> nn.Module:
    """A timm Swin of two stages with windows of 2 x 2, 32 x 32 pictures, maps of 4 x 4 channels-last, 4 classes."""
    from timm.models.swin_transformer import SwinTransformer

    torch.manual_seed(seed)
    sizes = {"img_size": 32, "patch_size": 4, "window_size": 2, "embed_dim": 16, "num_classes": 4}
    swin = SwinTransformer(**sizes, depths=(2, 2), num_heads=(2, 2))
    nn.init.normal_(swin.head.fc.weight)
    return swin


def small_densenet(seed: int = 0) -> nn.Module:
    """torchvision's DenseNet, whose features are followed by an in-place ReLU; 32 x 32 pictures, 4 classes."""
    from torchvision.models import DenseNet

    torch.manual_seed(seed)
    return DenseNet(growth_rate=8, block_config=(2, 2), num_init_features=16, num_classes=4)


def picture(size: int, channels: int = 3, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, channels), dtype=np.uint8)
