"""Robustness: how often runs are right on their test images under corruption, all runs on the same draws.

The images are the same for all runs, too: of those that every run predicted, the first by a digest of their ids, so
that another start, or another run of the same data, takes the same ones. A run's outcomes are kept in its folder under
a digest of weights, images and corruptions, and computed again only where one of these changed. Letters: N images.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from clfcore.architectures.fuse import fuse_for_inference
from clfcore.classifier import Classifier
from clfcore.data.dataset import ImageDataset
from clfcore.data.decode import decode
from clfcore.data.thread_pool import as_completed
from clfcore.device import one_thread
from clfcore.errors import InputError
from clfcore.evaluation.intervals import Interval, percentiles, resampled, wilson
from clfcore.exclusive import exclusive
from clfcore.hierarchy import decoded as read_along_paths
from clfcore.predictions import Predictions
from clfcore.progress import Progress
from clfcore.quality.corruptions import CORRUPTIONS, STRENGTHS, every_strength
from clfcore.quality.run_slices import right_items
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.records import Record
from clfcore.runs.run_data import open_run_data

LEAST = 20
BATCH = 16
VERSION = 1
CLEAN = "clean"


class RobustnessFile(Record):
    """What a run's images came to: outcomes of each condition, a bit an image, under the digest of what they are of."""

    file = "robustness.json"
    digest: str = ""
    items: int = 0
    outcomes: Mapping[str, str] = {}


@dataclass(frozen=True, eq=False)
class RunRobustness:
    """A run's outcomes: by condition (`clean`, or kind and strength) N bool, whether each image is right."""

    run: Run
    outcomes: Mapping[str, np.ndarray]

    @property
    def items(self) -> int:
        return len(self.outcomes[CLEAN])

    def right(self, kind: str, strength: int) -> int:
        """How many images are right at a strength; 0 is clean."""
        return int(self.outcomes[condition(kind, strength)].sum())

    def interval(self, kind: str, strength: int) -> Interval | None:
        return wilson(self.right(kind, strength), self.items)

    @property
    def per_item(self) -> np.ndarray:
        """Of each image the share of the corrupted conditions in which it is right, N."""
        return np.mean([right for name, right in self.outcomes.items() if name != CLEAN], axis=0)


def condition(kind: str, strength: int) -> str:
    """The name of a kind at a strength; at 0, whatever the kind, the clean image."""
    return f"{kind} {strength}" if strength else CLEAN


CONDITIONS = (CLEAN, *(condition(kind, strength) for kind in CORRUPTIONS for strength in STRENGTHS))


def measure_robustness(
    runs: Sequence[Run], *, items: int, progress: Progress | None = None
) -> tuple[RunRobustness, ...]:
    """Each run's outcomes on the same images and draws; what its folder keeps is not computed again.

    Raises InputError where the runs share too few test images, or data or weights are gone.
    """
    if items < LEAST:
        raise InputError(f"items is {items}: it must be at least {LEAST}, or the intervals say nothing")
    chosen = _common(runs, items)
    curves = []
    for number, run in enumerate(runs):
        digest = _digest(run, chosen)
        outcomes = _kept(run, digest, len(chosen))
        if outcomes is None:
            outcomes = _outcomes(run, chosen, progress=_part(progress, number, len(runs)))
            _keep(run, digest, outcomes)
        curves.append(RunRobustness(run, outcomes))
    return tuple(curves)


@dataclass(frozen=True)
class PairedRobustness:
    """How much more often b is right than a under corruption, mean over conditions; interval: bootstrap over images."""

    a: str
    b: str
    difference: float
    interval: Interval


def paired(runs: Sequence[RunRobustness], *, resamples: int = 1000, seed: int = 0) -> tuple[PairedRobustness, ...]:
    """Every pair of runs, on the same images and draws."""
    pairs = []
    for i, a in enumerate(runs):
        for b in runs[i + 1 :]:
            gaps = b.per_item - a.per_item
            means = np.concatenate([w @ gaps / len(gaps) for w in resampled(len(gaps), resamples, seed=seed)])
            pairs.append(PairedRobustness(a.run.id, b.run.id, float(gaps.mean()), percentiles(means)))
    return tuple(pairs)


def _common(runs: Sequence[Run], items: int) -> tuple[str, ...]:
    """Test images that every run predicted, at most so many, in the order of their ids' digests."""
    tested = []
    for run in runs:
        if "test" not in run.splits:
            raise InputError(f"run {run.id} has no test predictions: robustness is measured on a test split alone")
        tested.append(set(run.predictions("test").ids))
    common = set.intersection(*tested)
    if len(common) < LEAST:
        shared = "the runs share" if len(runs) > 1 else f"run {runs[0].id} has"
        raise InputError(f"{shared} {len(common):,} test images: at least {LEAST} are needed")
    return tuple(sorted(common, key=lambda name: hashlib.blake2b(name.encode(), digest_size=8).digest())[:items])


