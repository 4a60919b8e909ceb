"""Predictions: what one classifier predicted for one split. All of evaluation is a function of it."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore.errors import InputError
from clfcore.files import write_whole
from clfcore.task import Task


@dataclass(frozen=True, eq=False)
class Predictions:
    """Item ids, targets and logits of one split.

    ids: N strings; targets: see `Task`; logits: N x task.columns float32, finite. thresholds: of several labels, the
    probability from which each counts, as its run keeps them; None: 0.5 each. Raises InputError where they misfit.
    """

    task: Task
    split: str
    ids: tuple[str, ...]
    targets: np.ndarray
    logits: np.ndarray
    thresholds: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        n, columns = len(self.ids), self.task.columns
        if self.logits.shape != (n, columns):
            raise InputError(f"logits are {_shape(self.logits)}: {n} items and {columns} classes need {n} x {columns}")
        wanted = {"single-label": (n,), "multi-label": (n, columns), "hierarchical": (n, len(self.task.levels))}[
            self.task.kind
        ]
        if self.targets.shape != wanted:
            raise InputError(
                f"targets are {_shape(self.targets)}: a {self.task.kind} task needs {' x '.join(map(str, wanted))}"
            )
        if self.thresholds is not None and (self.task.kind != "multi-label" or len(self.thresholds) != columns):
            raise InputError(f"{len(self.thresholds)} thresholds are given: a task of several labels has one a label")
        if self.targets.size and not _within(self.targets, self.task):
            raise InputError(f"targets are out of range: each must be one of the {columns} classes of the task")
        if not np.isfinite(self.logits).all():
            raise InputError(
                "logits hold values that are not finite: the run diverged; train again with a lower learning rate"
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.task.classes

    def probabilities(self) -> np.ndarray:
        """N x columns float64: softmax within each level, or sigmoid (multi-label)."""
        return probabilities(self.logits, self.task)

    def row(self, index: int) -> list[float]:
        """The probabilities of one item, without those of all others."""
        return probabilities(self.logits[index : index + 1], self.task)[0].tolist()

    def level(self, name: str) -> "Predictions":
        """One level of a hierarchical task as single-label predictions."""
        names = [level.name for level in self.task.levels]
        if name not in names:
            raise InputError(f"level is {name!r}: it must be one of {', '.join(names)}")
        i = names.index(name)
        targets = self.targets[:, i] if self.task.kind == "hierarchical" else self.targets
        return Predictions(
            Task("single-label", (self.task.levels[i],)),
            self.split,
            self.ids,
            targets,
            self.logits[:, self.task.slices[i]],
        )

    def save(self, path: Path) -> None:
        """Write whole or not at all, as .npz without pickled objects."""

        arrays = {
            "task": np.array(json.dumps(self.task.as_dict())),
            "split": np.array(self.split),
            "ids": np.array(self.ids, dtype=np.str_),
            "targets": self.targets,
            "logits": self.logits.astype(np.float32),
        }

        def write(partial: Path) -> None:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, values in arrays.items():
                    info = zipfile.ZipInfo(f"{name}.npy")
                    # Logits hardly shrink, and of 50 million every view would wait for seconds to have them back.
                    info.compress_type = zipfile.ZIP_STORED if name == "logits" else zipfile.ZIP_DEFLATED
                    with archive.open(info, "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, values, allow_pickle=False)

        write_whole(path, write)

    @staticmethod
    def load(path: Path) -> "Predictions":
        """Read what `save` wrote. Raises InputError, which names run and file, where it is absent or damaged."""
        if not path.exists():
            raise InputError(f"{path.name} is not in {path.parent}: the run has no predictions for this split")
        try:
            if not path.is_file():
                raise ValueError("it is no file")
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                return _checked(stored)
        except Exception as error:  # zipfile, zlib, numpy and json raise a dozen kinds on damaged files
            cause = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
            raise InputError(
                f"run {path.parent.name}: {path.name} is damaged and cannot be read: evaluate the run again to write "
                f"it anew ({cause})"
            ) from None


def _checked(stored: Mapping[str, np.ndarray]) -> Predictions:
    task = Task.from_dict(json.loads(str(stored["task"])))
    ids, targets, logits = stored["ids"], stored["targets"], stored["logits"]
    if ids.ndim != 1 or ids.dtype.kind not in "US" or targets.dtype.kind not in "iub" or logits.dtype != np.float32:
        raise ValueError(f"ids, targets and logits are {ids.dtype}, {targets.dtype} and {logits.dtype}")
    return Predictions(task, str(stored["split"]), tuple(str(name) for name in ids), targets, logits)


def _within(targets: np.ndarray, task: Task) -> bool:
    """Whether every target is a class of its task (of several labels: 0 or 1)."""
    if task.kind == "multi-label":
        return bool(((targets == 0) | (targets == 1)).all())
    sizes = [len(level.classes) for level in task.levels]
    return bool((targets >= 0).all() and (targets < (sizes if task.kind == "hierarchical" else sizes[-1])).all())


def probabilities(logits: np.ndarray, task: Task) -> np.ndarray:
    """N x columns logits -> N x columns float64 probabilities: softmax within each level, or sigmoid (multi-label)."""
    x = logits.astype(np.float64)
    if task.kind == "multi-label":
        return np.exp(-np.logaddexp(0.0, -x))
    out = np.empty_like(x)
    for part in task.slices:
        e = np.exp(x[:, part] - x[:, part].max(axis=1, keepdims=True, initial=-np.inf))
        out[:, part] = e / e.sum(axis=1, keepdims=True)
    return out


def moved_thresholds(thresholds: Sequence[float], temperature: float) -> tuple[float, ...]:
    """Where thresholds lie once logits are divided by a temperature: each label counts from the same logit as before.

    >>> [round(t, 3) for t in moved_thresholds([0.5, 0.9, 1.0], 2.0)]
    [0.5, 0.75, 1.0]
    """
    t = np.asarray(thresholds, np.float64)
    with np.errstate(divide="ignore"):
        logits = np.log(t) - np.log1p(-t)  # 0 and 1 become infinite, and come back as they were
    return tuple(np.exp(-np.logaddexp(0.0, -logits / temperature)).tolist())


def _shape(array: np.ndarray) -> str:
    return " x ".join(map(str, array.shape))
