"""How fast a network is on this device, and how gradients reach its layers: measured, on a copy."""

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.architectures.build import build
from clfcore.architectures.catalogue import configured
from clfcore.architectures.options import Options
from clfcore.device import device_words
from clfcore.errors import InputError
from clfcore.progress import Progress
from clfcore.randomness import Stream

LARGEST = 4 << 30  # bytes of weights that are built for a measurement


@dataclass(frozen=True)
class Latency:
    """Seconds of a forward pass, warm: the median, and the 10th and 90th of 100; images a second at the median."""

    batch_size: int
    median: float
    low: float
    high: float
    images_per_second: float


@dataclass(frozen=True)
class NetworkLatency:
    """The latency of a network on a device, a row a batch size."""

    device: str
    batches: tuple[Latency, ...]


def latency(
    module: nn.Module,
    image: Tensor,
    *,
    batch_sizes: Sequence[int] = (1, 16),
    repeats: int = 10,
    progress: Progress | None = None,
) -> list[Latency]:
    """Time forward passes of `image` (C x H x W, on the module's device) in evaluation mode, for each batch size."""
    training, rows = module.training, []
    module.eval()
    total = len(batch_sizes) * repeats
    try:
        for number, size in enumerate(batch_sizes):
            batch = image.expand(size, *image.shape).contiguous()
            done = number * repeats
            rows.append(_latency(module, batch, repeats=repeats, progress=progress, done=done, total=total))
    finally:
        module.train(training)
    return rows


def _latency(
    module: nn.Module,
    batch: Tensor,
    *,
    repeats: int,
    progress: Progress | None,
    done: int,
    total: int,
) -> Latency:
    seconds = []
    with torch.inference_mode():
        for _ in range(2):  # the first passes choose algorithms and fill caches
            module(batch)
        for number in range(repeats):
            if progress is not None:
                progress(done + number, total)
            _wait(batch)
            start = time.perf_counter()
            module(batch)
            _wait(batch)
            seconds.append(time.perf_counter() - start)
    low, median, high = (float(value) for value in np.percentile(seconds, [10, 50, 90]))
    return Latency(len(batch), median, low, high, len(batch) / median)


def check_weight_memory(name: str, options: Options | None = None) -> None:
    """Refuse to build a network whose weights alone would fill the memory, before they are allocated."""
    from clfcore.architectures.summary import table

    parameters = table(name, options=options).parameters
    if 4 * parameters > LARGEST:
        most = LARGEST / 4e9
        raise InputError(
            f"architecture is {name!r}: {parameters / 1e9:.2f} billion weights are too many to build them here; "
            f"choose a network of at most {most:.2f} billion"
        )


def time_network(
    name: str,
    *,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
    progress: Progress | None = None,
) -> NetworkLatency:
    """Latency of a network with random weights on this machine's device, for batches of one image and of sixteen.

    options and sizes None: the architecture's own. Raises InputError for a network that is too large to build.
    """
    row, _ = configured(name, options)
    channels, columns = row.channels if channels is None else channels, row.classes if classes is None else classes
    check_weight_memory(name, options)
    with Stream(0).drawn():
        built = build(row.name, columns=columns, channels=channels, image_size=image_size, options=options)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    side = built.preprocess.size
    image = torch.zeros(channels, side, side, device=device)
    return NetworkLatency(device_words(device), tuple(latency(built.module.to(device), image, progress=progress)))


def _wait(batch: Tensor) -> None:
    if batch.is_cuda:
        torch.cuda.synchronize(batch.device)


@dataclass(frozen=True)
class GradientNorm:
    """L2 norm of the loss's gradient in one layer's weights, at the start and after the steps."""

    layer: str
    before: float
    after: float


def gradient_norms(
    module: nn.Module, x: Tensor, y: Tensor, *, steps: int = 5, learning_rate: float = 0.01
) -> tuple[GradientNorm, ...]:
    """How gradients reach each convolution and linear layer, first to last, at initialization and after some steps.

    x: B x C x H x W float32, y: B int64; cross-entropy, plain gradient descent. The module is left as it was.
    """
    network = copy.deepcopy(module).train().requires_grad_(True)
    before = _norms(network, x, y)
    for _ in range(steps):
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.grad is not None:
                    parameter.sub_(learning_rate * parameter.grad)
        after = _norms(network, x, y)
    if not steps:
        after = before
    return tuple(GradientNorm(name, before[name], after[name]) for name in before)


def _norms(network: nn.Module, x: Tensor, y: Tensor) -> dict[str, float]:
    network.zero_grad()
    nn.functional.cross_entropy(network(x), y).backward()
    layers = [(name, part) for name, part in network.named_modules() if isinstance(part, (nn.Conv2d, nn.Linear))]
    return {name: float(part.weight.grad.norm()) for name, part in layers if part.weight.grad is not None}
