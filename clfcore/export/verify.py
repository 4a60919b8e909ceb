"""Parity of an export with what it was made from: on real images, through the real decoder."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch

from clfcore.classifier import Classifier
from clfcore.data.dataset import ImageDataset, Split
from clfcore.data.decode import Decoded, decode
from clfcore.evaluation.compare import compare, hits
from clfcore.evaluation.intervals import Interval
from clfcore.exclusive import exclusive
from clfcore.hierarchy import decoded as decoded_paths
from clfcore.predictions import Predictions, probabilities
from clfcore.progress import Progress
from clfcore.results import WHEN_KNOWN, Result
from clfcore.task import Task
from clfcore.training.batches import normalized

BATCH = 16
ROUNDS = 20  # of one batch each, the two sides by turns


@dataclass(frozen=True, eq=False)
class Proof:
    """The images that an export is verified on: squares by batches, their ids and targets (None: unlabeled)."""

    split: str
    ids: tuple[str, ...]
    targets: np.ndarray | None
    decoded: Decoded
    rows: np.ndarray
    train: np.ndarray  # places of the training images among the decoded ones
    classifier: Classifier

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, size: int = BATCH) -> Iterator[np.ndarray]:
        """N x S x S x 3 squares, as the exported file takes them."""
        for start in range(0, len(self.rows), size):
            yield squares_of(self.classifier, self.decoded, self.rows[start : start + size])

    def part(self, most: int) -> "Proof":
        """At most so many of the images, evenly drawn."""
        places = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(int))
        ids = tuple(self.ids[i] for i in places)
        return replace(self, ids=ids, rows=self.rows[places], targets=_rows(self.targets, places))


@dataclass(frozen=True)
class Parity(Result):
    """How far the export's logits are from the network's. top1_agreement: share of items with the same answer (of all
    levels; of several labels the same set of labels); worst_item: the id with the largest difference."""

    split: str
    items: int
    top1_agreement: float
    max_abs_logit: float
    mean_abs_logit: float
    largest_logit: float
    worst_item: str

    def describe(self) -> str:
        """The proof in one sentence."""
        agreeing = round(self.top1_agreement * self.items)
        return (
            f"{agreeing:,} of {self.items:,} {self.split} images get the same answer; the largest difference of a logit"
            f" is {self.max_abs_logit:.2g} of {self.largest_logit:.3g}"
        )


@dataclass(frozen=True)
class Accuracy(Result):
    """Accuracy of run and export on the same items (subset accuracy of several labels, the finest level of a
    hierarchy), export - run, and the 95% interval of the difference."""

    run: float
    export: float
    difference: float
    interval: Interval


@dataclass(frozen=True)
class Latency(Result):
    """Milliseconds for a batch, of an export's proof for one image: medians of rounds by turns; ratio: run / export."""

    run_ms: float
    export_ms: float
    ratio: float


@dataclass(frozen=True)
class Verification(Result):
    """All that is measured of an export. stored: parity with the predictions that the run keeps, where it has some."""

    parity: Parity
    stored: Parity | None
    accuracy: Accuracy | None
    latency: Latency
    note: str = field(default="", metadata=WHEN_KNOWN)


def proof_of(
    classifier: Classifier, dataset: ImageDataset, split: Split | Literal["data"], *, progress: Progress | None = None
) -> Proof:
    """The items of one split, decoded as training decodes them; `data`: all items, without their labels."""
    dataset, decoded = decode(dataset, classifier.preprocess, progress=progress)
    train = dataset.splits.get("train", np.empty(0, np.int64))
    if split == "data":
        return Proof(split, dataset.ids, None, decoded, np.arange(len(dataset)), train, classifier)
    rows = dataset.splits[split]
    return Proof(split, tuple(dataset.ids[i] for i in rows), dataset.targets[rows], decoded, rows, train, classifier)


def _rows(targets: np.ndarray | None, places: np.ndarray) -> np.ndarray | None:
    return None if targets is None else targets[places]


def squares_of(classifier: Classifier, decoded: Decoded, rows: np.ndarray) -> np.ndarray:
    """Some items as the exported file takes them: n x S x S x 3, bytes or tones."""
    center = classifier.preprocess.center(decoded.tones(rows, classifier.preprocess))
    return np.array(np.broadcast_to(center, (*center.shape[:3], 3)))  # a copy: torch takes no read-only array


