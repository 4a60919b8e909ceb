"""Two runs that ended alike, to the bit."""

import numpy as np
import torch
from safetensors.torch import load_file

from clfcore.runs.folder import Run


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.path / "best.safetensors")


def assert_same_end(a: Run, b: Run) -> None:
    """Weights, predictions and history equal to the bit (what is timed aside)."""
    assert {name: value.numpy().tobytes() for name, value in weights(a).items()} == {
        name: value.numpy().tobytes() for name, value in weights(b).items()
    }
    for split in ("validation", "test"):
        np.testing.assert_array_equal(a.predictions(split).logits, b.predictions(split).logits)
    timed = ("seconds", "images_per_second", "memory")
    assert [{k: v for k, v in line.as_dict().items() if k not in timed} for line in a.history] == [
        {k: v for k, v in line.as_dict().items() if k not in timed} for line in b.history
    ]
