"""Classifier: a module, its preprocessing and its task. What predict, evaluate, explain and export take."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_model
from torch import nn

from clfcore.architectures.attended import attended
from clfcore.architectures.build import build, head_name, pretrained, replace_head
from clfcore.architectures.catalogue import architecture
from clfcore.architectures.heads import make_head
from clfcore.data.cache import decode
from clfcore.data.dataset import ImageDataset
from clfcore.data.pixels import Preprocess
from clfcore.decoding import Decoding, decoded
from clfcore.errors import InputError, nearest
from clfcore.exclusive import exclusive
from clfcore.files import typed_path
from clfcore.predictions import Predictions, probabilities
from clfcore.runs import store
from clfcore.runs.store import Run
from clfcore.runs.thresholds import thresholds_of
from clfcore.task import Task, single_label
from clfcore.training.batches import Batches, normalised


@dataclass(frozen=True, eq=False)
class Classifier:
    """A run or a pretrained architecture, opened. Its module is used within `exclusive(classifier)` alone."""

    name: str
    module: nn.Module
    preprocess: Preprocess
    task: Task
    run: Run | None = None
    decoding: Decoding = "levels"
    thresholds: tuple[float, ...] | None = None  # a label, of several; None: 0.5 each
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.task.classes

    def square(self, image: np.ndarray) -> np.ndarray:
        """H x W x C -> size x size x channels, bytes or tones: exactly what the network sees, before normalisation."""
        return self.preprocess.square(image)

    def input(self, squares: np.ndarray) -> torch.Tensor:
        """N x size x size x C bytes or tones -> N x channels x size x size float32, normalised, on its device."""
        device = next(self.module.parameters()).device
        pixels = (
            torch.from_numpy(np.array(squares)).permute(0, 3, 1, 2).to(device)
        )  # a copy: torch takes no read-only array
        return normalised(pixels, self.preprocess)

    def logits(self, squares: np.ndarray, *, batch_size: int = 16) -> np.ndarray:
        """N x size x size x C uint8 -> N x columns float32."""
        parts = []
        for start in range(0, len(squares), batch_size):
            with exclusive(self) as module, torch.inference_mode():
                parts.append(module(self.input(squares[start : start + batch_size])).float().cpu().numpy())
        return np.concatenate(parts) if parts else np.empty((0, self.task.columns), np.float32)

    def probabilities(self, squares: np.ndarray) -> np.ndarray:
        """N x size x size x C uint8 -> N x columns float64: softmax within each level, or sigmoid (multi-label)."""
        return probabilities(decoded(self.logits(squares), self.task, self.decoding), self.task)


def open_classifier(name: str, folder: Path | None = None) -> Classifier:
    """A run (by id or folder) or an architecture's ImageNet weights. Raises InputError where it is neither.

    Opening costs seconds for a large network: callers keep what they opened.
    """
    known = store.runs(folder)
    if (typed_path(name, "model") / "state.json").exists() or any(run.id.startswith(name) for run in known):
        return of_run(store.open_run(name, folder))
    try:
        architecture(name)
    except InputError:
        raise InputError(
            f"{name!r} is no run and no architecture{nearest(name, [run.id for run in known])}: "
            "see `runs` for runs and `architectures` for architectures"
        ) from None
    return of_architecture(name)


def of_architecture(name: str) -> Classifier:
    """An architecture with its ImageNet weights and their 1,000 classes."""
    network = pretrained(name)
    return Classifier(name, network.module.eval(), network.preprocess, single_label(network.labels))


def of_run(run: Run) -> Classifier:
    """A completed run with its best weights. Raises InputError where the run has none or they do not fit."""
    if not (run.path / "best.safetensors").exists() or not (run.path / "classifier.json").exists():
        raise InputError(f"run {run.id} is {run.state} and has no weights to open: let it finish, or resume it")
    stored = run.classifier
    preprocess, task = Preprocess.from_dict(stored["preprocess"]), Task.from_dict(stored["task"])
    network = build(
        stored["architecture"],
        columns=task.columns,
        channels=stored["channels"],
        image_size=preprocess.size,
        options=stored["options"],
        fit=preprocess.fit,
    )
    module = network.module
    if stored["head"] == "mlp":
        replace_head(module, make_head("mlp", module.get_submodule(head_name(module)).in_features, task.columns))
    if stored["head"] == "attention":
        module = attended(module, task.columns, channels=stored["channels"], side=preprocess.size)
    try:
        load_model(module, run.path / "best.safetensors")
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:160]
        raise InputError(f"{run.path / 'best.safetensors'} is damaged or of another network ({reason})") from error
    return Classifier(
        run.id, module.eval(), preprocess, task, run, stored.get("decoding", "levels"), thresholds_of(run)
    )


def predict_dataset(
    classifier: Classifier, dataset: ImageDataset, progress: Callable[[int, int], None] | None = None
) -> Predictions:
    """What the classifier says of all items of other data. Raises InputError where the data has other classes."""
    targets = _targets_for(classifier.task, dataset)
    dataset, pictures = decode(dataset, classifier.preprocess, progress=progress)
    kept = {name: target for name, target in targets.items() if name in set(dataset.ids)}
    everything = np.arange(len(dataset))
    device = next(classifier.module.parameters()).device
    batches = Batches(pictures, everything, dataset.targets, classifier.preprocess, 16, device)
    parts = []
    for x, _ in batches.in_order():
        with exclusive(classifier) as module, torch.inference_mode():
            parts.append(module(x).float().cpu().numpy())
    logits = decoded(np.concatenate(parts), classifier.task, classifier.decoding)
    targets = np.stack([kept[name] for name in dataset.ids])
    return Predictions(classifier.task, "data", dataset.ids, targets, logits, classifier.thresholds)


def _targets_for(task: Task, dataset: ImageDataset) -> dict[str, np.ndarray]:
    """Each item's target in the order of the task's classes; classes are matched by name, level by level."""
    if dataset.task.kind != task.kind or len(dataset.task.levels) != len(task.levels):
        raise InputError(f"{dataset.name} is {dataset.task.kind}, the run is {task.kind}: they cannot be compared")
    maps = []
    for mine, theirs in zip(task.levels, dataset.task.levels, strict=True):
        foreign = [name for name in theirs.classes if name not in mine.classes]
        if foreign:
            raise InputError(
                f"{dataset.name} has the class {foreign[0]!r}, which the run does not know"
                f"{nearest(foreign[0], mine.classes)}: the run's classes are {', '.join(mine.classes[:12])}"
            )
        maps.append(np.array([mine.classes.index(name) for name in theirs.classes], np.int64))
    if task.kind == "single-label":
        targets = maps[0][dataset.targets]
    elif task.kind == "hierarchical":
        targets = np.stack([maps[i][dataset.targets[:, i]] for i in range(len(maps))], axis=1)
    else:
        targets = np.zeros((len(dataset), task.columns), np.uint8)
        targets[:, maps[0]] = dataset.targets
    return dict(zip(dataset.ids, targets, strict=True))


def top(probabilities: np.ndarray, classes: Sequence[str], k: int) -> list[tuple[str, float]]:
    """The k likeliest classes of one item (columns of one level), likeliest first, with their probabilities."""
    order = np.argsort(-probabilities, kind="stable")[:k]
    return [(classes[i], float(probabilities[i])) for i in order]
