"""ImageNet accuracy as published with the weights, read from torchvision's own metadata: the timeline's points."""

from dataclasses import dataclass

from torchvision.models import get_model_weights

from clfcore.architectures.catalogue import Architecture, architecture, architectures


@dataclass(frozen=True)
class Published:
    """What torchvision publishes with some weights: top-1 and top-5 from 0 to 1, at the side they were scored at."""

    name: str
    family: str
    year: int | None
    weights: str
    top1: float
    top5: float
    parameters: int
    multiply_adds: float
    image_size: int


def published(name: str) -> tuple[Published, ...]:
    """One value for each of a network's ImageNet weights, oldest first; empty where torchvision publishes none."""
    row = architecture(name)
    return tuple(_published(row, weights) for weights in row.weights) if row.source == "torchvision" else ()


def timeline() -> tuple[Published, ...]:
    """Every network of the catalogue whose weights torchvision publishes, with its first weights, oldest first.

    The first weights follow the paper's own training most closely; later ones owe part of their accuracy to newer
    recipes, which `published` shows.
    """
    points = [published(row.name)[0] for row in architectures() if row.source == "torchvision"]
    return tuple(sorted(points, key=lambda point: (point.year or 0, point.name)))


def _published(row: Architecture, weights: str) -> Published:
    value = get_model_weights(row.name)[weights]
    scores, meta = value.meta["_metrics"]["ImageNet-1K"], value.meta
    side = value.transforms().crop_size[0]
    top1, top5 = scores["acc@1"] / 100, scores["acc@5"] / 100
    return Published(row.name, row.family, row.year, weights, top1, top5, meta["num_params"], meta["_ops"] * 1e9, side)
