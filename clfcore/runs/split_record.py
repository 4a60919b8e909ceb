"""A run's split, kept by content: which pictures it trains, validates and tests on, wherever their files go.

`split.json` of a run's folder is written whole when the run first opens its data, and never changes after.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clfcore.data.dataset import SPLITS, ImageDataset, Split
from clfcore.data.fingerprints import is_readable
from clfcore.errors import InputError
from clfcore.files import write_text
from clfcore.results import Json
from clfcore.runs.folder import Run
from clfcore.runs.json_files import text_of
from clfcore.task import Task

FILE = "split.json"
_VERSION = 1


@dataclass(frozen=True, eq=False)
class KeptSplit:
    """The items of a run as it first opened them: N ids, N content fingerprints and targets as `Task` says.

    splits: name -> indices of items. drawn: the splits that the data did not give. trained_before: contents that the
    runs which this one continues were trained on.
    """

    task: Task
    ids: tuple[str, ...]
    contents: tuple[str, ...]
    targets: np.ndarray
    splits: Mapping[Split, np.ndarray]
    drawn: tuple[Split, ...] = ()
    trained_before: frozenset[str] = frozenset()

    @staticmethod
    def of(dataset: ImageDataset, trained_before: frozenset[str] = frozenset()) -> "KeptSplit":
        """What is to be kept of a dataset: all but what cannot be read."""
        bad = [i for i, content in enumerate(dataset.contents) if not is_readable(content)]
        contents = tuple(content for content in dataset.contents if is_readable(content))
        kept = dataset.without(bad) if bad else dataset
        return KeptSplit(
            dataset.task, kept.ids, contents, kept.targets, dict(kept.splits), dataset.drawn, trained_before
        )

    @property
    def trained_on(self) -> frozenset[str]:
        """Contents that went into the weights, by this run or by one that it continues."""
        own = (self.contents[i] for i in self.splits.get("train", np.empty(0, np.int64)).tolist())
        return self.trained_before.union(own)

    def by_content(self) -> dict[str, Split]:
        """Each content's split; what was ever trained on is of train."""
        known: dict[str, Split] = {}
        for split in reversed(SPLITS):
            known |= dict.fromkeys((self.contents[i] for i in self.splits.get(split, np.empty(0, np.int64))), split)
        return known | dict.fromkeys(self.trained_before, "train")

    def write(self, run: Run) -> None:
        """Keep the split in a run's folder, whole or not at all."""
        labels = self.targets.tolist()
        if self.task.kind == "multi-label":
            labels = [np.flatnonzero(row).tolist() for row in self.targets]
        values = {
            "version": _VERSION,
            "task": self.task.as_dict(),
            "drawn": list(self.drawn),
            "splits": {name: chosen.tolist() for name, chosen in self.splits.items()},
            "ids": self.ids,
            "contents": self.contents,
            "labels": labels,
            "trained_before": sorted(self.trained_before),
        }
        write_text(run.path / FILE, json.dumps(values))


def read_split(run: Run) -> KeptSplit | None:
    """The split that a run keeps; None where it keeps none: it never opened its data, or is older than the file.

    Raises InputError where the file is damaged.
    """
    path = run.path / FILE
    try:
        return _parsed(json.loads(text_of(path)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise InputError(
            f"{path} is damaged ({reason}): without it the run's split is not known; restore it, or train a new run"
        ) from None


def _parsed(values: Json) -> KeptSplit:
    if values["version"] != _VERSION:
        raise ValueError(f"its version is {values['version']!r}, not {_VERSION}")
    task = Task.from_dict(values["task"])
    ids, contents = _names(values["ids"]), _names(values["contents"])
    if len(set(ids)) != len(ids) or len(contents) != len(ids) or len(values["labels"]) != len(ids):
        raise ValueError("its lists do not fit together")
    splits = {name: _indices(values["splits"][name], len(ids)) for name in SPLITS if name in values["splits"]}
    everything = np.concatenate([*splits.values(), np.empty(0, np.int64)])
    if len(np.unique(everything)) != len(everything):
        raise ValueError("an item stands in two splits")
    drawn = tuple(name for name in SPLITS if name in values["drawn"])
    targets = _targets(task, values["labels"])
    return KeptSplit(task, ids, contents, targets, splits, drawn, frozenset(_names(values["trained_before"])))


def _names(values: Json) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError("a list of names is none")
    return tuple(values)


def _indices(values: Json, below: int) -> np.ndarray:
    array = np.asarray(values)
    if not len(array):
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind != "i" or array.min() < 0 or array.max() >= below:
        raise ValueError("an index is out of range")
    return array.astype(np.int64)


def _targets(task: Task, labels: Json) -> np.ndarray:
    sizes = [len(level.classes) for level in task.levels]
    if task.kind == "multi-label":
        targets = np.zeros((len(labels), sizes[0]), np.uint8)
        for row, own in zip(targets, labels, strict=True):
            row[_indices(own, sizes[0])] = 1
        return targets
    columns = np.asarray(labels)
    width = () if task.kind == "single-label" else (len(sizes),)
    if columns.shape != (len(labels), *width) or columns.dtype.kind != "i":
        raise ValueError("its labels do not fit its task")
    if (columns < 0).any() or (columns >= np.array(sizes if width else sizes[0])).any():
        raise ValueError("a label is out of range")
    return columns.astype(np.int64)
