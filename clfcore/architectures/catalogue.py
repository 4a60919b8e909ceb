"""The networks by name: a row each, as literals, readable without torch. Lookup and search cover timm's names too.

Parameter counts are for 1,000 classes and 3 channels (LeNet-5: 10 and 1); `smallest_image` is the smallest side that
runs, found by running. Both are tested against the networks themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from clfcore.architectures import pretrained, timm_index
from clfcore.architectures.compound_scaling import compound
from clfcore.architectures.families import FAMILIES, Family, Paper
from clfcore.architectures.options import BY_NAME as OPTIONS
from clfcore.architectures.options import Option, Value, number, settle
from clfcore.architectures.timm_row import Row as TimmRow
from clfcore.errors import InputError, nearest


@dataclass(frozen=True)
class Architecture:
    """What is known of a network before it is built; sides in pixels."""

    name: str
    family: str
    year: int | None  # of the paper; None: a timm network whose source names none
    parameters: int | None  # None: a timm network that the stored list does not hold
    smallest_image: int
    native_image: int  # the side its weights were trained at, or its usual one
    weights: tuple[str, ...] = ()  # names that `weights` may take beside none and default; empty: none exist
    weights_file: str = ""  # of the default weights, as torchvision caches it
    multiple: int = 1  # the image side must be divisible by it
    classes: int = 1000  # that `parameters` counts
    channels: int = 3
    options: tuple[Option, ...] = ()

    @property
    def default_weights(self) -> str:
        """torchvision lists its newest weights last, timm's list begins with the default."""
        return self.weights[0 if self.name.startswith("timm/") else -1]

    @property
    def paper(self) -> Paper:
        return self.about.paper

    @property
    def about(self) -> Family:
        """The family's paper, its idea and the problem it solved; for timm's families its own documentation."""
        return FAMILIES.get(self.family) or timm_index.family(self.family)

    @property
    def source(self) -> str:
        """Where the network is written: clflab, torchvision or timm."""
        if self.name.startswith("timm/") or self.name in pretrained.PACKAGED:
            return "timm"
        return "torchvision" if self.weights_file else "clflab"


def _row(name: str, family: str, year: int, parameters: int, smallest: int, native: int, *weights: str) -> Architecture:
    """A row of torchvision's: its weights' names, then the file of the default ones."""
    multiple = 16 if name == "vit_b_16" else 1  # its patches
    return Architecture(name, family, year, parameters, smallest, native, weights[:-1], weights[-1], multiple)


_V1, _V2 = "IMAGENET1K_V1", "IMAGENET1K_V2"

