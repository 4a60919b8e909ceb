import numpy as np
import pytest
from sklearn.metrics import auc

from clfcore.explain.deletion_insertion import (
    blurred,
    center_gaussian,
    deletion,
    energy_in_mask,
    insertion,
    mean_color,
    pointing_game,
    stages_of,
    within_reach,
)


def test_pointing_and_energy_by_hand() -> None:
    values = np.array([[0.0, 0.2], [0.3, 0.5]], np.float32)
    mask = np.array([[False, True], [False, True]])
    assert pointing_game(values, mask) == 1
    assert pointing_game(values, ~mask) == 0
    assert energy_in_mask(values, mask) == pytest.approx(0.7)
    assert energy_in_mask(np.zeros((2, 2), np.float32), mask) is None
    assert pointing_game(np.ones((2, 2), np.float32), mask) == 0.5  # a map that says nothing hits as chance does


def test_the_papers_tolerance_grows_with_the_picture() -> None:
    mask = np.zeros((32, 32), bool)
    mask[10, 10] = True
    for away, hit in ((0, 1), (2, 1), (3, 0)):  # 15 pixels of 224 are 2 of 32
        values = np.zeros((32, 32), np.float32)
        values[10, 10 + away] = 1
        assert pointing_game(values, mask) == hit
    assert not within_reach(np.zeros((32, 32), bool)).any()


def test_the_center_baseline_is_symmetric_and_peaks_in_the_middle() -> None:
    center = center_gaussian(9)
    assert center[4, 4] == 1
    assert np.array_equal(center, center[::-1])
    assert np.array_equal(center, center.T)
    assert center[4, 0] == pytest.approx(np.exp(-0.5 * (4 / 2.25) ** 2))


def test_pixels_go_in_the_order_of_the_map() -> None:
    values = np.array([[0.1, 0.9], [0.5, 0.3]], np.float32)
    start, end = np.zeros((2, 2, 1), np.uint8), np.full((2, 2, 1), 7, np.uint8)
    shown = stages_of(values, start, end, steps=4)[..., 0].tolist()
    assert shown == [[[0, 0], [0, 0]], [[0, 7], [0, 0]], [[0, 7], [7, 0]], [[0, 7], [7, 7]], [[7, 7], [7, 7]]]


def test_areas_of_a_probability_that_is_one_pixel() -> None:
    square = np.zeros((4, 4, 1), np.uint8)
    square[1, 2] = 160  # all that the classifier sees; the mean color is 10, the blur is far below 160
    values = np.zeros((4, 4), np.float32)
    values[1, 2] = 1

    def lit(pictures: np.ndarray) -> np.ndarray:
        return (pictures[:, 1, 2, 0] == 160).astype(float)

    gone, come = deletion(values, square, lit, steps=16), insertion(values, square, lit, steps=16)
    assert gone.probabilities.tolist() == [1.0] + [0.0] * 16
    assert come.probabilities.tolist() == [0.0] + [1.0] * 16
    assert gone.area == pytest.approx(auc(gone.shares, gone.probabilities)) == pytest.approx(1 / 32)
    assert come.area == pytest.approx(1 - 1 / 32)


def test_what_stands_in_for_missing_pixels() -> None:
    square = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    assert np.abs(mean_color(square)[0, 0] - square.mean(axis=(0, 1))).max() <= 0.5
    assert blurred(square).shape == square.shape
    assert blurred(square).std() < square.std() / 2
    assert blurred(square[..., :1]).shape == (20, 20, 1)
