"""A predictor of colors: what inference and serving are tested with, without a network."""

from collections.abc import Sequence

import numpy as np

from clfcore.data.pixels import Preprocess
from clfcore.inference.predictor import Outputs, Predictor
from clfcore.task import Level, Task, hierarchical, single_label

COLORS = single_label(("red", "=blue", "none"))
LEVELS = hierarchical((Level("kind", ("warm", "cold")), Level("color", ("red", "blue"))), [(0, 0), (1, 1)])


def color_predictor(task: Task) -> Predictor:
    """Tells red from blue by their mean; each level's first class is red."""
    preprocess = Preprocess(8)

    def compute(squares: Sequence[np.ndarray]) -> Outputs:
        red = np.array([square[..., 0].mean() > square[..., 2].mean() for square in squares])
        logits = np.full((len(squares), task.columns), -2, np.float32)
        for part in task.slices:
            logits[:, part.start], logits[:, part.start + 1] = np.where(red, 2, -1), np.where(red, -1, 2)
        return Outputs(logits, logits)

    return Predictor("colors", preprocess, task, "levels", None, 1.0, preprocess.square, compute)