_NAMED = (
    Architecture("lenet5", "lenet", 1998, 61_706, 12, 28, classes=10, channels=1, options=OPTIONS["lenet5"]),
    _row("alexnet", "alexnet", 2012, 61_100_840, 63, 224, _V1, "alexnet-owt-7be5be79.pth"),
    _row("vgg11", "vgg", 2014, 132_863_336, 32, 224, _V1, "vgg11-8a719046.pth"),
    _row("vgg11_bn", "vgg", 2014, 132_868_840, 32, 224, _V1, "vgg11_bn-6002323d.pth"),
    _row("vgg13", "vgg", 2014, 133_047_848, 32, 224, _V1, "vgg13-19584684.pth"),
    _row("vgg13_bn", "vgg", 2014, 133_053_736, 32, 224, _V1, "vgg13_bn-abd245e5.pth"),
    _row("vgg16", "vgg", 2014, 138_357_544, 32, 224, _V1, "vgg16-397923af.pth"),
    _row("vgg16_bn", "vgg", 2014, 138_365_992, 32, 224, _V1, "vgg16_bn-6c64b313.pth"),
    _row("vgg19", "vgg", 2014, 143_667_240, 32, 224, _V1, "vgg19-dcbb9e9d.pth"),
    _row("vgg19_bn", "vgg", 2014, 143_678_248, 32, 224, _V1, "vgg19_bn-c79401a0.pth"),
    _row("resnet18", "resnet", 2015, 11_689_512, 1, 224, _V1, "resnet18-f37072fd.pth"),
    _row("resnet34", "resnet", 2015, 21_797_672, 1, 224, _V1, "resnet34-b627a593.pth"),
    _row("resnet50", "resnet", 2015, 25_557_032, 1, 224, _V1, _V2, "resnet50-11ad3fa6.pth"),
    _row("resnet101", "resnet", 2015, 44_549_160, 1, 224, _V1, _V2, "resnet101-cd907fc2.pth"),
    _row("resnet152", "resnet", 2015, 60_192_808, 1, 224, _V1, _V2, "resnet152-f82ba261.pth"),
    _row("densenet121", "densenet", 2016, 7_978_856, 29, 224, _V1, "densenet121-a639ec97.pth"),
    _row("mnasnet1_0", "mnasnet", 2018, 4_383_312, 1, 224, _V1, "mnasnet1.0_top1_73.512-f206786ef8.pth"),
    _row("mobilenet_v3_small", "mobilenet", 2019, 2_542_856, 1, 224, _V1, "mobilenet_v3_small-047dcff4.pth"),
    _row("mobilenet_v3_large", "mobilenet", 2019, 5_483_032, 1, 224, _V1, _V2, "mobilenet_v3_large-5c1a4163.pth"),
    _row("efficientnet_b0", "efficientnet", 2019, 5_288_548, 1, 224, _V1, "efficientnet_b0_rwightman-7f5810bc.pth"),
    _row("efficientnet_b1", "efficientnet", 2019, 7_794_184, 1, 240, _V1, _V2, "efficientnet_b1-c27df63c.pth"),
    _row("efficientnet_b2", "efficientnet", 2019, 9_109_994, 1, 288, _V1, "efficientnet_b2_rwightman-c35c1473.pth"),
    _row("efficientnet_b3", "efficientnet", 2019, 12_233_232, 1, 300, _V1, "efficientnet_b3_rwightman-b3899882.pth"),
    _row("efficientnet_b4", "efficientnet", 2019, 19_341_616, 1, 380, _V1, "efficientnet_b4_rwightman-23ab8bcd.pth"),
    _row("efficientnet_b5", "efficientnet", 2019, 30_389_784, 1, 456, _V1, "efficientnet_b5_lukemelas-1a07897c.pth"),
    _row("efficientnet_b6", "efficientnet", 2019, 43_040_704, 1, 528, _V1, "efficientnet_b6_lukemelas-24a108a5.pth"),
    _row("efficientnet_b7", "efficientnet", 2019, 66_347_960, 1, 600, _V1, "efficientnet_b7_lukemelas-c5b4e57e.pth"),
    Architecture("efficientnet_lite0", "efficientnet", 2020, 4_652_008, 1, 224, ("packaged",)),
    Architecture("efficientnet_lite1", "efficientnet", 2020, 5_416_680, 1, 240, ("packaged",)),
    Architecture("efficientnet_lite2", "efficientnet", 2020, 6_092_072, 1, 260, ("packaged",)),
    _row("vit_b_16", "vit", 2020, 86_567_656, 16, 224, _V1, "vit_b_16-c867db91.pth"),
    _row("swin_t", "swin", 2021, 28_288_354, 4, 224, _V1, "swin_t-704ceda3.pth"),
    _row("convnext_tiny", "convnext", 2022, 28_589_128, 32, 224, _V1, "convnext_tiny-983f1562.pth"),
    Architecture("vgg8_bn_small", "vgg", 2014, 794_216, 16, 32),
    Architecture("vgg11_bn_small", "vgg", 2014, 9_738_984, 32, 32),
    Architecture("vgg16_bn_small", "vgg", 2014, 15_236_136, 32, 32),
    Architecture("resnet18_small", "resnet", 2015, 11_681_832, 1, 32),
    Architecture("resnet34_small", "resnet", 2015, 21_789_992, 1, 32),
    Architecture("mobilenet_v3_small_small", "mobilenet", 2019, 2_542_856, 1, 32),
    Architecture("airbench", "airbench", 2024, 1_972_792, 9, 32, classes=10, options=OPTIONS["airbench"]),
    Architecture("vgg", "vgg", 2014, 132_863_336, 32, 224, options=OPTIONS["vgg"]),
    Architecture("resnet", "resnet", 2015, 11_689_512, 1, 224, options=OPTIONS["resnet"]),
    Architecture("efficientnet", "efficientnet", 2019, 5_288_548, 1, 224, options=OPTIONS["efficientnet"]),
)

_BY_NAME = {row.name: row for row in _NAMED}


def architectures() -> tuple[Architecture, ...]:
    """Every named network, oldest first."""
    return _NAMED


