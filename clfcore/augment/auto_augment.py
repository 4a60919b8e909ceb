"""The fourteen operations of AutoAugment and its successors, and how each of the four methods draws them.

An image gets a row of operations and magnitudes, one a slot; a batch is worked off slot by slot, grouped by operation.
Spaces of magnitudes and the searched pairs are torchvision's; a test holds both against it.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from clfcore.augment import color, geometry
from clfcore.augment.autoaugment_policies import PAIRS
from clfcore.augment.policy import Step
from clfcore.augment.random_table import signs, whole

# Name -> (pixels, magnitudes n, interpolation) -> pixels.
OPERATIONS: Mapping[str, Callable[[Tensor, np.ndarray, str], Tensor]] = {
    "Identity": lambda x, m, how: x,
    "ShearX": lambda x, m, how: geometry.sheared(x, m, axis="x", interpolation=how),
    "ShearY": lambda x, m, how: geometry.sheared(x, m, axis="y", interpolation=how),
    "TranslateX": lambda x, m, how: geometry.moved(x, m, axis="x"),
    "TranslateY": lambda x, m, how: geometry.moved(x, m, axis="y"),
    "Rotate": lambda x, m, how: geometry.turned(x, m, interpolation=how),
    "Brightness": lambda x, m, how: color.brightness(x, 1 + m),
    "Color": lambda x, m, how: color.saturation(x, 1 + m),
    "Contrast": lambda x, m, how: color.contrast(x, 1 + m),
    "Sharpness": lambda x, m, how: color.sharpness(x, 1 + m),
    "Posterize": lambda x, m, how: color.posterize(x, m),
    "Solarize": lambda x, m, how: color.solarize(x, 255 * m),
    "AutoContrast": lambda x, m, how: color.autocontrast(x),
    "Equalize": lambda x, m, how: color.equalize(x),
    "Invert": lambda x, m, how: 255 - x,
}
NAMES = tuple(OPERATIONS)

# Those whose magnitude is drawn to either side.
SIGNED = frozenset(("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"))
SIGNED |= {"Brightness", "Color", "Contrast", "Sharpness"}

_WITHOUT_INVERT = NAMES[:-1]
# AugMix leaves the picture itself to its mixing.
_AUGMIX = NAMES[1:-1]


def strength(name: str, share: np.ndarray, *, method: str, side: int) -> np.ndarray:
    """Magnitudes at shares of the way from weakest (0) to strongest (1), without sign."""
    wide = method == "trivialaugment"
    if name == "Posterize":
        start, span = {"trivialaugment": (8, 6), "augmix": (4, 4)}.get(method, (8, 4))
        return np.rint(np.float32(start) - np.float32(span) * share)
    if name == "Solarize":
        return 1.0 - share
    if name in ("TranslateX", "TranslateY"):
        most = {"trivialaugment": 32.0, "augmix": side / 3.0}.get(method, 150.0 / 331.0 * side)
    elif name in ("ShearX", "ShearY"):
        most = 0.99 if wide else 0.3
    elif name == "Rotate":
        most = 135.0 if wide else 30.0
    elif name in SIGNED:
        most = 0.99 if wide else 0.9
    else:
        most = 0.0
    return share * most


def draw_operations(step: Step, u: np.ndarray, *, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Operations (n x slots int64, places in NAMES) and magnitudes (n x slots float64) of a step."""
    if step.kind == "autoaugment":
        return _searched(step, u, side)
    if step.kind == "randaugment":
        chosen = whole(u[:, 0::2], len(_WITHOUT_INVERT))
        share = np.full(chosen.shape, step.whole("magnitude") / 30)
        return chosen, _magnitudes(chosen, share, signs(u[:, 1::2]), method=step.kind, side=side)
    if step.kind == "trivialaugment":
        chosen = whole(u[:, :1], len(_WITHOUT_INVERT))
        return chosen, _magnitudes(chosen, whole(u[:, 1:2], 31) / 30, signs(u[:, 2:3]), method=step.kind, side=side)
    chains, depth = step.whole("width"), step.whole("depth") or 3
    numbers = u[:, 2 + 2 * chains :].reshape(len(u), chains, depth, 3)
    chosen = 1 + whole(numbers[..., 0], len(_AUGMIX))
    lengths = np.full((len(u), chains), depth)
    if step.whole("depth") == 0:
        lengths = whole(u[:, 2 + chains : 2 + 2 * chains], 3) + 1
    chosen = np.where(np.arange(depth) < lengths[..., None], chosen, 0).reshape(len(u), -1)
    shares = (whole(numbers[..., 1], step.whole("severity")) / 9).reshape(len(u), -1)
    return chosen, _magnitudes(chosen, shares, signs(numbers[..., 2]).reshape(len(u), -1), method=step.kind, side=side)


