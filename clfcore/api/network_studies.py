"""Studies of networks: gradient norms, latency, published accuracy, compound scaling."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from clfcore.architectures.catalogue import architecture, architectures, configured, without_published_accuracy
from clfcore.architectures.compound_scaling import TARGET, Compound, Member, compound, members
from clfcore.architectures.options import Options, number
from clfcore.architectures.scaling_cost import counted_cost
from clfcore.errors import InputError
from clfcore.progress import Progress
from clfcore.results import JsonObject, Result, json_value

if TYPE_CHECKING:
    from clfcore.architectures.gradient_flow import GradientReach
    from clfcore.architectures.latency import Latency
    from clfcore.architectures.published_accuracy import Published


@dataclass(frozen=True)
class GradientNorms(Result):
    """Gradient norms layer by layer, of one network or of several."""

    networks: "tuple[GradientReach, ...]"
    steps: int
    normalized: bool

    def as_json(self) -> JsonObject:
        """ratio: the first layer's norm as a multiple of the last's."""
        networks = [
            {
                "name": one.name,
                "ratio": one.share(),
                "ratio_after": one.share(after=True),
                "layers": json_value(one.norms),
            }
            for one in self.networks
        ]
        return {"networks": networks, "steps": self.steps, "normalised": self.normalized}


@dataclass(frozen=True)
class NetworkLatency(Result):
    """Forward passes timed on a device, for each batch size."""

    name: str
    device: str
    batches: "tuple[Latency, ...]"


@dataclass(frozen=True)
class DatedArchitecture(Result):
    """An architecture at the year of its paper."""

    name: str
    family: str
    year: int | None
    paper: str
    parameters: int | None


@dataclass(frozen=True)
class AccuracyTimeline(Result):
    """Every architecture at its year, and the published ImageNet accuracy of those that have one, oldest first.

    left_out: the names of architectures that have no published accuracy.
    """

    years: tuple[DatedArchitecture, ...]
    points: "tuple[Published, ...]"
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class EfficientNetScaling(Result):
    """EfficientNet's φ: what the formula gives, the cost as counted, and B0 to B7 as published."""

    constants: Mapping[str, float]
    compound: Compound
    counted: float
    members: tuple[Member, ...]

    def as_json(self) -> JsonObject:
        """Formula, constants and scaling are keys of one object."""
        compound = self.compound
        return {
            "phi": compound.phi,
            **self.constants,
            **asdict(compound.scaling),
            "product": compound.product,
            "target": TARGET,
            "cost": compound.cost,
            "counted": self.counted,
            "members": json_value(self.members),
        }


def gradient_norms(
    name: str | None = None,
    *,
    normalized: bool = True,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
    progress: Progress | None = None,
) -> GradientNorms:
    """Gradient norms layer by layer: of one network, or of 34 layers with and without additions."""
    from clfcore.architectures.gradient_flow import STEPS, gradient_reach, plain_against_residual

    if name is not None:
        reach = gradient_reach(
            name,
            normalized=normalized,
            options=options,
            image_size=image_size,
            channels=channels,
            classes=classes,
        )
        return GradientNorms((reach,), STEPS, normalized)
    if options or any(value is not None for value in (image_size, channels, classes)):
        raise InputError("name is missing: options and sizes are of a network; name it, or leave them out")
    return GradientNorms(plain_against_residual(normalized=normalized, progress=progress), STEPS, normalized)


def time_architecture(
    name: str,
    *,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
    progress: Progress | None = None,
) -> NetworkLatency:
    """Forward passes timed on this device."""
    from clfcore.architectures.latency import time_network

    timed = time_network(
        name, options=options, image_size=image_size, channels=channels, classes=classes, progress=progress
    )
    return NetworkLatency(architecture(name).name, timed.device, timed.batches)


def published_accuracy() -> AccuracyTimeline:
    """The catalogue's networks by year, and their ImageNet accuracy as published with their first weights."""
    from clfcore.architectures.published_accuracy import timeline  # brings torch along

    dated = sorted(architectures(), key=lambda row: row.year or 0)
    years = (DatedArchitecture(row.name, row.family, row.year, row.paper.title, row.parameters) for row in dated)
    left_out = tuple(row.name for row in without_published_accuracy())
    return AccuracyTimeline(tuple(years), tuple(timeline()), left_out)


def scale_efficientnet(options: Options | None = None) -> EfficientNetScaling:
    """EfficientNet's φ: what the formula gives, what the network it builds costs, and B0 to B7 as published."""
    values = configured("efficientnet", options)[1]
    constants = {name: number(values, name) for name in ("alpha", "beta", "gamma")}
    return EfficientNetScaling(
        constants, compound(number(values, "phi"), **constants), counted_cost(options), members()
    )
