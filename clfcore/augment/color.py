"""What pixels become: tones, colors and rectangles of a batch, each image with its own number.

Pixels are n x C x S x S uint8 with one or three channels, never changed in place; factors are n numbers. Results are
cut down to whole values where torchvision cuts, so that both agree. Tones (float32 from 0 to 255, of pictures of more
than 8 bits) stay tones: nothing is rounded.
"""

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as V

from clfcore.augment.geometry import column

# torchvision's way from 0..1 back to bytes.
BYTES = (256 - 1e-3) / 255


def brightness(pixels: Tensor, factors: np.ndarray) -> Tensor:
    return _cut(pixels * column(factors, pixels), pixels)


def contrast(pixels: Tensor, factors: np.ndarray) -> Tensor:
    """Away from the image's own mean gray (factor above 1) or towards it."""
    return _blend(pixels, gray(pixels).mean(dim=(1, 2, 3), keepdim=True), factors)


def saturation(pixels: Tensor, factors: np.ndarray) -> Tensor:
    """Away from the image's own gray copy or towards it; a gray image stays as it is."""
    return pixels if pixels.shape[1] == 1 else _blend(pixels, gray(pixels), factors)


def hue(pixels: Tensor, turns: np.ndarray) -> Tensor:
    """Colors turned on the hue circle by -0.5 to 0.5 of a turn; a gray image stays as it is."""
    if pixels.shape[1] == 1:
        return pixels
    x = pixels.float()
    low, high = torch.aminmax(x, dim=1)  # n x S x S
    chroma = high - low
    r, g, b = x.unbind(dim=1)
    safe = torch.where(chroma == 0, torch.ones_like(chroma), chroma)
    sixth = torch.where(high == r, (g - b) / safe, torch.where(high == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    sixth = sixth + 6 * column(turns, pixels)[:, 0]
    # f(k) = value - chroma * max(0, min(k, 4 - k, 1)) for k = (5, 3, 1) + six times the hue: red, green, blue.
    parts = []
    for offset in (5, 3, 1):
        k = (sixth + offset) % 6
        parts.append(high - chroma * torch.minimum(k, 4 - k).clamp_(0, 1))
    turned = torch.stack(parts, dim=1)
    return _cut(turned if pixels.is_floating_point() else turned * BYTES, pixels)


def sharpness(pixels: Tensor, factors: np.ndarray) -> Tensor:
    """Away from a smoothed copy (factor above 1) or towards it; the outermost pixels stay."""
    if pixels.shape[-1] <= 2:
        return pixels
    x = pixels.to(torch.float32, copy=True)
    inner = x[..., 1:-1, 1:-1]
    # The kernel is 1 everywhere and 5 in the middle, over 13: sums of slices, a tenth of the time of a convolution.
    rows = x[..., :-2, :] + x[..., 1:-1, :] + x[..., 2:, :]
    smooth = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:] + 4 * inner
    smooth = smooth.div_(13) if pixels.is_floating_point() else smooth.div_(13).round_()
    x[..., 1:-1, 1:-1] = inner + (smooth - inner) * (1 - column(factors, pixels))
    return _cut(x, pixels)


def posterize(pixels: Tensor, bits: np.ndarray) -> Tensor:
    """The highest `bits` of each value (of 8) kept."""
    if pixels.is_floating_point():
        step = column(2.0 ** (8 - bits.astype(np.int64)), pixels)
        return (pixels / step).floor_() * step
    masks = (256 - (1 << (8 - bits.astype(np.int64)))).astype(np.uint8)
    return pixels & torch.from_numpy(masks).to(pixels.device).view(-1, 1, 1, 1)


def solarize(pixels: Tensor, thresholds: np.ndarray) -> Tensor:
    """Values from a threshold (0 to 255) on inverted."""
    return torch.where(pixels >= column(thresholds, pixels), 255 - pixels, pixels)


def autocontrast(pixels: Tensor) -> Tensor:
    """Each channel stretched from its darkest to its lightest value to the whole range."""
    if pixels.is_floating_point():  # of floats torchvision takes 0 to 1
        return V.autocontrast_image(pixels / 255) * 255
    return V.autocontrast_image(pixels)


def equalize(pixels: Tensor) -> Tensor:
    """Each channel's values spread evenly over the range; of tones by their ranks, which is a bin a value."""
    if not pixels.is_floating_point():
        return V.equalize_image(pixels)
    flat = pixels.flatten(2)  # n x C x S*S
    ordered = flat.sort(dim=-1).values
    below = torch.searchsorted(ordered, flat.contiguous(), right=True)
    lowest = torch.searchsorted(ordered, ordered[..., :1].contiguous(), right=True)  # how many share the darkest value
    share = (below - lowest) / (flat.shape[-1] - lowest).clamp(min=1)
    return (share * 255).view_as(pixels)


def gray(pixels: Tensor) -> Tensor:
    """n x 1 x S x S float32 by ITU-R 601 luma, of whole values where the pixels are bytes."""
    if pixels.shape[1] == 1:
        return pixels.float()
    r, g, b = pixels.float().split(1, dim=1)
    luma = r * 0.2989 + g * 0.587 + b * 0.114
    return luma if pixels.is_floating_point() else luma.floor_()


def jittered(pixels: Tensor, factors: np.ndarray, order: np.ndarray) -> Tensor:
    """Brightness, contrast, saturation and hue by n x 4 factors, each image in its own order (n x 4 places)."""
    still = np.array([1.0, 1.0, 1.0, 0.0])
    out = pixels
    for place in range(4):
        for change, (which, neutral) in zip((brightness, contrast, saturation, hue), enumerate(still), strict=True):
            rows = np.flatnonzero((order[:, which] == place) & (factors[:, which] != neutral))
            if len(rows) == 0 or (which > 1 and pixels.shape[1] == 1):
                continue
            if len(rows) == len(pixels):
                out = change(out, factors[:, which])
                continue
            at = torch.from_numpy(rows).to(pixels.device)
            out = out.index_copy(0, at, change(out.index_select(0, at), factors[rows, which]))
    return out


def painted(pixels: Tensor, boxes: np.ndarray, shade: Tensor) -> Tensor:
    """Each image's box (top, left, height, width; height 0 for none) in one shade, C values, of the pixels' type."""
    out = pixels.clone()
    for i, (top, left, height, width) in enumerate(boxes.tolist()):
        if height:
            out[i, :, top : top + height, left : left + width] = shade.view(-1, 1, 1)
    return out


def _blend(pixels: Tensor, other: Tensor, factors: np.ndarray) -> Tensor:
    return _cut(pixels * column(factors, pixels) + other * column(1.0 - factors, pixels), pixels)


def _cut(x: Tensor, pixels: Tensor) -> Tensor:
    """x (which may be changed) within 0 to 255, in the pixels' type."""
    return x.clamp_(0, 255) if pixels.is_floating_point() else x.clamp_(0, 255).to(torch.uint8)
