"""Gradients of the score by the pixels: saliency, SmoothGrad, integrated gradients."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.explain.hooks import Score, batch_size, borrowed

SAMPLES = 16  # of SmoothGrad
STEPS = 48  # of integrated gradients: three batches of a photo
NOISE = 0.15  # standard deviation, as a share of the picture's range: the paper's 10 to 20 %

Tick = Callable[[int, int], None]


def saliency(module: nn.Module, x: Tensor, score: Score) -> np.ndarray:
    """size x size: the largest gradient among the channels, without its sign (Simonyan et al. 2014, section 3.1)."""
    with borrowed(module):
        return gradient(module, x, score)[0].abs().amax(0).cpu().numpy()


def smoothgrad(module: nn.Module, x: Tensor, score: Score, progress: Tick, *, seed: int = 0) -> np.ndarray:
    """size x size: as saliency, of the mean gradient of 16 noisy copies (Smilkov et al. 2017, section 3)."""
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
    module: nn.Module, x: Tensor, score: Score, progress: Tick, *, steps: int = STEPS
) -> tuple[np.ndarray, float, float]:
    """size x size attributions; their sum; and the change of the score they should sum to (completeness).

    The way leads in a straight line from the mean colour (0 after normalisation) to the picture (Sundararajan et al.
    2017, equations 1 and 3, proposition 1). The integral is by Gauss-Legendre over t with the share t^2 of the way:
    points lie closer near the start, where scores change most (of a cat, 50 times as fast as half way).
    """
    points, weights = np.polynomial.legendre.leggauss(steps)
    t = (points + 1) / 2
    points, weights = torch.from_numpy(t**2).to(x), torch.from_numpy(weights * t).to(x)  # d(t^2) = 2t dt, dt = 1/2
    total = torch.zeros_like(x)
    step = batch_size(x)
    with borrowed(module):
        _settle(module, x, score)
        for start in range(0, steps, step):
            share = points[start : start + step, None, None, None]
            total += (gradient(module, share * x, score) * weights[start : start + step, None, None, None]).sum(0)
            progress(min(start + step, steps), steps)
        with torch.no_grad():
            ends = score(module(torch.cat([x, torch.zeros_like(x)])))
    attributions = (total * x)[0].sum(0)  # size x size
    return attributions.cpu().numpy(), float(attributions.double().sum()), float(ends[0] - ends[1])


def gradient(module: nn.Module, x: Tensor, score: Score) -> Tensor:
    """The score's gradient by the input, N x channels x size x size; pictures do not mix in eval mode."""
    with torch.enable_grad():
        # Channels innermost: a batch of efficientnet_lite0 then takes 0.4 to 0.7 of the time on a CPU.
        leaf = x.detach().contiguous(memory_format=torch.channels_last).requires_grad_()
        return torch.autograd.grad(score(module(leaf.clone())).sum(), leaf)[
            0
        ]  # a clone: its first part may be in place


def _settle(module: nn.Module, x: Tensor, score: Score) -> None:
    """An open target is the prediction for the picture itself, not for a noisy or faded copy of it."""
    if score.target is None:
        with torch.no_grad():
            score.settled(module(x))
