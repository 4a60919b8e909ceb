"""Attention of transformers, layer by layer and head by head, and rolled out; and of networks with an attention head.

Where weights are found: `torch.nn.MultiheadAttention`, and every part with an `attn_drop` (timm's convention, and that
of our attention head), which the weights pass through once the fused kernel, which hides them, is off.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from clfcore.errors import InputError, nearest
from clfcore.exclusive import borrowed
from clfcore.explain.hooks import Score, hooked
from clfcore.explain.saliency_map import scaled
from clfcore.explain.target_layers import fold, grids


@dataclass(frozen=True, eq=False)
class Attention:
    """The weights of one layer, heads x queries x keys, each row summing to 1; and the grid of its keys."""

    name: str
    weights: np.ndarray
    rows: int
    columns: int
    prefix: int

    def over_places(self, weights: np.ndarray, *, pooled: bool) -> np.ndarray:
        """queries x keys -> rows x columns: what the first query draws on, or (pooled) all places on average."""
        drawn = weights[0] if len(weights) == 1 or (self.prefix and not pooled) else weights[self.prefix :].mean(axis=0)
        return drawn[self.prefix :].reshape(self.rows, self.columns)


def attention_head(module: nn.Module, x: Tensor, score: Score, layer: str | None, name: str) -> tuple[np.ndarray, str]:
    """size x size in 0..1 and the layer's name: one layer's attention, the last unless chosen, as the mean of its heads
    or, as in `blocks.3.attn:0`, of one.
    """
    found = captured(module, x, score)
    if not found:
        raise InputError(f"{name} has no attention over places: choose gradcam, or a method that looks at outputs only")
    wanted, _, head = (layer or found[-1].name).partition(":")
    one = next((one for one in found if one.name == wanted), None)
    if one is None:
        names = [one.name for one in found]
        raise InputError(
            f"layer is {layer!r}: it must be one of {', '.join(names)}, "
            f"with :0 to :{len(found[0].weights) - 1} after it for one head{nearest(wanted, names)}"
        )
    if head and not (head.isdecimal() and int(head) < len(one.weights)):
        raise InputError(
            f"layer is {layer!r}: {one.name} has {len(one.weights)} heads, from :0 to :{len(one.weights) - 1}"
        )
    weights = one.weights[int(head)] if head else one.weights.mean(axis=0)
    return _enlarged(one.over_places(weights, pooled=_pooled(module)), x), layer or one.name


def rollout(module: nn.Module, x: Tensor, score: Score, name: str) -> np.ndarray:
    """size x size in 0..1: attention of all layers multiplied through (Abnar and Zuidema 2020, section 3)."""
    found = captured(module, x, score)
    counts = {one.weights.shape[1:] for one in found}
    layers = sum(_holds_attention(part) for part in module.modules())
    if len(counts) != 1 or len(set(next(iter(counts)))) != 1 or len(found) != layers:
        raise InputError(
            f"{name} is no transformer whose layers all attend from every place to every place: "
            "attention-rollout needs one, such as a ViT; choose gradcam"
        )
    last = found[-1]
    return _enlarged(last.over_places(rolled([one.weights for one in found]), pooled=_pooled(module)), x)


def rolled(layers: list[np.ndarray]) -> np.ndarray:
    """heads x N x N weights of each layer, first to last -> N x N: what each output draws on of each input.

    A layer passes on half of its input as it is (the residual) and half by the mean of its heads.
    """
    total = np.eye(layers[0].shape[1])
    for weights in layers:
        mixed = 0.5 * weights.mean(axis=0) + 0.5 * np.eye(len(total))
        total = (mixed / mixed.sum(axis=1, keepdims=True)) @ total
    return total


def captured(module: nn.Module, x: Tensor, score: Score) -> list[Attention]:
    """The attention of every layer whose keys are places, in the order of the pass; settles an open target."""
    seen: list[tuple[str, Tensor]] = []
    names = [(name, part) for name, part in module.named_modules() if _holds_attention(part)]
    if not names:
        return []
    with hooked(_listening(names, seen)), _unfused(part for _, part in names), borrowed(module), torch.no_grad():
        score.settled(module(x))
    known, told = grids(module, x), getattr(module, "num_prefix_tokens", None)
    found = []
    for name, weights in seen:
        weights = weights.float().cpu().numpy()
        weights = weights.reshape((1, *weights.shape[:1], 1, *weights.shape[1:])) if weights.ndim == 2 else weights
        grid = fold(weights.shape[-1], known, told)
        # Windows come as many pictures, and attention among channels has no keys that fold into the grid.
        if len(weights) == 1 and weights.ndim == 4 and grid is not None:
            found.append(Attention(name, weights[0].astype(np.float64), *grid))
    return found


def _holds_attention(part: nn.Module) -> bool:
    return isinstance(part, nn.MultiheadAttention) or isinstance(getattr(part, "attn_drop", None), nn.Module)


def _listening(names: list[tuple[str, nn.Module]], seen: list[tuple[str, Tensor]]) -> Iterator[RemovableHandle]:
    def ask(_part: nn.Module, inputs: tuple, named: dict) -> tuple[tuple, dict]:
        return inputs, {**named, "need_weights": True, "average_attn_weights": False}

    for name, part in names:
        if isinstance(part, nn.MultiheadAttention):
            yield part.register_forward_pre_hook(ask, with_kwargs=True)
            yield part.register_forward_hook(lambda _p, _i, output, name=name: seen.append((name, output[1].detach())))
        else:
            yield part.attn_drop.register_forward_hook(
                lambda _p, inputs, _o, name=name: seen.append((name, inputs[0].detach()))
            )


@contextmanager
def _unfused(parts: Iterator[nn.Module]) -> Iterator[None]:
    fused = [part for part in parts if getattr(part, "fused_attn", False)]
    try:
        for part in fused:
            part.fused_attn = False
        yield
    finally:
        for part in fused:
            part.fused_attn = True


def _pooled(module: nn.Module) -> bool:
    """Whether the head reads all places, so that no class token speaks for the picture."""
    return getattr(module, "global_pool", "token") == "avg"


def _enlarged(places: np.ndarray, x: Tensor) -> np.ndarray:
    """rows x columns -> size x size in 0..1, above the least attended place."""
    large = cv2.resize((places - places.min()).astype(np.float32), (x.shape[-1], x.shape[-2]))
    # What differs by rounding alone is the same everywhere.
    return scaled(large)[0] if np.ptp(places) > 1e-6 * abs(places).max() else np.zeros_like(large)
