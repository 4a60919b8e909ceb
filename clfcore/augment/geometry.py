"""Where pixels come from: cuts, flips, resized boxes and affine maps of a batch, each image with its own numbers.

Pixels are n x C x S x S on any device and are never changed in place: uint8, or tones (float32 from 0 to 255, of deeper
pictures), which are never rounded. On a CPU cuts are copies of rows and flips of slices, image by image: several
times the speed of torch's gathers, which go pixel by pixel.
"""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2 import functional as V

# From this side on, torch's own uint8 resize, an image at a time, is faster on a CPU than products of matrices.
LARGE = 48


def on_cpu(pixels: Tensor) -> bool:
    return pixels.device.type == "cpu"


def places(rows: np.ndarray, pixels: Tensor) -> Tensor:
    """Numpy indices on the pixels' device."""
    return torch.from_numpy(np.ascontiguousarray(rows)).to(pixels.device)


def column(values: np.ndarray, pixels: Tensor) -> Tensor:
    """n numbers as n x 1 x 1 x 1 float32 on the pixels' device."""
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(pixels.device).view(-1, 1, 1, 1)


def as_given(x: Tensor, pixels: Tensor) -> Tensor:
    """Results in the pixels' type: whole numbers for bytes, tones as they are; x may be changed."""
    return x if pixels.is_floating_point() else x.round_().to(torch.uint8)


def center(pixels: Tensor, size: int) -> Tensor:
    """The middle size x size, as evaluation sees it."""
    top, left = (pixels.shape[2] - size) // 2, (pixels.shape[3] - size) // 2
    return pixels[:, :, top : top + size, left : left + size]


def cut(pixels: Tensor, corners: np.ndarray, size: int) -> Tensor:
    """n x C x size x size, each image from its own top and left corner (n x 2)."""
    n, _, side, _ = pixels.shape
    if side == size:
        return pixels
    if on_cpu(pixels):
        rows = sliding_window_view(pixels.numpy(), (size, size), axis=(2, 3))  # a copy of rows: torch's is by pixel
        return torch.from_numpy(rows[np.arange(n), :, corners[:, 0], corners[:, 1]])
    windows = pixels.unfold(2, size, 1).unfold(3, size, 1)  # n x C x room x room x size x size, a view
    at = places(corners, pixels)
    return windows[torch.arange(n, device=pixels.device), :, at[:, 0], at[:, 1]]


def flipped(pixels: Tensor, chosen: np.ndarray, axis: int) -> Tensor:
    """The chosen images (n bool) mirrored along an axis: -1 changes left and right over, -2 top and bottom."""
    out = pixels.clone()
    rows = np.flatnonzero(chosen)
    if on_cpu(pixels):
        source, target = pixels.numpy(), out.numpy()
        for i in rows.tolist():
            target[i] = source[i, :, :, ::-1] if axis == -1 else source[i, :, ::-1]
    else:
        at = places(rows, pixels)
        out[at] = pixels[at].flip(axis)
    return out


def padded(pixels: Tensor, width: int, *, border: str, fill: float) -> Tensor:
    """`width` pixels more on every side: of one shade, the edge repeated, or the picture mirrored."""
    if border == "constant":
        return F.pad(pixels, [width] * 4, value=round(fill))
    side = pixels.shape[-1]
    at = np.arange(-width, side + width)
    at = at.clip(0, side - 1) if border == "edge" else (side - 1) - np.abs((side - 1) - np.abs(at))
    index = places(at, pixels)
    return pixels.index_select(2, index).index_select(3, index)


def enlarged(pixels: Tensor, side: int) -> Tensor:
    """The whole picture at another side, bilinear and antialiased."""
    if pixels.shape[-1] == side:
        return pixels
    if pixels.stride(0) == 0:  # one picture, expanded: views of the same are enlarged once
        return V.resize_image(pixels[:1], [side, side], antialias=True).expand(len(pixels), -1, -1, -1)
    return V.resize_image(pixels, [side, side], antialias=True)


def resized(pixels: Tensor, boxes: np.ndarray, size: int) -> Tensor:
    """n x C x size x size: each image's own box (top, left, height, width) resized, bilinear and antialiased."""
    if on_cpu(pixels) and size >= LARGE:
        pairs = zip(pixels, boxes.tolist(), strict=True)
        return torch.stack([V.resized_crop_image(x, *box, size=[size, size], antialias=True) for x, box in pairs])
    side = pixels.shape[-1]
    down = _weights(boxes[:, 0], boxes[:, 2], side=side, size=size, device=pixels.device)  # n x size x S
    across = _weights(boxes[:, 1], boxes[:, 3], side=side, size=size, device=pixels.device)
    x = down[:, None] @ pixels.float() @ across[:, None].transpose(2, 3)  # n x C x size x size
    return as_given(x.clamp_(0, 255), pixels)


