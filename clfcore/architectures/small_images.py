"""LeNet-5 and the forms of larger networks for small images, which neither torchvision nor timm has."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.vgg import cfgs

from clfcore.architectures.configurable import vgg


class LeNet5(nn.Module):
    """Two convolutions, each halved by pooling, and three linear layers: 61,706 parameters for 10 classes.

    LeCun et al., Gradient-based learning applied to document recognition, 1998. Its 32 x 32 input is our 28 x 28 with
    padding 2; at other sizes the first linear layer is as wide as the maps demand. The second convolution sees all six
    maps (the paper's sees a hand-made choice of them), and the output is linear (the paper's is Gaussian).
    """

    def __init__(
        self,
        *,
        columns: int = 10,
        channels: int = 1,
        image_size: int = 28,
        activation: Literal["tanh", "relu"] = "tanh",
        pooling: Literal["avg", "max"] = "avg",
    ) -> None:
        super().__init__()
        active = nn.Tanh if activation == "tanh" else nn.ReLU
        pool = nn.AvgPool2d if pooling == "avg" else nn.MaxPool2d
        padding = 2 if image_size < 32 else 0
        side = ((image_size + 2 * padding - 4) // 2 - 4) // 2  # 5 at 28 and at 32
        self.features = nn.Sequential(
            nn.Conv2d(channels, 6, 5, padding=padding),
            active(),
            pool(2),
            nn.Conv2d(6, 16, 5),
            active(),
            pool(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * side * side, 120),
            active(),
            nn.Linear(120, 84),
            active(),
            nn.Linear(84, columns),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                # Deviation 1 / sqrt(inputs) for tanh (LeCun et al., Efficient BackProp, 1998), sqrt(2) of it for ReLU.
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu" if activation == "relu" else "linear")
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.features(x)  # B x 16 x side x side
        return self.classifier(torch.flatten(maps, 1))  # B x columns


def resnet_small(name: str, *, columns: int) -> nn.Module:
    """torchvision's ResNet `name` with a stem for small images: 3 x 3, stride 1, no pooling.

    As He et al. (2015), section 4.2, do on CIFAR-10, where the ImageNet stem would shrink 32 x 32 to 8 x 8 at once.
    """
    module = torchvision.models.get_model(name, weights=None, num_classes=columns)
    module.conv1 = nn.Conv2d(3, module.conv1.out_channels, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(module.conv1.weight, mode="fan_out", nonlinearity="relu")
    module.maxpool = nn.Identity()
    return module


def vgg_small(name: str, *, columns: int) -> nn.Module:
    """torchvision's VGG `name` with one linear layer on pooled maps: 512 features instead of 25,088.

    As is customary on CIFAR-10, where three linear layers of 4,096 learn the pictures by heart. VGG-8, which the paper
    does not have, is quick to train on a CPU: five convolutions, half as wide, counted with the paper's three linear
    layers as the others are.
    """
    depth = name.removeprefix("vgg").partition("_")[0]
    return vgg(columns=columns, layers=_VGG[depth], batch_norm=name.endswith("_bn"), hidden=0)


_VGG: Mapping[str, Sequence[int | str]] = {
    "8": (32, "M", 64, "M", 128, 128, "M", 256, "M"),
    "11": cfgs["A"],  # of table 1 of the paper, as those that follow
    "13": cfgs["B"],
    "16": cfgs["D"],
    "19": cfgs["E"],
}


def mobilenet_small(name: str, *, columns: int) -> nn.Module:
    """torchvision's MobileNetV3 `name` that halves small images three times instead of five: 32 x 32 ends as 4 x 4."""
    module = torchvision.models.get_model(name, weights=None, num_classes=columns)
    strided = [part for part in module.modules() if isinstance(part, nn.Conv2d) and part.stride == (2, 2)]
    for part in strided[:2]:
        part.stride = (1, 1)
    return module


_FORMS = {"resnet": resnet_small, "vgg": vgg_small, "mobilenet": mobilenet_small}


def small_form(name: str, family: str, *, columns: int) -> nn.Module:
    """The form for small images of torchvision's network `name`, by its family."""
    return _FORMS[family](name, columns=columns)