def mixing(step: Step, u: np.ndarray) -> np.ndarray:
    """AugMix's weights, n x (1 + width), rows sum to 1: the picture's own first, then each chain's."""
    from scipy.special import gammaincinv

    # A Dirichlet draw is a set of gamma draws over their sum; a gamma draw is its quantile at a uniform number.
    gammas = gammaincinv(step.number("alpha"), u[:, : 2 + step.whole("width")]).clip(min=1e-300)
    own, chains = gammas[:, :2], gammas[:, 2:]
    own, chains = own / own.sum(axis=1, keepdims=True), chains / chains.sum(axis=1, keepdims=True)
    return np.concatenate([own[:, :1], own[:, 1:] * chains], axis=1)


def apply_operation(
    pixels: Tensor, chosen: np.ndarray, magnitudes: np.ndarray, *, interpolation: str = "nearest"
) -> Tensor:
    """One operation an image: chosen and magnitudes are n numbers."""
    out = pixels
    for which in np.unique(chosen):
        if NAMES[which] == "Identity":
            continue
        rows = np.flatnonzero(chosen == which)
        operation = OPERATIONS[NAMES[which]]
        if len(rows) == len(pixels):
            return operation(pixels, magnitudes, interpolation)
        at = torch.from_numpy(rows).to(pixels.device)
        out = out.index_copy(0, at, operation(pixels.index_select(0, at), magnitudes[rows], interpolation))
    return out


def apply_auto_augment(step: Step, u: np.ndarray, pixels: Tensor) -> Tensor:
    """A step of the four methods on a batch, by its uniform numbers (n x columns)."""
    chosen, magnitudes = draw_operations(step, u, side=pixels.shape[-1])
    if step.kind != "augmix":
        for slot in range(chosen.shape[1]):
            pixels = apply_operation(pixels, chosen[:, slot], magnitudes[:, slot])
        return pixels
    weights, depth = mixing(step, u), step.whole("depth") or 3
    mixed = pixels * geometry.column(weights[:, 0], pixels)
    for chain in range(step.whole("width")):
        out = pixels
        for slot in range(chain * depth, (chain + 1) * depth):
            out = apply_operation(out, chosen[:, slot], magnitudes[:, slot], interpolation="bilinear")
        mixed += out * geometry.column(weights[:, chain + 1], pixels)
    return mixed.clamp_(0, 255) if pixels.is_floating_point() else mixed.clamp_(0, 255).to(torch.uint8)


def _magnitudes(chosen: np.ndarray, share: np.ndarray, sign: np.ndarray, *, method: str, side: int) -> np.ndarray:
    out = np.zeros(chosen.shape)
    for which in np.unique(chosen):
        at = chosen == which
        out[at] = strength(NAMES[which], share[at], method=method, side=side)
        if NAMES[which] in SIGNED:
            out[at] *= sign[at]
    return out


def _searched(step: Step, u: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    pairs = PAIRS[step.choice("searched_on")]
    pair = whole(u[:, 0], len(pairs))
    names = np.array([[NAMES.index(name) for name, _, _ in two] for two in pairs])[pair]  # n x 2
    chances = np.array([[chance for _, chance, _ in two] for two in pairs])[pair]
    levels = np.array([[level for _, _, level in two] for two in pairs])[pair]
    chosen = np.where(u[:, 1:3] < chances, names, 0)
    return chosen, _magnitudes(chosen, levels / 9, signs(u[:, 3:5]), method=step.kind, side=side)
