"""Rare classes made to count: weights of the loss, of labels and levels, and of the draw, from the training split.

Letters: N items, C classes, L levels. No torch.
"""

from collections.abc import Sequence

import numpy as np

from clfcore.config import Recipe, RunConfig
from clfcore.data.dataset import ImageDataset
from clfcore.errors import InputError
from clfcore.task import Task

# How much a level counts in a hierarchical loss, coarsest first; deeper levels keep the last figure.
LEVEL_WEIGHTS = (1.0, 0.8, 0.6, 0.4, 0.3)
MOST = 100.0  # a label that one item of thousands has would otherwise drown all others


def class_weights(recipe: Recipe, counts: np.ndarray) -> np.ndarray | None:
    """C float64, of mean 1 over the items: none, inverse frequency, effective number (Cui et al. 2019) or as given.

    A class without items keeps 0: nothing is learned of it.
    """
    if recipe.class_weights == "none":
        return None
    given = numbers(recipe.class_weights)
    if given is not None:
        weights = given
    elif recipe.class_weights == "inverse-frequency":
        weights = np.divide(1.0, counts, out=np.zeros(len(counts)), where=counts > 0)
    else:
        effective = -np.expm1(counts * np.log(recipe.effective_beta))
        weights = np.divide(1 - recipe.effective_beta, effective, out=np.zeros(len(counts)), where=counts > 0)
    return weights * counts.sum() / max((weights * counts).sum(), 1e-12) if given is None else weights


def positive_weights(recipe: Recipe, targets: np.ndarray) -> np.ndarray | None:
    """C float64: what a label that is there counts against one that is not. targets: N x C of 0 and 1.

    balanced: negatives / positives of the training split, from 1 / 100 to 100; 1 for a label that all or none have.
    """
    if recipe.positive_weights == "none":
        return None
    weights = numbers(recipe.positive_weights)
    if weights is not None:
        return weights
    there = (targets > 0).sum(axis=0).astype(np.float64)
    absent = len(targets) - there
    both = (there > 0) & (absent > 0)
    return np.clip(np.divide(absent, there, out=np.ones(len(there)), where=both), 1 / MOST, MOST)


def level_weights(recipe: Recipe, task: Task) -> tuple[float, ...]:
    """How much each level counts in the loss, coarsest first."""
    weights = None if recipe.level_weights == "auto" else numbers(recipe.level_weights)
    if weights is not None:
        return tuple(weights.tolist())
    return tuple(LEVEL_WEIGHTS[min(i, len(LEVEL_WEIGHTS) - 1)] for i in range(len(task.levels)))


def draw_weights(task: Task, targets: np.ndarray) -> np.ndarray:
    """N float64 that sum to 1: each class is drawn as often as any other.

    Of several labels, a label is drawn and then an item that has it; items without any label are one class more.
    """
    if task.kind != "multi-label":
        finest = targets if targets.ndim == 1 else targets[:, -1]
        weights = 1.0 / np.bincount(finest)[finest]
    else:
        there = np.concatenate([targets > 0, ~(targets > 0).any(axis=1, keepdims=True)], axis=1)  # N x (C + 1)
        weights = there @ np.divide(1.0, there.sum(axis=0), out=np.zeros(there.shape[1]), where=there.any(axis=0))
    return weights / weights.sum()


def check(config: RunConfig, dataset: ImageDataset) -> None:
    """Refuse options that the task has no use for, and weights of the wrong length. Raises InputError."""
    recipe, task = config.recipe, dataset.task
    several, levels = task.kind == "multi-label", [level.name for level in task.levels]
    for name, fits, instead in (
        ("class_weights", not several, "it weighs classes that exclude each other; use positive_weights"),
        ("positive_weights", several, "it is for tasks with several labels an item; use class_weights"),
        ("level_weights", task.kind == "hierarchical", "it is for tasks with levels; leave it out"),
    ):
        value = getattr(recipe, name)
        if value not in ("none", "auto") and not fits:
            raise InputError(f"recipe.{name} is {value!r} and {dataset.name} is {task.kind}: {instead}")
    if recipe.loss == "asymmetric" and not several:
        raise InputError(
            f"recipe.loss is 'asymmetric' and {dataset.name} is {task.kind}: it is for several labels an item; "
            "take focal"
        )
    if recipe.label_smoothing and recipe.loss == "asymmetric":
        raise InputError("recipe.label_smoothing is set and recipe.loss is 'asymmetric': leave one of them out")
    _length("class_weights", recipe.class_weights, count=len(task.classes), of=f"classes of {dataset.name}")
    _length("positive_weights", recipe.positive_weights, count=len(task.classes), of=f"labels of {dataset.name}")
    _length(
        "level_weights", recipe.level_weights, count=len(levels), of=f"levels of {dataset.name} ({', '.join(levels)})"
    )
    if config.strategy == "feature-extraction" and config.head == "logistic" and recipe.sampling == "balanced":
        raise InputError(
            "recipe.sampling is 'balanced': a logistic head sees all images at once; use class_weights or head linear"
        )
    if config.decoding != "levels" and task.kind != "hierarchical":
        raise InputError(f"decoding is {config.decoding!r} and {dataset.name} is {task.kind}: it is for levels alone")
    if config.thresholds != "half" and not several:
        raise InputError(
            f"thresholds is {config.thresholds!r} and {dataset.name} is {task.kind}: it is for several labels an item; "
            "for one class, `evaluate RUN --positive CLASS --sensitivity 0.95` chooses an operating point"
        )


def silent_classes(dataset: ImageDataset) -> tuple[str, ...]:
    """Sentences on classes or labels that training or judging will miss: in no training item, or in all of them."""
    counts, n, several = dataset.counts("train"), len(dataset.splits["train"]), dataset.task.kind == "multi-label"
    what = "label" if several else "class"
    absent = [name for name, count in zip(dataset.classes, counts, strict=True) if count == 0]
    always = [name for name, count in zip(dataset.classes, counts, strict=True) if several and count == n]
    notes = []
    if absent:
        notes.append(f"No training image has the {what} {_few(absent)}: nothing can be learned of it.")
    if always:
        notes.append(f"Every training image has the label {_few(always)}: its area under the curve is undefined.")
    return tuple(notes)


def numbers(text: str) -> np.ndarray | None:
    """`1,0.5,2` -> three float64; None where the text is a word.

    >>> numbers("1, 0.5").tolist()
    [1.0, 0.5]
    """
    try:
        return np.array([float(part) for part in text.split(",")])
    except ValueError:
        return None


def _length(name: str, text: str, *, count: int, of: str) -> None:
    values = numbers(text)
    if values is not None and len(values) != count:
        raise InputError(f"recipe.{name} has {len(values)} values: there are {count} {of}; give one each, in order")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
