"""Classifier: a module, its preprocessing and its task. What predict, evaluate, explain and export take."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from clfcore.architectures.build import pretrained
from clfcore.architectures.fuse import FoldedCopy
from clfcore.architectures.heads import head_name
from clfcore.data.dataset import ImageDataset
from clfcore.data.decode import decode
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError, nearest
from clfcore.exclusive import exclusive
from clfcore.hierarchy import Decoding, decoded
from clfcore.predictions import Predictions, probabilities
from clfcore.randomness import undrawn
from clfcore.task import Level, Task, single_label
from clfcore.training.batches import Batches, normalized


@dataclass(frozen=True, eq=False)
class Outputs:
    """What one forward pass gives for N pictures, float32: logits, N x columns, and embeddings, N x D, the inputs of
    the last linear layer; None where they were not asked for, or the network has no such layer, or two."""

    logits: np.ndarray
    embeddings: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Classifier:
    """A run or a pretrained architecture, opened. Its module is used within `exclusive(classifier)` alone."""

    name: str
    module: nn.Module
    preprocess: Preprocess
    task: Task
    folder: Path | None = None  # of the run it is opened from
    head: str = "linear"  # its kind: linear, logistic, mlp or attention
    decoding: Decoding = "levels"
    thresholds: tuple[float, ...] | None = None  # a label, of several; None: 0.5 each
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _folded: FoldedCopy = field(default_factory=FoldedCopy, repr=False)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.task.classes

    def square(self, image: np.ndarray) -> np.ndarray:
        """H x W x C -> size x size x channels, bytes or tones: exactly what the network sees, before normalization."""
        return self.preprocess.square(image)

    def input(self, squares: np.ndarray) -> torch.Tensor:
        """N x size x size x C bytes or tones -> N x channels x size x size float32, normalized, on its device."""
        device = next(self.module.parameters()).device
        pixels = (
            torch.from_numpy(np.array(squares)).permute(0, 3, 1, 2).to(device)
        )  # a copy: torch takes no read-only array
        return normalized(pixels, self.preprocess)

    def logits(self, squares: np.ndarray, *, batch_size: int = 16) -> np.ndarray:
        """N x size x size x C uint8 -> N x columns float32."""
        parts = [
            self.outputs(squares[start : start + batch_size]).logits for start in range(0, len(squares), batch_size)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self.task.columns), np.float32)

    def outputs(self, squares: np.ndarray, *, embeddings: bool = False) -> Outputs:
        """All that one forward pass tells of N x size x size x C bytes or tones, in one batch."""
        return self.outputs_of(self.input(squares), embeddings=embeddings)

    def outputs_of(self, x: torch.Tensor, *, embeddings: bool = False) -> Outputs:
        """The same of the network's input, N x channels x size x size float32, normalized."""
        captured: list[torch.Tensor] = []
        with exclusive(self) as module, torch.inference_mode():
            network = self._folded.of(module, x)
            head = _head(network) if embeddings else None
            hook = head.register_forward_pre_hook(lambda _, inputs: captured.append(inputs[0])) if head else None
            try:
                logits = network(x).float().cpu().numpy()
            finally:
                if hook is not None:
                    hook.remove()
        return Outputs(logits, captured[-1].flatten(1).float().cpu().numpy() if captured else None)

    def probabilities(self, squares: np.ndarray) -> np.ndarray:
        """N x size x size x C uint8 -> N x columns float64: softmax within each level, or sigmoid (multi-label)."""
        return probabilities(decoded(self.logits(squares), self.task, self.decoding), self.task)


@undrawn()
def of_architecture(name: str) -> Classifier:
    """An architecture with its ImageNet weights and their 1,000 classes."""
    network = pretrained(name)
    return Classifier(name, network.module.eval(), network.preprocess, single_label(network.labels))


def predict_dataset(
    classifier: Classifier, dataset: ImageDataset, progress: Callable[[int, int], None] | None = None
) -> Predictions:
    """What the classifier says of all items of other data, which may have some of its classes.

    Raises InputError where the data has a class that the classifier does not know.
    """
    targets = _targets_for(classifier.task, dataset)
    dataset = replace(dataset, task=classifier.task, targets=targets)
    dataset, pictures = decode(dataset, classifier.preprocess, progress=progress)
    everything = np.arange(len(dataset))
    device = next(classifier.module.parameters()).device
    batches = Batches(pictures, everything, dataset.targets, classifier.preprocess, 16, device)
    parts = []
    for x, _ in batches.in_order():
        parts.append(classifier.outputs_of(x).logits)
    logits = decoded(np.concatenate(parts), classifier.task, classifier.decoding)
    return Predictions(classifier.task, "data", dataset.ids, dataset.targets, logits, classifier.thresholds)


def predict_item(classifier: Classifier, dataset: ImageDataset, index: int, *, split: str) -> Predictions:
    """What the classifier says of one item of the data that it was trained on, which has its classes in its order.

    Raises InputError where the picture cannot be read.
    """
    pixels = dataset.image(index, least_side=classifier.preprocess.stored_side)
    if pixels.dtype == np.uint8 and pixels.shape[-1] == 1:
        pixels = np.repeat(pixels, 3, axis=-1)  # as a gray file is read
    logits = decoded(classifier.logits(classifier.square(pixels)[None]), classifier.task, classifier.decoding)
    targets = dataset.targets[index : index + 1]
    return Predictions(classifier.task, split, (dataset.ids[index],), targets, logits, classifier.thresholds)


def _head(module: nn.Module) -> nn.Module | None:
    """The last linear layer; None where there is none, or two."""
    try:
        return module.get_submodule(head_name(module))
    except InputError:
        return None


def _targets_for(task: Task, dataset: ImageDataset) -> np.ndarray:
    """The targets in the order of the task's classes, which are matched by name, level by level.

    Where the data names the finest classes of a hierarchy alone, their levels above are the task's.
    """
    if task.kind == "hierarchical" and dataset.task.kind == "single-label":
        above = {path[-1]: path for path in task.paths}
        finest = _known(task.levels[-1], dataset.task.levels[0], dataset.name)
        return np.array([above[int(i)] for i in finest], np.int64)[dataset.targets]
    if dataset.task.kind != task.kind or len(dataset.task.levels) != len(task.levels):
        raise InputError(f"{dataset.name} is {dataset.task.kind}, the run is {task.kind}: they cannot be compared")
    maps = [_known(mine, theirs, dataset.name) for mine, theirs in zip(task.levels, dataset.task.levels, strict=True)]
    if task.kind == "single-label":
        return maps[0][dataset.targets]
    if task.kind == "hierarchical":
        return np.stack([maps[i][dataset.targets[:, i]] for i in range(len(maps))], axis=1)
    targets = np.zeros((len(dataset), task.columns), np.uint8)
    targets[:, maps[0]] = dataset.targets
    return targets


def _known(mine: Level, theirs: Level, name: str) -> np.ndarray:
    """Where each of the data's classes stands among one's own. Raises InputError for those that do not."""
    at = {known: i for i, known in enumerate(mine.classes)}
    foreign = [label for label in theirs.classes if label not in at]
    if foreign:
        others = (
            f" (and {', '.join(map(repr, foreign[1:5]))}{', …' if len(foreign) > 5 else ''})" if foreign[1:] else ""
        )
        raise InputError(
            f"{name} has the class {foreign[0]!r}{others}, which the run does not know"
            f"{nearest(foreign[0], mine.classes)}: the run's classes are {', '.join(mine.classes[:12])}"
        )
    return np.array([at[label] for label in theirs.classes], np.int64)
