"""Plain against residual at 20 and 56 layers: what benchmarks/plain_vs_residual.py measured last, and what it shows."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from statistics import mean

RECORD = Path(__file__).with_name("degradation.json")
SHALLOW, DEEP = 20, 56


@dataclass(frozen=True)
class TrainedNetwork:
    """One trained network: its depth, whether it adds, its seed; loss and accuracy on its own training images.

    losses: the training loss of each epoch, in nats, the last one `train_loss`; empty where it was not kept.
    """

    layers: int
    residual: bool
    seed: int
    train_loss: float
    train_accuracy: float
    validation_accuracy: float
    losses: tuple[float, ...] = ()


@dataclass(frozen=True)
class Kind:
    """Plain or residual networks of one depth: means over the seeds, and each seed's last training loss."""

    layers: int
    residual: bool
    train_loss: float
    train_accuracy: float
    validation_accuracy: float
    each_loss: tuple[float, ...]

    @property
    def name(self) -> str:
        return kind_name(self.layers, residual=self.residual)


def kind_name(layers: int, *, residual: bool) -> str:
    """
    >>> kind_name(20, residual=False)
    'plain 20'
    """
    return f"{'residual' if residual else 'plain'} {layers}"


@dataclass(frozen=True)
class Record:
    """All networks of one measurement, and what they were trained on."""

    data: str
    image_size: int
    images: int
    epochs: int
    trained: tuple[TrainedNetwork, ...]

    def loss(self, layers: int, *, residual: bool) -> float:
        """Mean training loss over the seeds, in nats, of the last epoch."""
        return self._kind(layers, residual).train_loss

    def kinds(self) -> tuple[Kind, ...]:
        """Plain 20, plain 56, residual 20, residual 56."""
        return tuple(self._kind(layers, residual) for residual in (False, True) for layers in (SHALLOW, DEEP))

    def _kind(self, layers: int, residual: bool) -> Kind:  # noqa: FBT001
        rows = [network for network in self.trained if (network.layers, network.residual) == (layers, residual)]
        losses = tuple(row.train_loss for row in rows)
        return Kind(
            layers,
            residual,
            train_loss=mean(losses),
            train_accuracy=mean(row.train_accuracy for row in rows),
            validation_accuracy=mean(row.validation_accuracy for row in rows),
            each_loss=losses,
        )

    def joined(self, other: "Record") -> "Record":
        """This measurement with another's networks; the other alone where it was made otherwise."""
        if replace(self, trained=()) != replace(other, trained=()):
            return other
        rows = {(one.seed, one.layers, one.residual): one for one in (*self.trained, *other.trained)}
        return replace(self, trained=tuple(rows[key] for key in sorted(rows)))

    @property
    def whole(self) -> bool:
        """Whether all four kinds were trained, each with the same seeds."""
        pairs = [(layers, residual) for layers in (SHALLOW, DEEP) for residual in (False, True)]
        seeds = [{one.seed for one in self.trained if (one.layers, one.residual) == pair} for pair in pairs]
        return bool(seeds[0]) and all(other == seeds[0] for other in seeds)

    def describe(self) -> str:
        """What was measured, and no more."""
        seeds = len({one.seed for one in self.trained})
        parts = []
        for residual in (False, True):
            shallow, deep = (self._kind(layers, residual) for layers in (SHALLOW, DEEP))
            parts.append(
                f"{deep.name} layers end at a training loss of {deep.train_loss:.4f}, {_against(deep, shallow)} "
                f"{shallow.train_loss:.4f} with {SHALLOW}"
            )
        seed = "one seed" if seeds == 1 else f"{seeds} seeds"
        few = " One seed says little: another may reverse it." if seeds == 1 else ""
        return (
            f"On {self.images:,} training images of {self.data} at {self.image_size} pixels, after {self.epochs} "
            f"epochs ({seed}): {'; '.join(parts)}.{few}"
        )

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


def _against(deep: Kind, shallow: Kind) -> str:
    """Higher or lower only where every seed of the one is beyond every seed of the other."""
    if min(deep.each_loss) > max(shallow.each_loss):
        return "higher than"
    return "lower than" if max(deep.each_loss) < min(shallow.each_loss) else "not clearly different from"


@cache
def record() -> Record:
    """The stored measurement."""
    values = json.loads(RECORD.read_text(encoding="utf-8"))
    return Record(**{**values, "trained": _trained(values["trained"])})


def _trained(rows: Sequence[dict]) -> tuple[TrainedNetwork, ...]:
    return tuple(TrainedNetwork(**{**row, "losses": tuple(row["losses"])}) for row in rows)
