"""Evaluation at the scale at which a policy trains."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from clfcore.augment import random_table
from clfcore.augment.apply import apply
from clfcore.augment.policies import policy
from clfcore.augment.train_test_resolution import at_training_scale
from clfcore.config import make
from clfcore.data.pixels import Preprocess
from clfcore.runs.prepare import make_network
from clfcore.runs.resolve_run import resolve_run


@given(size=st.integers(12, 300), zoom=st.floats(1.0, 4.0))
def test_evaluation_crops_from_what_training_crops_from(size: int, zoom: float) -> None:
    found = at_training_scale(policy([{"step": "crop", "zoom": zoom}]), Preprocess(size))
    assert abs(found.stored_side - zoom * size) <= 0.5 + 1e-6
    assert found.size == size


@pytest.mark.parametrize(
    ("given", "preprocess"),
    [
        ("none", Preprocess(28)),
        ("small", Preprocess(28)),
        ("basic", Preprocess(224, crop_fraction=0.875)),  # the scale of its weights
        ("basic", Preprocess(28, fit="pad")),  # all of the picture, as asked
    ],
)
def test_what_has_a_scale_keeps_it(given: str, preprocess: Preprocess) -> None:
    assert at_training_scale(policy(given), preprocess) == preprocess


def test_a_thing_is_as_large_in_evaluation_as_in_training() -> None:
    chosen, picture = policy([{"step": "crop", "zoom": 1.5}]), np.zeros((60, 60, 3), np.uint8)
    picture[25:35, 25:35] = 255
    preprocess = at_training_scale(chosen, Preprocess(24))
    stored = preprocess.stored(picture)[None]
    seen = preprocess.center(stored)[0, ..., 0].astype(float).sum()
    pixels = torch.from_numpy(stored.copy()).permute(0, 3, 1, 2)
    trained = (
        apply(chosen, random_table.row(chosen, seed=0, epoch=1, index=0), pixels, size=24)[0, 0].double().sum().item()
    )
    assert seen == pytest.approx(trained)
    assert seen / 255 == pytest.approx(6 * 6, rel=0.05)  # 10 of 60 pixels, at 36 for the whole


def test_a_run_evaluates_at_the_scale_of_its_policy() -> None:
    values = {"data": "digits", "architecture": "lenet5", "recipe": {"image_size": 20, "augmentation": "basic"}}
    resolved = resolve_run(make(values))
    assert make_network(resolved)[0].preprocess.stored_side == 24