def logits_of(classifier: Classifier, squares: np.ndarray) -> np.ndarray:
    """N x S x S x 3 -> N x columns, of the float32 module."""
    pixels = torch.from_numpy(squares).permute(0, 3, 1, 2)
    with exclusive(classifier) as module, torch.inference_mode():
        device = next(module.parameters()).device
        return module(normalized(pixels.to(device), classifier.preprocess)).float().cpu().numpy()


def verify(
    classifier: Classifier,
    proof: Proof,
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    stored: Predictions | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Run and export on every image of the proof. predict: squares -> logits, of the export."""
    mine, theirs = [], []
    for squares in proof.batches():
        mine.append(logits_of(classifier, squares))
        theirs.append(predict(squares))
        if progress:
            progress(sum(map(len, mine)), len(proof))
    run, export = np.concatenate(mine), np.concatenate(theirs)
    task, thresholds = classifier.task, classifier.thresholds
    return Verification(
        parity=parity(run, export, task, ids=proof.ids, split=proof.split, thresholds=thresholds),
        stored=_stored_parity(export, classifier, proof, stored=stored),
        accuracy=_accuracy(run, export, classifier, proof=proof),
        latency=latency(classifier, predict, next(proof.batches(1))),
    )


def parity(
    run: np.ndarray,
    export: np.ndarray,
    task: Task,
    *,
    ids: tuple[str, ...],
    split: str,
    thresholds: tuple[float, ...] | None,
) -> Parity:
    """N x columns logits of both sides, compared."""
    gap = np.abs(run.astype(np.float64) - export)
    worst = int(gap.max(axis=1).argmax())
    agreeing = (_answers(run, task, thresholds) == _answers(export, task, thresholds)).all(axis=1)
    return Parity(
        split,
        len(ids),
        float(agreeing.mean()),
        float(gap.max()) if np.isfinite(export).all() else float("inf"),
        float(gap.mean()),
        float(np.abs(run).max()),
        ids[worst],
    )


def _answers(logits: np.ndarray, task: Task, thresholds: tuple[float, ...] | None) -> np.ndarray:
    """N x levels classes, or N x C labels of 0 and 1."""
    if task.kind == "multi-label":
        return probabilities(logits, task) >= np.array(thresholds or [0.5] * task.columns)
    return np.stack([logits[:, part].argmax(axis=1) for part in task.slices], axis=1)


def _stored_parity(
    export: np.ndarray, classifier: Classifier, proof: Proof, *, stored: Predictions | None
) -> Parity | None:
    if stored is None:
        return None
    places = {name: i for i, name in enumerate(stored.ids)}
    rows = [i for i, name in enumerate(proof.ids) if name in places]
    if not rows:
        return None
    stored_logits = stored.logits[[places[proof.ids[i]] for i in rows]]
    read = decoded_paths(export[rows], classifier.task, classifier.decoding)
    ids = tuple(proof.ids[i] for i in rows)
    return parity(stored_logits, read, classifier.task, ids=ids, split=proof.split, thresholds=classifier.thresholds)


def _accuracy(run: np.ndarray, export: np.ndarray, classifier: Classifier, *, proof: Proof) -> Accuracy | None:
    if proof.targets is None:
        return None
    task = classifier.task
    sides = []
    for name, logits in (("run", run), ("export", export)):
        read = decoded_paths(logits, task, classifier.decoding)
        sides.append((name, Predictions(task, proof.split, proof.ids, proof.targets, read, classifier.thresholds)))
    pair = compare(sides).pairs[0]
    a, b = (float(hits(predictions).mean()) for _, predictions in sides)
    return Accuracy(a, b, pair.difference, pair.interval)


def latency(classifier: Classifier, predict: Callable[[np.ndarray], np.ndarray], squares: np.ndarray) -> Latency:
    """One batch at a time, the two sides by turns, so that both meet the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for step in range(ROUNDS + 3):
        for side, work in zip(times, (lambda: logits_of(classifier, squares), lambda: predict(squares)), strict=True):
            start = time.perf_counter()
            work()
            if step >= 3:  # the first calls allocate
                side.append(1e3 * (time.perf_counter() - start))
    run, export = (statistics.median(side) for side in times)
    return Latency(run, export, run / export)
