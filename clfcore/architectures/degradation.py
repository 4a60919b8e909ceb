"""Plain against residual at 20 and 56 layers: what benchmarks/plain_vs_residual.py measured last, and what it shows."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from statistics import mean

RECORD = Path(__file__).with_name("degradation.json")
SHALLOW, DEEP = 20, 56


@dataclass(frozen=True)
class Trained:
    """One trained network: its depth, whether it adds, its seed; loss and accuracy on its own training images."""

    layers: int
    residual: bool
    seed: int
    train_loss: float
    train_accuracy: float
    validation_accuracy: float


@dataclass(frozen=True)
class Record:
    """All networks of one measurement, and what they were trained on."""

    data: str
    image_size: int
    images: int
    epochs: int
    trained: tuple[Trained, ...]

    def loss(self, layers: int, *, residual: bool) -> float:
        """Mean training loss over the seeds, in nats, of the last epoch."""
        return mean(one.train_loss for one in self.trained if (one.layers, one.residual) == (layers, residual))

    def describe(self) -> str:
        """What was measured, and no more."""
        seeds = len({one.seed for one in self.trained})
        parts = []
        for residual in (False, True):
            shallow, deep = (self.loss(layers, residual=residual) for layers in (SHALLOW, DEEP))
            more = "higher" if deep > shallow else "lower" if deep < shallow else "the same"
            kind = "residual" if residual else "plain"
            parts.append(
                f"{kind} {DEEP} layers ended at a training loss of {deep:.4f}, {more} than {shallow:.4f} of 20"
            )
        seed = "one seed" if seeds == 1 else f"{seeds} seeds"
        few = " One seed says little: another may turn it." if seeds == 1 else ""
        return (
            f"On {self.images:,} training images of {self.data} at {self.image_size} pixels, after {self.epochs} "
            f"epochs of {seed}: {'; '.join(parts)}.{few}"
        )

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


@cache
def record() -> Record:
    """The stored measurement."""
    values = json.loads(RECORD.read_text(encoding="utf-8"))
    return Record(**{**values, "trained": _trained(values["trained"])})


def _trained(rows: Sequence[dict]) -> tuple[Trained, ...]:
    return tuple(Trained(**row) for row in rows)
