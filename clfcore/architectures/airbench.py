"""A network that learns small color images in seconds: whitened patches, narrow blocks, GELU and a logit scale."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PATCH = 2  # side of the patches that the first layer whitens
PATCH_NOISE = 5e-4  # added to a patch direction's variance, so that directions that hardly vary are not blown up
LOGIT_SCALE = 1 / 9


class WhiteningConv(nn.Conv2d):
    """First layer, a fixed basis in which patches of 2 x 2 have unit variance, each direction with both signs.

    Its weights are computed from images (`whiten`) and get no gradient; its bias is trained. Until then they are
    random orthogonal directions.
    """

    def __init__(self, channels: int) -> None:
        directions = channels * PATCH * PATCH
        super().__init__(channels, 2 * directions, PATCH)
        basis = torch.empty(directions, directions, device=self.weight.device)
        nn.init.orthogonal_(basis)
        self._set(basis)
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight.detach(), self.bias)

    def whiten(self, x: Tensor) -> None:
        """Take the basis from images, N x C x S x S normalized: the eigenvectors of their patches' covariance."""
        patches = F.unfold(x.float(), PATCH).transpose(1, 2).flatten(0, 1)  # patches x (C * 4)
        covariance = patches.T @ patches / len(patches)
        # A matrix of 12 x 12: on the CPU, where every backend has the routine.
        variances, vectors = torch.linalg.eigh(covariance.cpu().double())
        basis = (vectors / (variances.clamp(min=0) + PATCH_NOISE).sqrt()).T
        self._set(basis.flip(0).to(self.weight))

    def _set(self, basis: Tensor) -> None:
        rows = basis.view(len(basis), self.in_channels, PATCH, PATCH)
        with torch.no_grad():
            self.weight.copy_(torch.cat([rows, -rows]))


class ShiftNorm(nn.BatchNorm2d):
    """Batch normalization that learns a shift and no scale, and follows its statistics quickly: a run has few steps."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=1e-5, momentum=0.4)

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        assert self.momentum is not None
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight.detach(),
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )


class AirBenchBlock(nn.Module):
    """Two 3 x 3 convolutions, the maps halved after the first; both begin as near the identity as widths allow."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(inputs, width, 3, padding=1, bias=False), ShiftNorm(width)
        self.pool, self.act = nn.MaxPool2d(2), nn.GELU()
        self.conv2, self.norm2 = nn.Conv2d(width, width, 3, padding=1, bias=False), ShiftNorm(width)
        for conv in (self.conv1, self.conv2):
            nn.init.kaiming_uniform_(conv.weight, nonlinearity="linear")
            with torch.no_grad():
                nn.init.dirac_(conv.weight[: conv.in_channels])

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm1(self.pool(self.conv1(x))))
        return self.act(self.norm2(self.conv2(x)))


class AirBench(nn.Module):
    """Jordan, 94% on CIFAR-10 in 3.29 seconds on a single GPU, 2024: its network, in this lab's words.

    A whitening layer of 2 x 2 patches, three blocks, the largest value of each map, one linear layer and a constant
    scale of the logits, which keeps the first steps' softmax soft.
    """

    def __init__(self, *, columns: int, channels: int = 3, width: int = 64) -> None:
        super().__init__()
        self.whitening, self.act = WhiteningConv(channels), nn.GELU()
        widths = [self.whitening.out_channels, width, 4 * width, 4 * width]
        self.blocks = nn.Sequential(*(AirBenchBlock(inputs, outputs) for inputs, outputs in itertools.pairwise(widths)))
        self.pool = nn.AdaptiveMaxPool2d(1)
        self.head = nn.Linear(widths[-1], columns, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.blocks(self.act(self.whitening(x)))  # B x 4w x side x side
        return self.head(self.pool(maps).flatten(1)) * LOGIT_SCALE  # B x columns


def whitening_layer(module: nn.Module) -> WhiteningConv | None:
    """The first layer that whitens patches, where a network has one."""
    return next((part for part in module.modules() if isinstance(part, WhiteningConv)), None)