def architecture(name: str) -> Architecture:
    """The row of a name; `timm/NAME` is any of timm's. Raises InputError with the nearest names.

    >>> architecture("resnet18").parameters
    11689512
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.startswith("timm/"):
        return _of_timm(name)
    known = [*_BY_NAME, *(f"timm/{row.name}" for row in timm_index.rows() if row.name == name)]
    raise InputError(
        f"architecture is {name!r}: no network has that name{nearest(name, known) or nearest('timm/' + name, known)}; "
        "`architectures` lists them, `architectures --search TEXT` finds timm's"
    )


def configured(name: str, options: Mapping[str, object] | None = None) -> tuple[Architecture, dict[str, Value]]:
    """The row of a network with its options applied, and every option's checked value.

    What depends on options is the image size: VGG's pooling sets the smallest, EfficientNet's φ the native one. Raises
    InputError for an option that does not exist or does not fit, naming those that do.

    >>> configured("efficientnet", {"phi": 1})[0].native_image
    258
    """
    row = architecture(name)
    values = settle(row.name, row.options, options or {})
    if row.name == "vgg":
        layers = values["layers"]
        assert isinstance(layers, tuple)
        return replace(row, smallest_image=2 ** layers.count("M"), parameters=None), values
    if row.name == "efficientnet":
        scaling = compound(
            number(values, "phi"),
            alpha=number(values, "alpha"),
            beta=number(values, "beta"),
            gamma=number(values, "gamma"),
        ).scaling
        return replace(row, native_image=scaling.image_size, parameters=None), values
    return row, values


def weights_at_hand(name: str, tag: str | None = None) -> bool:
    """Whether weights of a network (None: the default ones) can be loaded now without a download. Imports no torch."""
    return pretrained.at_hand(architecture(name), tag)


def without_published_accuracy() -> tuple[Architecture, ...]:
    """The named networks of which nobody publishes weights with their ImageNet accuracy: all but torchvision's."""
    return tuple(row for row in _NAMED if row.source != "torchvision")


def networks_at_hand() -> tuple[str, ...]:
    """The networks whose ImageNet weights are on this machine: named ones, then timm's, `timm/NAME` or `timm/NAME.TAG`.

    A tag is there where the weights are not the network's default ones.
    """
    own = [row.name for row in _NAMED if pretrained.at_hand(row)]
    for known in pretrained.timm_here():
        row = architecture(known.network)
        if pretrained.at_hand(row, known.tag):
            own.append(row.name if known.tag == row.default_weights else f"{row.name}.{known.tag}")
    return tuple(own)


def _of_timm(name: str) -> Architecture:
    bare = name.removeprefix("timm/")
    row = timm_index.find(bare)
    if row is None:
        raise InputError(f"architecture is {name!r}: timm has no such network{_near(bare)}")
    tag = bare.partition(".")[2]
    timm_row = of_timm_row(row)
    return replace(timm_row, name=name, weights=(tag,)) if tag else timm_row


def _near(bare: str) -> str:
    known: Sequence[str] = [row.name for row in timm_index.rows()]
    return nearest(bare, known).replace("did you mean ", "did you mean timm/").replace(" or ", " or timm/")


def of_timm_row(row: TimmRow) -> Architecture:
    """A row of timm's stored list as a row of the catalogue."""
    name, sides = f"timm/{row.name}", (row.smallest_image, row.native_image)
    return Architecture(name, row.family, row.year, row.parameters, *sides, weights=row.weights)


LARGEST_SIDE, LARGEST_COUNT = 8192, 1_000_000  # pixels; channels or classes: far past what anybody trains here


def check_count(what: str, value: int) -> None:
    """Refuse a number of channels or classes that no network can have.

    >>> check_count("classes", 10)
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{what} is {value!r}: it must be a whole number, such as 3")
    if not 1 <= value <= LARGEST_COUNT:
        limit = "at least 1" if value < 1 else f"at most {LARGEST_COUNT:,}"
        raise InputError(f"{what} is {value}: it must be {limit}")


def check_side(row: Architecture, side: int) -> None:
    """Refuse an image side that the network cannot take, with one that works.

    timm's networks are tried when they are built: the stored list knows only some of their sides.
    """
    if isinstance(side, bool) or not isinstance(side, int):
        raise InputError(
            f"image_size is {side!r}: networks take square images; give one side in pixels, such as {row.native_image}"
        )
    if side > LARGEST_SIDE:
        raise InputError(f"image_size is {side}: it must be at most {LARGEST_SIDE}")
    if side < 1:
        raise InputError(f"image_size is {side}: {row.name} needs at least {row.smallest_image}")
    if row.name.startswith("timm/"):
        return
    if side < row.smallest_image:
        raise InputError(f"image_size is {side}: {row.name} needs at least {row.smallest_image}")
    if side % row.multiple:
        below = side - side % row.multiple
        raise InputError(
            f"image_size is {side}: {row.name} needs a multiple of {row.multiple}, "
            f"such as {below} or {below + row.multiple}"
        )
