"""A map over the whole picture: in the square that the network sees, and nowhere else."""

import numpy as np
import pytest

from clfcore.data.pixels import Preprocess
from clfcore.explain.saliency_map import SaliencyMap
from clfcore.explain.whole_picture import Box, overlay_whole, visible_box


def found(values: np.ndarray) -> SaliencyMap:
    return SaliencyMap(values.astype(np.float32), "gradcam", None, 0, evidence=True)


def test_a_crop_sees_the_central_square_and_less_of_it_at_a_crop_fraction() -> None:
    assert visible_box(Preprocess(32), width=300, height=100) == Box(100, 0, 200, 100)
    assert visible_box(Preprocess(224, crop_fraction=0.875), width=256, height=256) == Box(16, 16, 240, 240)
    assert visible_box(Preprocess(32, fit="squash"), width=300, height=100) == Box(0, 0, 300, 100)


def test_what_is_not_seen_stays_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (100, 300, 3)).astype(np.uint8)
    out = overlay_whole(pixels, Preprocess(32), found(np.ones((32, 32))))
    assert out.shape == pixels.shape
    np.testing.assert_array_equal(out[:, :100], pixels[:, :100])
    np.testing.assert_array_equal(out[:, 200:], pixels[:, 200:])
    assert (out[10:-10, 110:190] != pixels[10:-10, 110:190]).any(axis=-1).mean() > 0.9


def test_a_padded_picture_takes_the_inner_part_of_its_map() -> None:
    values = np.zeros((30, 30))
    values[10:20] = 1  # where a picture three times as wide as high lies
    pixels = np.full((40, 120, 3), 128, np.uint8)
    out = overlay_whole(pixels, Preprocess(30, fit="pad"), found(values), opacity=1.0)
    assert len(np.unique(out.reshape(-1, 3), axis=0)) == 1  # all of the picture is under the strongest value
    assert (out[0, 0] != 128).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tiny_picture_is_enlarged_without_smoothing_to_its_map(channels: int) -> None:
    pixels = np.arange(64 * channels, dtype=np.uint8).reshape(8, 8, channels)
    out = overlay_whole(pixels, Preprocess(32), found(np.zeros((32, 32))), opacity=0.0)
    assert out.shape == (32, 32, 3)
    np.testing.assert_array_equal(out[::4, ::4], np.repeat(pixels, 3 // channels, axis=2))
