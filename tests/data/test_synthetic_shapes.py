"""Shapes are what their class says, masked, balanced, and the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clfcore.data import synthetic_shapes
from clfcore.data.synthetic_shapes import FAMILIES, SHAPES, draw
from clfcore.errors import InputError


def boxes(masks: np.ndarray) -> np.ndarray:
    """Height and width of each mask's box, N x 2."""
    rows, columns = masks.any(axis=2), masks.any(axis=1)
    side = masks.shape[1]
    last = lambda a: side - a[:, ::-1].argmax(axis=1)  # noqa: E731 - said once
    return np.stack([last(rows) - rows.argmax(axis=1), last(columns) - columns.argmax(axis=1)], axis=1)


def test_the_default_is_1200_of_32_balanced_in_three_splits() -> None:
    dataset = draw()
    assert dataset.pixels.shape == (1200, 32, 32, 3)
    assert dataset.masks.shape == (1200, 32, 32)
    assert dataset.counts().tolist() == [200] * 6
    assert dataset.sizes() == {"train": 840, "validation": 180, "test": 180}
    assert dataset.drawn == ("train", "validation", "test")


@pytest.mark.parametrize("side", [16, 32, 64])
@pytest.mark.parametrize("difficulty", [0.0, 0.5, 1.0])
def test_objects_measure_at_least_a_quarter_of_the_side(side: int, difficulty: float) -> None:
    dataset = draw(count=240, side=side, difficulty=difficulty)
    assert (boxes(dataset.masks).max(axis=1) >= side / 4 - 1).all()  # an edge may pass between pixel centers


def test_objects_stand_apart_from_the_ground_inside_their_mask() -> None:
    dataset = draw(count=120, side=48, difficulty=0.0)
    for pixels, mask in zip(dataset.pixels, dataset.masks, strict=True):
        inside, outside = pixels[mask].mean(axis=0), pixels[~mask].mean(axis=0)
        assert np.linalg.norm(inside - outside) > 80


def test_the_masks_have_the_form_of_the_class() -> None:
    dataset = draw(count=120, side=96, difficulty=0.0)
    heights, widths = boxes(dataset.masks).T
    filled = dataset.masks.sum(axis=(1, 2)) / (heights * widths)
    expected = {"circle": np.pi / 4, "square": 1.0, "triangle": 0.5, "ring": 0.75 * np.pi / 4}
    for name, share in expected.items():
        own = dataset.targets == SHAPES.index(name)
        assert np.abs(filled[own] - share).max() < 0.08, name


def test_multi_label_has_none_to_three_different_shapes() -> None:
    dataset = draw("multi-label", count=400)
    assert dataset.targets.dtype == np.uint8
    assert set(dataset.targets.sum(axis=1).tolist()) == {0, 1, 2, 3}
    assert np.array_equal(dataset.masks.any(axis=(1, 2)), dataset.targets.any(axis=1))
    assert all(len(dataset.splits[split]) for split in dataset.splits)


def test_hierarchical_names_the_family_of_each_shape() -> None:
    dataset = draw("hierarchical", count=120)
    family, shape = dataset.task.levels
    assert (family.name, shape.name) == ("family", "shape")
    for f, s in dataset.targets.tolist():
        assert shape.classes[s] in FAMILIES[family.classes[f]]


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 50),
    st.integers(12, 40),
    st.floats(0, 1),
    st.sampled_from(["single-label", "multi-label", "hierarchical"]),
)
def test_the_same_seed_draws_the_same_images(seed: int, side: int, difficulty: float, task: str) -> None:
    a, b = (draw(task, count=count, side=side, seed=seed, difficulty=difficulty) for count in (18, 24))
    assert np.array_equal(a.pixels, b.pixels[:18])  # an image does not depend on how many are drawn
    assert np.array_equal(a.masks, b.masks[:18])
    assert np.array_equal(a.targets, b.targets[:18])


def test_another_seed_draws_others_and_no_two_are_alike() -> None:
    a, b = draw(count=60, seed=0), draw(count=60, seed=1)
    assert len({x.tobytes() for x in (*a.pixels, *b.pixels)}) == 120


def test_harder_images_have_less_contrast() -> None:
    contrast = [
        np.mean(
            [np.linalg.norm(p[m].mean(axis=0) - p[~m].mean(axis=0)) for p, m in zip(d.pixels, d.masks, strict=True)]
        )
        for d in (draw(count=60, difficulty=0.0), draw(count=60, difficulty=1.0))
    ]
    assert contrast[1] < contrast[0] - 10


@pytest.mark.parametrize(("wrong", "words"), [
    ({"count": 5}, "count is 5: it must be at least 18"),
    ({"side": 4}, "side is 4: it must be from 12 to 1024"),
    ({"difficulty": 1.5}, "difficulty is 1.5"),
    ({"difficulty": float("nan")}, "difficulty is nan"),
    ({"count": 100_000, "side": 512}, "over 2 GB"),
])  # fmt: skip
def test_wrong_settings_are_refused(wrong: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        draw(**wrong)


def test_the_shortcut_is_the_same_images_with_a_mark_that_goes_with_the_class() -> None:
    plain, marked = draw(count=60, side=32), draw(count=60, side=32, shortcut=True)
    corner = synthetic_shapes.mark(32)
    assert np.array_equal(plain.targets, marked.targets)
    for image, target, mask in zip(marked.pixels, marked.targets, marked.masks, strict=True):
        assert (image[corner][1:-1, 1:-1] == synthetic_shapes.MARKS[target]).all()
        assert (image[corner][0] == 255).all()
        assert not mask[corner].any()
    restored = marked.pixels.copy()
    restored[:, *corner] = plain.pixels[:, *corner]
    assert np.array_equal(restored, plain.pixels)
    assert len(set(synthetic_shapes.MARKS)) == len(SHAPES)
    assert all(np.array_equal(plain.splits[name], marked.splits[name]) for name in plain.splits)
    with pytest.raises(InputError, match="single-label only"):
        draw("multi-label", shortcut=True)


@pytest.mark.parametrize("side", [12, 32, 224])
def test_the_mark_survives_the_central_crop_of_pretrained_networks(side: int) -> None:
    rows, _ = synthetic_shapes.mark(side)
    assert rows.stop - side * (1 - 0.875) / 2 >= side / 16


def test_objects_do_not_all_cover_the_middle() -> None:
    """A map that always points at the middle must not win the pointing game: there would be nothing to measure."""
    dataset = draw()
    middle = dataset.masks[:, 15:17, 15:17].any(axis=(1, 2)).mean()
    assert middle < 0.8


def test_a_task_that_is_not_is_refused() -> None:
    with pytest.raises(InputError, match="task is 'multilabel'"):
        draw("multilabel")


def test_every_shape_has_one_family() -> None:
    assert sorted(name for members in FAMILIES.values() for name in members) == list(synthetic_shapes.SHAPES)
