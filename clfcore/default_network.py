"""The network that suits the data, where none was chosen, and the one that suits a strategy."""

from dataclasses import dataclass

from clfcore.architectures import pretrained
from clfcore.architectures.catalogue import Architecture, architectures, weights_at_hand
from clfcore.config import Strategy
from clfcore.data.dataset import ImageDataset
from clfcore.errors import InputError

# No network of benchmarks/default_small_network.py that learns 1,200 small images in about a minute of one core was
# clearly more accurate; vgg11_bn_small is, and takes several minutes.
SMALL_COLOR = "vgg8_bn_small"
SMALL = 64  # pixels; images up to this side are unlike the photographs of ImageNet, and quick to learn from scratch


@dataclass(frozen=True)
class DefaultNetwork:
    """A network for the data, the strategy that it begins with, and why, in a sentence."""

    name: str
    strategy: Strategy
    why: str


class StrategyMisfit(InputError):
    """A strategy that needs pretrained weights, with a network that has none; fitting: a network that has them here."""

    def __init__(self, message: str, *, strategy: str, fitting: str | None) -> None:
        super().__init__(message)
        self.strategy = strategy
        self.fitting = fitting


def default_network(
    dataset: ImageDataset, *, strategy: Strategy | None = None, weights: str | None = None
) -> DefaultNetwork:
    """The network to begin with on this data, where a strategy or weights may have been chosen already.

    Photographs take a pretrained network whose weights are here, small images a small network from scratch.
    """
    side = dataset.side()
    pretraining = strategy != "scratch" and weights != "none"
    at_hand = pretrained_at_hand() if pretraining else None
    size = f"The images are {side} pixels wide"
    if strategy is None and side > SMALL and at_hand is not None:
        why = (
            f"{size}, like the photographs of ImageNet: {at_hand} is pretrained on those, its weights are here, and "
            "fitting a new head on its features takes seconds."
        )
        return DefaultNetwork(at_hand, "feature-extraction", why)
    if strategy not in (None, "scratch"):
        name = at_hand or pretrained.OFFLINE
        where = "its weights are here" if at_hand else "its weights come as a Python package"
        return DefaultNetwork(
            name, strategy, f"The strategy {strategy} starts from pretrained weights: of {name}, {where}."
        )
    small = small_network(dataset)
    if side <= SMALL:
        why = f"{size}: {small}, a small network made for such images, is trained from scratch."
    else:
        lack = "" if not pretraining else " and no pretrained weights are on this machine"
        why = f"{size}{lack}: {small} is among the quickest to train from scratch."
    return DefaultNetwork(small, "scratch", why)


def small_network(dataset: ImageDataset) -> str:
    """A network that is quick to train from scratch on images of this side."""
    side = dataset.side()
    if side > SMALL:
        return "mobilenet_v3_small"
    gray = dataset.pixels is not None and dataset.pixels.shape[-1] == 1
    return "lenet5" if gray and side <= 32 else SMALL_COLOR


def pretrained_at_hand() -> str | None:
    """A named network whose published weights are on this machine: the one that ships, else the smallest."""
    if weights_at_hand(pretrained.OFFLINE):
        return pretrained.OFFLINE
    here = [row for row in architectures() if weights_at_hand(row.name)]
    return min(here, key=lambda row: row.parameters or 0).name if here else None


def check_strategy(strategy: str, row: Architecture) -> None:
    """Raises StrategyMisfit where the strategy needs published weights and the network has none."""
    if strategy == "scratch" or row.weights:
        return
    at_hand = pretrained_at_hand()
    offer = f", or {at_hand}, whose weights are here" if at_hand else ""
    raise StrategyMisfit(
        f"strategy is {strategy!r}: {row.name} has no published weights to start from; take scratch, weights of your "
        f"own (a run or a file){offer}",
        strategy=strategy,
        fitting=at_hand,
    )
