"""A lesson's networks: each trained as `train` would, in a folder that is removed when it has been looked at."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.config import make
from clfcore.data.dataset import ImageDataset
from clfcore.evaluation.intervals import wilson
from clfcore.lessons.lesson import Measured
from clfcore.progress import Progress, Show
from clfcore.results import JsonObject
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from clfcore.runs.resolve_run import resolve_run

if TYPE_CHECKING:
    from torch import nn

PARTS = 100  # steps of the progress that each network takes


@contextlib.contextmanager
def trained(config: Mapping[str, object], *, progress: Show, dataset: ImageDataset | None = None) -> Iterator[Run]:
    """The finished run of a configuration, while the block lasts. dataset: what `data` opens as, or a part of it."""
    from clfcore.runs.execute import execute

    resolved = resolve_run(make(dict(config)), dataset=dataset)
    with tempfile.TemporaryDirectory(prefix="clflab-lesson-") as folder:
        run = create_run(resolved.config, Path(folder))
        execute(run, show=progress, resolved=resolved)
        yield run


def untrained(config: Mapping[str, object]) -> "nn.Module":
    """The network of a configuration with the very weights that a run of it starts from."""
    from clfcore.randomness import Stream
    from clfcore.runs.prepare import make_network

    resolved = resolve_run(make(dict(config)))
    with Stream(resolved.config.recipe.seed).drawn():
        network, _ = make_network(resolved)
    return network.module


def part(progress: Progress, place: int, of: int) -> Show:
    """What a run reports, as the progress of an experiment in which it is the `place`th of `of` networks."""
    progress(PARTS * place, PARTS * of)
    reached = 0

    def show(values: JsonObject) -> None:
        nonlocal reached  # stages that follow the training begin at 0 again
        share = values["done"] / values["total"] if values["stage"] == "training" and values["total"] else 0.0
        reached = max(reached, min(PARTS - 1, int(PARTS * share)))
        progress(PARTS * place + reached, PARTS * of)

    return show


def accuracy(name: str, run: Run, split: str = "test") -> Measured:
    """A run's accuracy on one of its splits, with its Wilson interval."""
    predictions = run.predictions(split)
    right = int((predictions.logits.argmax(axis=1) == predictions.targets).sum())
    return share(name, right, len(predictions))


def share(name: str, count: int, of: int) -> Measured:
    """`count` of `of` images, with its Wilson interval."""
    return Measured(name, count / of if of else 0.0, wilson(count, of))


def percent(value: float) -> str:
    """
    >>> percent(0.9336)
    '93.4%'
    """
    return f"{100 * value:.1f}%"


def clearly_above(higher: Measured, lower: Measured) -> bool:
    """Whether the 95% intervals of two shares do not overlap."""
    return higher.interval is not None and lower.interval is not None and higher.interval.low > lower.interval.high