def _outcomes(run: Run, items: Sequence[str], *, progress: Progress | None) -> dict[str, np.ndarray]:
    classifier, preprocess = classifier_of(run), run.classifier.preprocess
    dataset, pictures = decode(open_run_data(run), preprocess)
    at = {name: i for i, name in enumerate(dataset.ids)}
    gone = [name for name in items if name not in at]
    if gone:
        raise InputError(f"{len(gone):,} test images of run {run.id} are gone, such as {gone[0]}: bring them back")
    kinds = (CLEAN, *CORRUPTIONS)
    starts = range(0, len(items), BATCH)
    first = preprocess.center(pictures.tones(np.array([at[name] for name in items[:BATCH]]), preprocess))
    predict = _fused(classifier, first)

    def outcomes_of(place: int) -> list[tuple[int, str, np.ndarray]]:
        """Start, condition and outcomes of a batch under one kind. By one thread: each of the pool is busy itself."""
        number, which = divmod(place, len(kinds))
        names, kind = items[starts[number] : starts[number] + BATCH], kinds[which]
        indices = np.array([at[name] for name in names])
        squares = preprocess.center(pictures.tones(indices, preprocess))
        seen = [(CLEAN, squares)] if kind == CLEAN else _conditions(squares, names, kind)
        with one_thread():
            read = [(name, read_along_paths(predict(x), classifier.task, classifier.decoding)) for name, x in seen]
        return [(starts[number], name, _right(run, dataset, indices, logits=logits)) for name, logits in read]

    outcomes = {name: np.zeros(len(items), bool) for name in CONDITIONS}
    done, total = 0, len(items) * len(CONDITIONS)
    for part in as_completed(outcomes_of, range(len(starts) * len(kinds))):
        for start, name, right in part:
            outcomes[name][start : start + len(right)] = right
            done += len(right)
        if progress is not None:
            progress(done, total)
    return outcomes


def _conditions(squares: np.ndarray, names: Sequence[str], kind: str) -> list[tuple[str, np.ndarray]]:
    """The images under a kind at each strength."""
    made = [every_strength(square, kind, item=name) for square, name in zip(squares, names, strict=True)]
    return [
        (condition(kind, s), np.stack(images)) for s, images in zip(STRENGTHS, zip(*made, strict=True), strict=True)
    ]


def _fused(classifier: Classifier, squares: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """What computes logits quicker than the classifier itself does, N x columns."""
    with exclusive(classifier) as module:
        network, dtype = fuse_for_inference(module, classifier.input(squares))

    def predict(seen: np.ndarray) -> np.ndarray:
        x = classifier.input(seen).to(dtype=dtype, memory_format=torch.channels_last)
        with torch.inference_mode():
            return np.asarray(network(x).float().cpu().numpy())

    return predict


def _right(run: Run, dataset: ImageDataset, indices: np.ndarray, *, logits: np.ndarray) -> np.ndarray:
    ids, thresholds = tuple(dataset.ids[int(i)] for i in indices), run.thresholds
    known = thresholds if dataset.task.kind == "multi-label" else None
    return right_items(Predictions(dataset.task, "test", ids, dataset.targets[indices], logits, known))


def _digest(run: Run, items: Sequence[str]) -> str:
    weights = hashlib.blake2b(digest_size=16)
    for file in ("best.safetensors", "thresholds.json"):
        path = run.path / file
        weights.update(path.read_bytes() if path.is_file() else b"")
    parameters = [(kind, one.parameters) for kind, one in CORRUPTIONS.items()]
    weights.update(repr((VERSION, parameters, *items)).encode())
    return weights.hexdigest()


def _kept(run: Run, digest: str, items: int) -> dict[str, np.ndarray] | None:
    """The outcomes that the run keeps of exactly this; None where there are none, or they are damaged."""
    try:
        stored = run.read(RobustnessFile)
        if stored.digest != digest or stored.items != items or set(stored.outcomes) != set(CONDITIONS):
            return None
        return {name: _unpacked(stored.outcomes[name], items) for name in CONDITIONS}
    except (InputError, ValueError):
        return None


def _keep(run: Run, digest: str, outcomes: Mapping[str, np.ndarray]) -> None:
    packed = {name: base64.b64encode(np.packbits(right).tobytes()).decode() for name, right in outcomes.items()}
    run.write(RobustnessFile.file, {"digest": digest, "items": len(outcomes[CLEAN]), "outcomes": packed})


def _unpacked(text: str, items: int) -> np.ndarray:
    bits = np.unpackbits(np.frombuffer(base64.b64decode(text, validate=True), np.uint8))
    if not items <= len(bits) < items + 8:
        raise ValueError("outcomes are of another number of images")
    return bits[:items].astype(bool)


def _part(progress: Progress | None, number: int, of: int) -> Progress | None:
    """Progress of one run's part of the work."""
    return None if progress is None else lambda done, total: progress(number * total + done, of * total)
