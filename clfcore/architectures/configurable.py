"""Networks from options, made of torchvision's blocks: VGG, ResNet (also without its additions), EfficientNet."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torchvision.models import VGG, EfficientNet
from torchvision.models.efficientnet import MBConv, MBConvConfig
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.vgg import make_layers

from clfcore.architectures.compound_scaling import compound, dropout
from clfcore.architectures.shapes_alone import shapes_alone


def vgg(*, columns: int, layers: Sequence[int | str], batch_norm: bool, hidden: int) -> VGG:
    """torchvision's VGG of any layers; `hidden` 0: global average pooling and one linear layer instead of three."""
    with shapes_alone():  # its own classifier is 119 million numbers, drawn to be thrown away
        module = VGG(nn.Sequential(), num_classes=columns, init_weights=False)
    module.features = make_layers(list(layers), batch_norm)
    last = next(width for width in reversed(layers) if isinstance(width, int))
    if hidden:
        module.classifier[0] = nn.Linear(last * 7 * 7, hidden)
        module.classifier[3] = nn.Linear(hidden, hidden)
        module.classifier[6] = nn.Linear(hidden, columns)
    else:
        module.avgpool = nn.AdaptiveAvgPool2d(1)
        module.classifier = nn.Sequential(nn.Linear(last, columns))
    for part in module.modules():  # as torchvision draws them
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            assert part.bias is not None  # torchvision's VGG has one, with batch normalization too
            nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, 0, 0.01)
            nn.init.zeros_(part.bias)
    return module


class PlainBlock(BasicBlock):
    """The basic block without its addition: the plain network of He et al. (2015), section 3.3."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)))


class PlainBottleneck(Bottleneck):
    """The bottleneck without its addition."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)))


_BLOCKS = {
    ("basic", True): BasicBlock,
    ("basic", False): PlainBlock,
    ("bottleneck", True): Bottleneck,
    ("bottleneck", False): PlainBottleneck,
}


class StagedResNet(ResNet):
    """torchvision's ResNet with any number of stages, any width, and a choice of stem; the same names inside.

    He et al., Deep residual learning for image recognition, 2015. Three stages of width 16 with the small stem are the
    networks of its section 4.2: 6n + 2 layers for n blocks a stage.
    """

    def __init__(
        self,
        *,
        columns: int,
        block: Literal["basic", "bottleneck"],
        depths: Sequence[int],
        width: int,
        skip: bool,
        stem: Literal["imagenet", "small"],
    ) -> None:
        nn.Module.__init__(self)  # the parent's own would build four stages
        kind = _BLOCKS[block, skip]
        self._norm_layer, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, 1, 1, 64
        self.inplanes, self.stages = width, len(depths)
        small = stem == "small"
        kernel, stride, padding = (3, 1, 1) if small else (7, 2, 3)
        self.conv1 = nn.Conv2d(3, width, kernel, stride, padding, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        for number, blocks in enumerate(depths):
            stage = self._make_layer(kind, width * 2**number, blocks, stride=1 if number == 0 else 2)
            self.add_module(f"layer{number + 1}", stage)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(self.inplanes, columns)
        if not skip:
            for part in self.modules():
                if isinstance(part, kind):
                    part.downsample = None
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")

    def _forward_impl(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for number in range(self.stages):
            x = self.get_submodule(f"layer{number + 1}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


# expand ratio, kernel, stride, maps in, maps out, layers: table 1 of the EfficientNet paper
_STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)


def efficientnet(
    *, columns: int, phi: float, alpha: float, beta: float, gamma: float, squeeze_excite: bool
) -> EfficientNet:
    """torchvision's EfficientNet, scaled by φ (its image size is the caller's to keep to)."""
    scaling = compound(phi, alpha=alpha, beta=beta, gamma=gamma).scaling
    return scaled(columns=columns, depth=scaling.depth, width=scaling.width, phi=phi, squeeze_excite=squeeze_excite)


def scaled(*, columns: int, depth: float, width: float, phi: float, squeeze_excite: bool = True) -> EfficientNet:
    """torchvision's EfficientNet of given multipliers; φ sets the dropout only."""
    # Identity takes any arguments, so it may stand where MBConv makes its squeeze-and-excitation
    block = MBConv if squeeze_excite else partial(MBConv, se_layer=nn.Identity)
    settings = [MBConvConfig(*stage, width_mult=width, depth_mult=depth, block=block) for stage in _STAGES]
    return EfficientNet(settings, dropout=dropout(phi), num_classes=columns)
