import numpy as np
import pytest

from clfcore.errors import InputError
from clfcore.explain.methods import METHODS
from clfcore.explain.saliency_map import SaliencyMap, color, overlay_image, scaled


def made(values: np.ndarray, method: str = "gradcam") -> SaliencyMap:
    return SaliencyMap(values.astype(np.float32), method, None, 0, bool(values.max() > 0))


def test_scaled_keeps_the_positive_part_and_is_zero_where_there_is_none() -> None:
    values = scaled(np.array([[-4.0, 0.0], [1.0, 2.0]]))
    assert values.tolist() == [[0, 0], [0.5, 1]]
    values = scaled(np.full((2, 2), -1.0))
    assert not values.any()


def test_overlay_mixes_picture_and_scale_by_opacity() -> None:
    square = np.full((2, 2, 3), 100, np.uint8)
    shown = made(np.array([[0.0, 0.25], [0.5, 1.0]]))
    heat = color(shown.values).astype(float)
    assert np.array_equal(overlay_image(square, shown, opacity=0), square)
    assert np.array_equal(overlay_image(square, shown, opacity=1), heat)
    assert np.abs(overlay_image(square, shown, opacity=0.5) - (square + heat) / 2).max() <= 0.5
    above = overlay_image(square, shown, opacity=1, threshold=0.5)
    assert np.array_equal(above[0], square[0])
    assert np.array_equal(above[1], heat[1])


def test_overlay_of_a_gray_picture_is_colored_and_without_evidence_it_is_the_picture() -> None:
    gray = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    assert np.array_equal(overlay_image(gray, made(np.zeros((2, 2)))), np.repeat(gray, 3, axis=2))
    assert overlay_image(gray, made(np.eye(2))).shape == (2, 2, 3)


def test_scales_are_the_published_ones() -> None:
    from matplotlib import colormaps

    ramp = np.linspace(0, 1, 256)[None]
    for name in ("magma", "cividis", "viridis", "inferno"):
        expected = colormaps[name](ramp)[..., :3] * 255
        assert np.abs(color(ramp, name) - expected).max() <= 2, name


def test_refusals() -> None:
    square = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(InputError, match=r"opacity is 2: it must be from 0 to 1"):
        overlay_image(square, made(np.eye(2)), opacity=2)
    with pytest.raises(InputError, match=r"colors is 'jet': it must be one of magma, cividis, viridis, inferno"):
        overlay_image(square, made(np.eye(2)), colors="jet")
    with pytest.raises(InputError, match=r"the picture is 2 x 2 and its map 3 x 3"):
        overlay_image(square, made(np.eye(3)))


def test_each_method_says_what_it_shows_and_where_it_comes_from() -> None:
    assert len({row.name for row in METHODS}) == 17
    assert all(row.says.endswith(".") and any(c.isdigit() for c in row.source) for row in METHODS)
    assert {row.name for row in METHODS if not row.quick} == {
        "scorecam",
        "ablationcam",
        "integrated-gradients",
        "occlusion",
        "rise",
    }
