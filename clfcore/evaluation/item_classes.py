"""The classes of one item as a classifier sees them: the most probable ones, and the true ones among or after them."""

from dataclasses import dataclass

import numpy as np

from clfcore.errors import InputError
from clfcore.evaluation.metrics import decide
from clfcore.predictions import Predictions


@dataclass(frozen=True)
class ItemClass:
    """A class or label of an item. index: its place among the level's classes."""

    label: str
    index: int
    probability: float
    predicted: bool
    true: bool


def item_classes(predictions: Predictions, item: str, *, top: int = 5) -> tuple[ItemClass, ...]:
    """The `top` most probable classes of one item, the most probable first, then its true ones and predicted labels.

    Of a hierarchy those of the finest level. Raises InputError where there is no prediction of the item.
    """
    if item not in predictions.ids:
        raise InputError(f"{item} is not among the {predictions.split} images that the run has predicted")
    if predictions.task.kind == "hierarchical":
        predictions = predictions.level(predictions.task.levels[-1].name)
    row = predictions.ids.index(item)
    p = np.asarray(predictions.row(row))
    if predictions.task.kind == "multi-label":
        one = Predictions(
            predictions.task,
            predictions.split,
            predictions.ids[row : row + 1],
            predictions.targets[row : row + 1],
            predictions.logits[row : row + 1],
            predictions.thresholds,
        )
        true = {int(i) for i in np.flatnonzero(predictions.targets[row])}
        predicted = {int(i) for i in np.flatnonzero(decide(one)[0])}
    else:
        true, predicted = {int(predictions.targets[row])}, {int(p.argmax())}
    order = np.argsort(-p, kind="stable").tolist()
    shown = [i for rank, i in enumerate(order) if rank < top or i in true or i in predicted]
    return tuple(
        ItemClass(predictions.classes[i], i, float(p[i]), predicted=i in predicted, true=i in true) for i in shown
    )
