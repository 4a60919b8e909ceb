"""Patches and tokens of a vision transformer: its attention from any token, and its positional embeddings.

Dosovitskiy and others, 2021. A picture is cut into patches; each becomes a token, before which stand prefix tokens of
the network's own: a class token, a distillation token, registers.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.explain.attention import Attention, attends_everywhere, attention_layers, holds_attention
from clfcore.explain.saliency_map import SaliencyMap, color, overlay_image

MOST_WEIGHTS = 60_000_000  # attention weights of all blocks that one view may hold: 240 MB


@dataclass(frozen=True, eq=False)
class TokenView:
    """A picture as a transformer's tokens. Token 0 is the first prefix token; patches follow them row by row.

    square: size x size x C, what the network sees. blocks: the attention of each block, heads x tokens x tokens.
    positions: rows*columns x D, the embedding that is added to each patch; None where the network has none of its own
    for each patch. width: numbers in a token; None where the network does not say.
    """

    square: np.ndarray
    rows: int
    columns: int
    prefix: tuple[str, ...]
    blocks: tuple[Attention, ...]
    positions: np.ndarray | None
    width: int | None

    @property
    def tokens(self) -> int:
        return len(self.prefix) + self.rows * self.columns

    @property
    def heads(self) -> int:
        return len(self.blocks[0].weights)

    @property
    def patch(self) -> int:
        """Side of a patch in pixels."""
        return self.square.shape[0] // self.rows

    def name(self, token: int) -> str:
        """`class token`, or `patch 3, 4` of a row and a column, both from 1."""
        place = token - len(self.prefix)
        if place < 0:
            return self.prefix[token]
        return f"patch {place // self.columns + 1}, {place % self.columns + 1}"


@dataclass(frozen=True, eq=False)
class TokenAttention:
    """How one token's attention is spread: rows x columns over the patches, and each prefix token's share; sum 1."""

    patches: np.ndarray
    prefix: tuple[float, ...]


def token_view(module: nn.Module, preprocess: Preprocess, square: np.ndarray, *, name: str) -> TokenView:
    """Tokens and attention of a picture; square: as `preprocess.square` gives it.

    A shared classifier's module is taken within `exclusive`. name: of the network, for the message. Raises InputError
    where not every block attends from every token to every token.
    """
    _check_amount(module, name)
    device = next(module.parameters()).device
    x = torch.from_numpy(preprocess.normalize(square[None])).to(device)
    blocks = attention_layers(module, x)
    if not blocks or not attends_everywhere(module, blocks):
        raise InputError(refusal(name))
    first = blocks[0]
    positions = _positions(module, first.rows * first.columns)
    width = getattr(module, "embed_dim", getattr(module, "hidden_dim", None))
    return TokenView(
        square,
        first.rows,
        first.columns,
        _prefix_names(module, first.prefix),
        tuple(replace(block, weights=block.weights.astype(np.float32)) for block in blocks),
        positions,
        width,
    )


def _check_amount(module: nn.Module, name: str) -> None:
    """Refuse a picture of so many patches that the attention of all blocks would fill the memory."""
    patches = getattr(getattr(module, "patch_embed", None), "num_patches", None)
    if not isinstance(patches, int):
        return
    heads = sum(int(getattr(part, "num_heads", 1)) for part in module.modules() if holds_attention(part))
    if heads * patches**2 > MOST_WEIGHTS:
        raise InputError(
            f"{name} cuts its input into {patches:,} patches, whose attention in {heads:,} heads fills "
            f"{4 * heads * patches**2 / 1e6:,.0f} MB, more than is shown here; choose a smaller image size"
        )


def refusal(name: str) -> str:
    """Why a network has no patches and tokens to show."""
    return (
        f"{name} does not attend from every patch to every patch, so there are no patches and tokens to show; vit_b_16 "
        "and timm's vit networks do"
    )


def attention_from(view: TokenView, token: int, *, block: int, head: int | None = None) -> TokenAttention:
    """Attention from a token in a block, both from 0; head: from 0, None their mean. Raises InputError out of range."""
    _check("token", token, view.tokens)
    _check("block", block, len(view.blocks))
    weights = view.blocks[block].weights
    if head is None:
        spread = weights[:, token].mean(axis=0)
    else:
        _check("head", head, len(weights))
        spread = weights[head, token]
    prefix = len(view.prefix)
    return TokenAttention(
        spread[prefix:].reshape(view.rows, view.columns), tuple(float(share) for share in spread[:prefix])
    )


def position_similarity(view: TokenView, token: int) -> np.ndarray | None:
    """Cosine similarity of a patch's positional embedding to that of every patch, rows x columns in -1..1.

    None for a prefix token, and where the network has no embedding for each position.
    """
    _check("token", token, view.tokens)
    place = token - len(view.prefix)
    if view.positions is None or place < 0:
        return None
    lengths = np.linalg.norm(view.positions, axis=1)
    scale = lengths * lengths[place]
    if not scale.all():  # not trained yet: some networks begin with zeros
        return None
    return (view.positions @ view.positions[place] / scale).reshape(view.rows, view.columns)


def attention_picture(view: TokenView, attention: TokenAttention, *, opacity: float = 0.6) -> np.ndarray:
    """Attention laid over the picture, a patch one color, the strongest patch 1: size x size x 3 uint8."""
    shares = attention.patches / (attention.patches.max() or 1.0)
    shares_map = SaliencyMap(_enlarged(view, shares), "attention-head", None, 0, evidence=True)
    return overlay_image(view.square, shares_map, opacity=opacity)


def similarity_picture(view: TokenView, near: np.ndarray) -> np.ndarray:
    """Position similarity in colors, from the least to 1: size x size x 3 uint8."""
    low = float(near.min())
    return color(_enlarged(view, (near - low) / ((1 - low) or 1.0)), "cividis")


def _enlarged(view: TokenView, values: np.ndarray) -> np.ndarray:
    """rows x columns -> size x size, unsmoothed: a patch is one token."""
    size = view.square.shape[0]
    down, across = np.arange(size) * view.rows // size, np.arange(size) * view.columns // size
    return values.astype(np.float32)[down][:, across]


def _prefix_names(module: nn.Module, count: int) -> tuple[str, ...]:
    """Names of the tokens before the patches, in the order in which timm and torchvision put them."""
    kinds = (("class token", ("cls_token", "class_token")), ("distillation token", ("dist_token",)))
    names = [name for name, attributes in kinds if any(getattr(module, a, None) is not None for a in attributes)]
    names = names[:count]
    rest = count - len(names)
    kind = "register" if getattr(module, "reg_token", None) is not None else "prefix token"
    return (*names, *(f"{kind} {n + 1}" for n in range(rest)))


def _positions(module: nn.Module, patches: int) -> np.ndarray | None:
    """Learned or fixed positional embeddings of the patches: patches x D, those of prefix tokens left out."""
    embedding = getattr(module, "pos_embed", None)
    if embedding is None:
        embedding = getattr(getattr(module, "encoder", None), "pos_embedding", None)
    if (
        not isinstance(embedding, torch.Tensor)
        or embedding.ndim != 3
        or not patches <= embedding.shape[1] < patches + 16
    ):
        return None
    return embedding[0, -patches:].detach().float().cpu().numpy().astype(np.float64)


def _check(what: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise InputError(f"{what} is {value}: it must be from 0 to {count - 1}")
