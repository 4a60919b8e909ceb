"""Corruptions: every kind changes a picture more with its strength, keeps its type, and draws by the item alone."""

import hashlib

import numpy as np
import pytest

from clfcore.quality.corruptions import CORRUPTIONS, STRENGTHS, corrupted, every_strength
from clfcore.quality.robustness import VERSION

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


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize("square", [SMOOTH, SMOOTH[:9, :9, :1], SMOOTH.astype(np.float32)])
def test_all_strengths_at_once_are_those_one_by_one(kind: str, square: np.ndarray) -> None:
    together = every_strength(square, kind, item="a")
    for strength, at_once in zip(STRENGTHS, together, strict=True):
        np.testing.assert_array_equal(at_once, corrupted(square, kind, strength=strength, item="a"))


def test_draws_are_those_that_results_in_run_folders_are_of() -> None:
    """Runs are compared with results that are kept: another draw needs another version of these."""
    noisy = [
        corrupted(SMOOTH[:16, :16], f"{kind}-noise", strength=2, item="a") for kind in ("gaussian", "impulse", "shot")
    ]
    assert VERSION == 1
    assert hashlib.blake2b(np.stack(noisy).tobytes(), digest_size=8).hexdigest() == "e21e9ada299742f8"
