"""Input gradients: saliency, SmoothGrad and integrated gradients."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.exclusive import borrowed
from clfcore.explain.hooks import Score, batch_size

SAMPLES = 16  # of SmoothGrad
MOST, ENOUGH = 128, 0.02  # of integrated gradients: points on the path, and the share that may stay unexplained
NOISE = 0.15  # standard deviation, as a share of the picture's range: the paper's 10 to 20%

Tick = Callable[[int, int], None]


class Attributions(NamedTuple):
    """Integrated gradients: size x size values, their sum, and the change of the score that the sum should be."""

    values: np.ndarray
    total: float
    change: float


def saliency(module: nn.Module, x: Tensor, score: Score) -> np.ndarray:
    """Saliency, size x size: the largest absolute gradient of the channels (Simonyan et al. 2014, section 3.1)."""
    with borrowed(module):
        return gradient(module, x, score)[0].abs().amax(0).cpu().numpy()


def smoothgrad(module: nn.Module, x: Tensor, score: Score, *, progress: Tick, seed: int = 0) -> np.ndarray:
    """SmoothGrad, size x size: saliency of the mean gradient of 16 noisy copies (Smilkov et al. 2017, section 3)."""
    generator = torch.Generator().manual_seed(seed)
    deviation = NOISE * float(x.max() - x.min())
    total = torch.zeros_like(x)
    step = batch_size(x)
    with borrowed(module):
        _settle(module, x, score)
        for start in range(0, SAMPLES, step):
            count = min(step, SAMPLES - start)
            noise = torch.randn((count, *x.shape[1:]), generator=generator).to(x.device) * deviation
            total += gradient(module, x + noise, score).sum(0, keepdim=True)
            progress(start + count, SAMPLES)
    return (total / SAMPLES)[0].abs().amax(0).cpu().numpy()


def integrated_gradients(
    module: nn.Module, x: Tensor, score: Score, *, progress: Tick, most: int = MOST, enough: float = ENOUGH
) -> Attributions:
    """Integrated gradients, with both sides of their completeness axiom.

    The path is a straight line from the mean color (0 after normalization) to the picture (Sundararajan et al. 2017,
    equations 1 and 3). As its section 5 advises, points are added until the sum is right: a batch at a time, in
    the middle of the intervals where the gradient changes most, until the sum is off by at most `enough` of the change,
    or `most` points are spent. The integral is by the trapezoidal rule.
    """
    step = min(16, batch_size(x))
    shares = np.linspace(0, 1, step) ** 2  # closer near the start, where scores change most
    with borrowed(module):
        _settle(module, x, score)
        with torch.no_grad():
            ends = score(module(torch.cat([x, torch.zeros_like(x)])))
        change = float(ends[0] - ends[1])
        gradients = gradient(module, _between(x, shares), score)
        while True:
            spans = np.diff(shares)
            weights = np.convolve(spans, [0.5, 0.5])  # of the trapezoidal rule: half of the spans on both sides
            total = torch.einsum("n,nchw->chw", torch.from_numpy(weights).to(x), gradients)
            slopes = (gradients * x).sum((1, 2, 3)).cpu().numpy()  # of the score along the path
            progress(min(len(shares), most - 1), most)
            if abs(float(weights @ slopes) - change) <= enough * abs(change) or len(shares) >= most:
                break
            widest = np.argsort(-np.abs(np.diff(slopes)) * spans, kind="stable")[: min(step, most - len(shares))]
            added = (shares[widest] + shares[widest + 1]) / 2
            gradients = torch.cat([gradients, gradient(module, _between(x, added), score)])
            shares = np.concatenate([shares, added])
            order = np.argsort(shares)
            shares, gradients = shares[order], gradients[torch.from_numpy(order).to(x.device)]
    progress(most, most)
    attributions = (total * x[0]).sum(0)  # size x size
    return Attributions(attributions.cpu().numpy(), float(attributions.double().sum()), change)


def _between(x: Tensor, shares: np.ndarray) -> Tensor:
    """Points at some shares of the path from 0 to x: N x channels x size x size."""
    return torch.from_numpy(shares).to(x)[:, None, None, None] * x


def gradient(module: nn.Module, x: Tensor, score: Score) -> Tensor:
    """Gradient of the score by the input, N x channels x size x size; pictures do not mix in eval mode."""
    with torch.enable_grad():
        # Channels innermost: a batch of efficientnet_lite0 then takes 0.4 to 0.7 of the time on a CPU.
        leaf = x.detach().contiguous(memory_format=torch.channels_last).requires_grad_()
        total = score(module(leaf.clone())).sum()  # a clone, for the first layer may work in place
        return torch.autograd.grad(total, leaf)[0]


def _settle(module: nn.Module, x: Tensor, score: Score) -> None:
    """Settle an open target as the prediction for the picture itself, not for a noisy or faded copy of it."""
    if score.target is None:
        with torch.no_grad():
            score.settled(module(x))