def _weights(start: np.ndarray, length: np.ndarray, *, side: int, size: int, device: torch.device) -> Tensor:
    """n x size x side float32: what each old pixel of a box gives to each new one. A triangle, wider when shrinking."""
    scale = torch.from_numpy(length / size).to(device).view(-1, 1, 1)  # old pixels for a new one
    begin = torch.from_numpy(start).to(device).view(-1, 1, 1)
    end = begin + torch.from_numpy(length).to(device).view(-1, 1, 1)
    middle = begin + (torch.arange(size, device=device).view(1, -1, 1) + 0.5) * scale - 0.5
    old = torch.arange(side, device=device).view(1, 1, -1)
    weight = (1 - (old - middle).abs() / scale.clamp(min=1)).clamp(min=0) * ((old >= begin) & (old < end))
    return (weight / weight.sum(dim=2, keepdim=True)).float()


def turned(pixels: Tensor, angles: np.ndarray, *, interpolation: str = "nearest", fill: float = 0.0) -> Tensor:
    """Each image turned about its center by its own angle, degrees anticlockwise."""
    radians = np.deg2rad(angles)
    cos, sin, zero = np.cos(radians), np.sin(radians), np.zeros_like(radians)
    matrices = np.stack([cos, -sin, zero, sin, cos, zero], axis=1)
    return warped(pixels, matrices, interpolation=interpolation, fill=fill)


def sheared(pixels: Tensor, amounts: np.ndarray, *, axis: str, interpolation: str = "nearest") -> Tensor:
    """Each image sheared about its top left corner by its own amount, the tangent of the angle (AutoAugment's)."""
    half = pixels.shape[-1] * 0.5
    one, zero = np.ones_like(amounts), np.zeros_like(amounts)
    rows = {"x": [one, amounts, amounts * half, zero, one, zero], "y": [one, zero, zero, amounts, one, amounts * half]}
    return warped(pixels, np.stack(rows[axis], axis=1), interpolation=interpolation)


def moved(pixels: Tensor, amounts: np.ndarray, *, axis: str) -> Tensor:
    """Each image moved by its own number of whole pixels, black coming in."""
    side, shifts = pixels.shape[-1], np.trunc(amounts).astype(np.int64)
    if not on_cpu(pixels):
        one, zero = np.ones(len(shifts)), np.zeros(len(shifts))
        right, down = (shifts, zero) if axis == "x" else (zero, shifts)
        return warped(pixels, np.stack([one, zero, -right, zero, one, -down], axis=1))
    out = torch.zeros_like(pixels)
    for i, shift in enumerate(shifts.tolist()):
        to, source = slice(max(shift, 0), side + min(shift, 0)), slice(max(-shift, 0), side - max(shift, 0))
        if abs(shift) >= side:
            continue
        if axis == "x":
            out[i, :, :, to] = pixels[i, :, :, source]
        else:
            out[i, :, to] = pixels[i, :, source]
    return out


def warped(pixels: Tensor, matrices: np.ndarray, *, interpolation: str = "nearest", fill: float = 0.0) -> Tensor:
    """Each image through its own affine map, n x 6: where, from the center, a new pixel is read in the old image."""
    n, side = len(pixels), pixels.shape[-1]
    theta = torch.from_numpy(matrices / (0.5 * side)).to(pixels.device, torch.float32).view(n, 1, 1, 2, 3)
    line = torch.linspace((1.0 - side) * 0.5, (side - 1.0) * 0.5, steps=side, device=pixels.device)
    # A sum of a row and a column: a third of the time of a product with every place.
    grid = theta[..., 0] * line.view(1, 1, -1, 1) + (theta[..., 1] * line.view(1, -1, 1, 1) + theta[..., 2])
    # Reading fill as zero keeps what comes in from outside right without a mask of its own.
    old = pixels.float() - fill if fill else pixels.float()
    new = F.grid_sample(old, grid, mode=interpolation, padding_mode="zeros", align_corners=False)
    return as_given(new + fill if fill else new, pixels)
