"""Predictions made for tests: drawn by hypothesis with ties and absent classes, or from a seed."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from clfcore.predictions import Predictions
from clfcore.task import Level, Task, multi_label, single_label

quick = settings(deadline=None, max_examples=60, derandomize=True)  # the machine may be busy, the draw may not vary

# few values, so that ties, constant scores and equal rows are common
LOGITS = st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.5, 0.75, 1.0, 2.0, 6.0])


def names(count: int) -> list[str]:
    return [f"c{i}" for i in range(count)]


def predictions(logits: np.ndarray, targets: np.ndarray, *, kind: str = "single-label") -> Predictions:
    logits = np.asarray(logits, np.float32)
    task = (single_label if kind == "single-label" else multi_label)(names(logits.shape[1]))
    ids = tuple(f"item {i}" for i in range(len(logits)))
    return Predictions(task, "test", ids, np.asarray(targets), logits)


@st.composite
def single(draw: st.DrawFn, *, most_items: int = 30, most_classes: int = 8) -> Predictions:
    n, c = draw(st.integers(1, most_items)), draw(st.integers(2, most_classes))
    logits = draw(arrays.arrays(np.float32, (n, c), elements=LOGITS))
    targets = draw(arrays.arrays(np.int64, n, elements=st.integers(0, c - 1)))
    return predictions(logits, targets)


@st.composite
def several(draw: st.DrawFn, *, most_items: int = 30, most_labels: int = 6) -> Predictions:
    n, c = draw(st.integers(1, most_items)), draw(st.integers(1, most_labels))
    logits = draw(arrays.arrays(np.float32, (n, c), elements=LOGITS))
    targets = draw(arrays.arrays(np.uint8, (n, c), elements=st.integers(0, 1)))
    return predictions(logits, targets, kind="multi-label")


def seeded(n: int = 400, c: int = 6, *, seed: int = 0, gap: float = 1.5) -> Predictions:
    """A classifier that is right more often the wider the gap."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(c, size=n)
    logits = rng.normal(size=(n, c))
    logits[np.arange(n), targets] += gap
    return predictions(logits, targets)


def seeded_labels(n: int = 300, c: int = 5, *, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    targets = (rng.random((n, c)) < np.linspace(0.05, 0.6, c)).astype(np.uint8)
    return predictions(rng.normal(size=(n, c)) + 1.5 * targets - 1, targets, kind="multi-label")


ANIMALS = Task(
    "hierarchical", (Level("kingdom", ("animal", "plant")), Level("kind", ("cat", "dog", "oak", "rose", "moss")))
)
PATHS = np.array([[0, 0], [0, 1], [1, 2], [1, 3], [1, 4]])


def hierarchical(predictions: list[tuple[int, int]], truth: list[tuple[int, int]], *, sure: float = 4.0) -> Predictions:
    """Answers given level by level, each with the same sureness."""
    logits = np.zeros((len(predictions), 7), np.float32)
    for i, (kingdom, kind) in enumerate(predictions):
        logits[i, kingdom] = logits[i, 2 + kind] = sure
    ids = tuple(f"item {i}" for i in range(len(predictions)))
    return Predictions(ANIMALS, "test", ids, np.array(truth, np.int64).reshape(-1, 2), logits)
