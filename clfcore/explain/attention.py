"""Attention weights of transformers and of attention heads: layer by layer, head by head, and attention rollout.

They are read from `torch.nn.MultiheadAttention`, and from every module with an `attn_drop` (the convention of timm and
of our attention head), which they pass through once the fused kernel, which hides them, is off.
"""

from collections.abc import Iterable, Iterator, Mapping
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
from clfcore.explain.saliency_map import MethodResult, scaled
from clfcore.explain.target_layers import map_sizes, token_grid


@dataclass(frozen=True, eq=False)
class Attention:
    """Attention weights of one layer, heads x queries x keys, each row summing to 1; and the grid of its keys."""

    name: str
    weights: np.ndarray
    rows: int
    columns: int
    prefix: int

    def spatial(self, weights: np.ndarray, *, pooled: bool) -> np.ndarray:
        """queries x keys -> rows x columns: attention of the first query, or (pooled) the mean of all positions."""
        query = weights[0] if len(weights) == 1 or (self.prefix and not pooled) else weights[self.prefix :].mean(axis=0)
        return query[self.prefix :].reshape(self.rows, self.columns)


def attention_head(module: nn.Module, x: Tensor, score: Score, *, layer: str | None, name: str) -> MethodResult:
    """Attention map of one layer, size x size in 0..1: the mean of its heads or, as in `blocks.3.attn:0`, one head.

    layer: None is the last. name: of the network, for the message. Raises InputError where the layer or head is
    unknown, or the network has no attention over positions.
    """
    layers = attention_layers(module, x, score)
    if not layers:
        raise InputError(
            f"{name} has no attention over positions: choose gradcam, or a method that needs the outputs alone"
        )
    layer_name, _, head = (layer or layers[-1].name).partition(":")
    attention = next((each for each in layers if each.name == layer_name), None)
    if attention is None:
        names = [each.name for each in layers]
        raise InputError(
            f"layer is {layer!r}: it must be one of {', '.join(names)}, "
            f"with :0 to :{len(layers[0].weights) - 1} after it for one head{nearest(layer_name, names)}"
        )
    heads = len(attention.weights)
    if head and not (head.isdecimal() and int(head) < heads):
        raise InputError(f"layer is {layer!r}: {attention.name} has {heads} heads, from :0 to :{heads - 1}")
    weights = attention.weights[int(head)] if head else attention.weights.mean(axis=0)
    values = _enlarged(attention.spatial(weights, pooled=_pooled(module)), x)
    return MethodResult(values, layer or attention.name)


def rollout(module: nn.Module, x: Tensor, score: Score, *, name: str) -> MethodResult:
    """Attention rollout, size x size in 0..1: the product of all layers' attention (Abnar and Zuidema 2020, section 3).

    Raises InputError for a network whose layers do not all attend from every position to every position.
    """
    layers = attention_layers(module, x, score)
    if not attends_everywhere(module, layers):
        raise InputError(
            f"{name} is no transformer whose layers all attend from every position to every position: "
            "attention-rollout needs one, such as a ViT; choose gradcam"
        )
    product = rollout_matrix([each.weights for each in layers])
    return MethodResult(_enlarged(layers[-1].spatial(product, pooled=_pooled(module)), x))


def attends_everywhere(module: nn.Module, layers: list[Attention]) -> bool:
    """Whether every attention of a network, `layers` of `attention_layers`, is from every token to every token."""
    shapes = {each.weights.shape[1:] for each in layers}
    attending = sum(holds_attention(part) for part in module.modules())
    return len(shapes) == 1 and len(set(next(iter(shapes)))) == 1 and len(layers) == attending


def rollout_matrix(layers: list[np.ndarray]) -> np.ndarray:
    """Rollout matrix: heads x N x N weights of each layer, first to last -> N x N, each output's share of each input.

    A layer passes on half of its input unchanged (the residual) and half through the mean of its heads.
    """
    total = np.eye(layers[0].shape[1])
    for weights in layers:
        mixed = 0.5 * weights.mean(axis=0) + 0.5 * np.eye(len(total))
        total = (mixed / mixed.sum(axis=1, keepdims=True)) @ total
    return total


def attention_layers(module: nn.Module, x: Tensor, score: Score | None = None) -> list[Attention]:
    """Attention of every layer whose keys are positions, in the order of the pass; settles the score's open target."""
    captured: list[tuple[str, Tensor]] = []
    parts = {name: part for name, part in module.named_modules() if holds_attention(part)}
    if not parts:
        return []
    with hooked(_capture(parts, captured)), _unfused(parts.values()), borrowed(module), torch.no_grad():
        logits = module(x)
        if score is not None:
            score.settled(logits)
    sizes, prefix = map_sizes(module, x), getattr(module, "num_prefix_tokens", None)
    layers = []
    for name, tensor in captured:
        weights = tensor.float().cpu().numpy()
        weights = weights.reshape((1, *weights.shape[:1], 1, *weights.shape[1:])) if weights.ndim == 2 else weights
        grid = token_grid(weights.shape[-1], sizes, prefix)
        # Windows come as many pictures, and attention among channels has no keys that fold into the grid.
        if len(weights) == 1 and weights.ndim == 4 and grid is not None:
            layers.append(Attention(name, weights[0].astype(np.float64), grid.rows, grid.columns, grid.prefix))
    return layers


def holds_attention(part: nn.Module) -> bool:
    """Whether a module computes attention weights that can be read."""
    return isinstance(part, nn.MultiheadAttention) or isinstance(getattr(part, "attn_drop", None), nn.Module)


def _capture(parts: Mapping[str, nn.Module], captured: list[tuple[str, Tensor]]) -> Iterator[RemovableHandle]:
    def ask_for_weights(_part: nn.Module, inputs: tuple, named: dict) -> tuple[tuple, dict]:
        return inputs, {**named, "need_weights": True, "average_attn_weights": False}

    for name, part in parts.items():
        dropout = getattr(part, "attn_drop", None)
        if isinstance(part, nn.MultiheadAttention):
            yield part.register_forward_pre_hook(ask_for_weights, with_kwargs=True)
            yield part.register_forward_hook(
                lambda _p, _i, output, name=name: captured.append((name, output[1].detach()))
            )
        elif isinstance(dropout, nn.Module):
            yield dropout.register_forward_hook(
                lambda _p, inputs, _o, name=name: captured.append((name, inputs[0].detach()))
            )


@contextmanager
def _unfused(parts: Iterable[nn.Module]) -> Iterator[None]:
    fused = [part for part in parts if getattr(part, "fused_attn", False)]
    try:
        for part in fused:
            setattr(part, "fused_attn", False)  # noqa: B010 - timm's attribute, which nn.Module does not declare
        yield
    finally:
        for part in fused:
            setattr(part, "fused_attn", True)  # noqa: B010 - as above


def _pooled(module: nn.Module) -> bool:
    """Whether the head averages all positions, so that no class token stands for the picture."""
    return getattr(module, "global_pool", "token") == "avg"


def _enlarged(grid: np.ndarray, x: Tensor) -> np.ndarray:
    """rows x columns -> size x size in 0..1, above the least attended position."""
    large = cv2.resize((grid - grid.min()).astype(np.float32), (x.shape[-1], x.shape[-2]))
    # What differs by rounding alone is constant.
    return scaled(large) if np.ptp(grid) > 1e-6 * abs(grid).max() else np.zeros_like(large)
