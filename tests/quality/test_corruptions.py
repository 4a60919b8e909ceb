"""Corruptions: every kind changes a picture more with its strength, keeps its type, and draws by the item alone."""

import numpy as np
import pytest

from clfcore.quality.corruptions import CORRUPTIONS, STRENGTHS, corrupted

RNG = np.random.default_rng(0)
SMOOTH = np.clip(np.cumsum(np.cumsum(RNG.normal(0, 3, (64, 64, 3)), 0), 1) % 200 + 30, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize("shape", [(64, 64, 3), (28, 28, 1), (8, 8, 3)])
def test_a_picture_is_worse_the_stronger_it_is_corrupted(kind: str, shape: tuple[int, int, int]) -> None:
    square = SMOOTH[: shape[0], : shape[1], : shape[2]]
    before = square.copy()
    worse = [corrupted(square, kind, strength=s, item="a") for s in STRENGTHS]
    assert all((one.shape, one.dtype) == (shape, np.uint8) for one in worse)
    np.testing.assert_array_equal(square, before)
    change = [float(np.abs(one.astype(float) - square).mean()) for one in worse]
    assert change[0] > 0
    if shape[0] == 64:  # of a few pixels a step of strength can be none
        assert change[0] < change[1] < change[2] < 130


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_what_is_drawn_depends_on_the_item_alone(kind: str) -> None:
    first, again, other = (corrupted(SMOOTH, kind, strength=2, item=item) for item in ("a", "a", "b"))
    np.testing.assert_array_equal(first, again)
    drawn = kind in {"gaussian-noise", "shot-noise", "impulse-noise", "motion-blur", "fog", "elastic"}
    assert bool((first != other).any()) == drawn


def test_deep_tones_stay_tones() -> None:
    tones = SMOOTH.astype(np.float32) + 0.25
    for kind in CORRUPTIONS:
        out = corrupted(tones, kind, strength=1, item="a")
        assert out.dtype == np.float32
        assert 0 <= out.min() <= out.max() <= 255
