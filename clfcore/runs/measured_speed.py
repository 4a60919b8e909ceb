"""What a run's network costs to use on this machine: measured when asked for, kept in the run's folder.

    speed.json                  machine -> device, seconds, images_per_second, memory, multiply_adds

A run that was copied here keeps what other machines said, and is measured anew.
"""

import contextlib
import os
import platform
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from clfcore.errors import Failure, InputError
from clfcore.heavy_imports import load
from clfcore.progress import Progress
from clfcore.results import JsonObject
from clfcore.runs.folder import Run
from clfcore.runs.json_files import read_values
from clfcore.runs.record_fields import Count
from clfcore.runs.records import Stored

FILE = "speed.json"
BATCH = 16  # images of the rate
PASSES = 30


class SpeedLine(Stored):
    """What a run's network costs on one machine."""

    device: str
    seconds: Annotated[float, Field(gt=0)]
    images_per_second: Annotated[float, Field(gt=0)]
    memory: Count
    multiply_adds: Count | None = None


@dataclass(frozen=True)
class Speed:
    """On one device, warm: seconds an image alone, images a second in batches of 16, and bytes of the weights and of
    the tensors of one image at their fullest. multiply_adds: counted from shapes, of one image.

    Times are the 10th percentile of thirty passes: other work on the machine makes passes slower, nothing quicker.
    """

    device: str
    seconds: float
    images_per_second: float
    memory: int
    multiply_adds: int | None

    def as_dict(self) -> JsonObject:
        return asdict(self)


def kept(run: Run) -> Speed | None:
    """What was measured on this machine; None where nothing was, or the file is damaged: it can be measured again."""
    stored = _stored(run).get(machine())
    return None if stored is None else Speed(**stored.model_dump(include=set(SpeedLine.model_fields)))


def multiply_adds(run: Run) -> int | None:
    """As any machine counted them: they are the same on all."""
    return next((line.multiply_adds for line in _stored(run).values() if line.multiply_adds is not None), None)


def count_multiply_adds(run: Run) -> int | None:
    """Counted from shapes, in about a second; None without a network, and of one that is known no longer."""
    if not (run.path / "classifier.json").exists():
        return None
    from clfcore.architectures.summary import table

    spec = run.classifier
    try:
        return table(
            spec.architecture,
            options=spec.options,
            image_size=spec.preprocess.size,
            channels=spec.channels,
            classes=spec.task.columns,
        ).multiply_adds
    except (InputError, Failure):
        return None


def measure(run: Run, *, again: bool = False, progress: Progress | None = None) -> Speed:
    """What is kept of this machine, or measured now and kept. again: measures whatever is kept.

    Raises InputError where the run has no weights.
    """
    before = kept(run)
    if before is not None and not again:
        return before
    load("torch")
    import torch

    from clfcore.architectures.inference_memory import forward_bytes
    from clfcore.architectures.latency import latency
    from clfcore.device import device_words, pick_device
    from clfcore.runs.open_classifier import classifier_of

    device, classifier = pick_device("auto"), classifier_of(run)
    module, preprocess = classifier.module.to(device), classifier.preprocess
    image = torch.zeros(preprocess.channels, preprocess.size, preprocess.size, device=device)
    alone, many = latency(module, image, batch_sizes=(1, BATCH), repeats=PASSES, progress=progress)
    known = multiply_adds(run)
    speed = Speed(
        device=device_words(device),
        seconds=alone.low,
        images_per_second=BATCH / many.low,
        memory=forward_bytes(module, image[None]),
        multiply_adds=known if known is not None else count_multiply_adds(run),
    )
    others = {name: line.model_dump(exclude_unset=True) for name, line in _stored(run).items()}
    run.write(FILE, {**others, machine(): speed.as_dict()})
    return speed


@cache
def machine() -> str:
    """What tells this machine from others, without torch: its processor and its cores."""
    name = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():  # Linux leaves processor() empty, or says the instruction set alone
        models = [line for line in cpus.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        name = models[0].split(":", 1)[1].strip() if models else name
    return f"{name}, {os.cpu_count()} cores"


def _stored(run: Run) -> dict[str, SpeedLine]:
    """By machine; what is damaged is left out, for it can be measured again."""
    lines: dict[str, SpeedLine] = {}
    try:
        values = read_values(run.path / FILE)
    except (InputError, FileNotFoundError):
        return lines
    for name, line in values.items():
        with contextlib.suppress(ValidationError):
            lines[name] = SpeedLine.model_validate(line)
    return lines
