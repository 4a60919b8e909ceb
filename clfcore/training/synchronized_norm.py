"""Synchronized batch normalization: while several GPUs train, a layer's statistics are those of the whole batch.

Each layer is replaced by torch's SyncBatchNorm, which holds the same parameters and buffers under the same names, and
put back once training has ended: checkpoints, predictions and exports know nothing of it.
"""

from collections.abc import Callable

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from clfcore.errors import InputError
from clfcore.heavy_imports import load

_PLAIN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
Restore = Callable[[], None]


def check_synchronizable(module: nn.Module, architecture: str) -> None:
    """Raises InputError where a network has no batch normalization, or one that torch and timm cannot synchronize."""
    norms = [layer for layer in module.modules() if isinstance(layer, _BatchNorm)]
    what = f"recipe.sync_batch_norm is true: {architecture}"
    if not norms:
        raise InputError(f"{what} has no batch normalization; leave it out")
    own = next((layer for layer in norms if not (type(layer) in _PLAIN or _of_timm(layer))), None)
    if own is not None:
        raise InputError(f"{what} has batch normalization of its own kind ({type(own).__name__}); leave it out")


def synchronize(module: nn.Module) -> Restore:
    """Replace every batch normalization below `module`, in place; returns what puts the layers back."""
    replaced: list[tuple[nn.Module, str, nn.Module]] = []
    for parent in list(module.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, _BatchNorm):
                setattr(parent, name, _synchronized(layer))
                replaced.append((parent, name, layer))

    def restore() -> None:
        for parent, name, layer in replaced:
            layer.train(getattr(parent, name).training)
            setattr(parent, name, layer)

    return restore


def _synchronized(layer: nn.Module) -> nn.Module:
    """A layer for several processes, with the layer's own tensors; timm's keep the activation that is part of it."""
    if _of_timm(layer):
        load("timm")
        from timm.layers import convert_sync_batchnorm

        return convert_sync_batchnorm(layer)  # type: ignore[no-any-return, no-untyped-call]  # timm has no types
    return nn.SyncBatchNorm.convert_sync_batchnorm(layer)  # type: ignore[no-any-return, no-untyped-call]


def _of_timm(layer: nn.Module) -> bool:
    """Whether it is timm's batch normalization with activation, found without timm, which is slow to import."""
    return type(layer).__name__ == "BatchNormAct2d" and type(layer).__module__.startswith("timm.")
