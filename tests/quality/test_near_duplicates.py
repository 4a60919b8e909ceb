"""Near-duplicates: copies are told from pictures of one session; clusters name their splits and labels."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from clfcore.data.dataset import ImageDataset
from clfcore.quality.near_duplicates import Pairs, duplicate_rows, linked_pairs, near_pairs
from clfcore.quality.same_picture import correlation
from clfcore.task import single_label

SIDE = 64


def scene(seed: int) -> Image.Image:
    """A picture of a dozen drawn shapes, 128 pixels wide."""
    rng = np.random.default_rng(seed)
    image = Image.new("L", (128, 128), int(rng.integers(60, 160)))
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, w, h = (int(value) for value in rng.integers(5, 90, 4))
        (pen.ellipse if rng.random() < 0.5 else pen.rectangle)((x, y, x + w, y + h), fill=int(rng.integers(0, 200)))
    return image


def thumbnail(image: Image.Image) -> np.ndarray:
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))


CHANGES = {
    "brighter": lambda image: image.point(lambda tone: min(255, round(1.25 * tone))),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "halved": lambda image: image.resize((64, 64)),
    "turned": lambda image: image.rotate(5, Image.Resampling.BICUBIC, fillcolor=90),
    "cropped": lambda image: image.crop((2, 9, 117, 124)),
}


def near(count: int, cosine: float) -> np.ndarray:
    """Embeddings of many random items, before them two that are as near as this."""
    x = np.random.default_rng(0).normal(size=(count, 40))
    x -= x.mean(axis=0)
    a = x[0] / np.linalg.norm(x[0])
    b = x[1] - (x[1] @ a) * a
    x[0], x[1] = 6 * a, 6 * (cosine * a + np.sqrt(1 - cosine**2) * b / np.linalg.norm(b))
    return x.astype(np.float32)


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_is_a_copy(change: str) -> None:
    pictures = [scene(0), CHANGES[change](scene(0)), *(scene(seed) for seed in range(1, 60))]
    pairs = linked_pairs(near(61, 0.86), np.stack([thumbnail(picture) for picture in pictures]))
    assert pairs.copies().tolist() == [[0, 1]]


@pytest.mark.parametrize(("cosine", "linked"), [(0.9, True), (0.72, False)])
def test_another_picture_that_is_very_near_is_of_the_same_session(cosine: float, linked: bool) -> None:
    thumbnails = np.stack([thumbnail(scene(seed)) for seed in range(61)])
    pairs = linked_pairs(near(61, cosine), thumbnails)
    assert list(zip(pairs.first, pairs.second, strict=True)) == ([(0, 1)] if linked else [])
    assert not pairs.copy.any()


def test_a_flat_picture_is_no_copy_of_anything() -> None:
    thumbnails = np.stack([np.full((SIDE, SIDE), 200, np.uint8), *(thumbnail(scene(s)) for s in range(60))])
    assert not linked_pairs(near(61, 0.99), thumbnails).copy.any()


def test_small_pictures_are_copies_only_where_they_are_the_same() -> None:
    thumbnails = np.stack([thumbnail(scene(0)), thumbnail(CHANGES["turned"](scene(0)))])
    thumbnails = np.concatenate([thumbnails, np.stack([thumbnail(scene(s)) for s in range(1, 60)])])
    assert not len(linked_pairs(near(61, 0.95), thumbnails, small=True).first)
    thumbnails[1] = thumbnails[0] // 2 + 20
    assert linked_pairs(near(61, 0.95), thumbnails, small=True).copies().tolist() == [[0, 1]]


def test_pairs_are_those_of_the_whole_matrix() -> None:
    x = np.random.default_rng(1).normal(size=(300, 5)).astype(np.float32)
    x[7] = np.nan
    first, second, cosine = near_pairs(x, least=0.9)
    centered = x - np.nanmean(x, axis=0)
    directions = np.nan_to_num(centered / np.linalg.norm(centered, axis=1, keepdims=True))
    expected = np.triu(directions @ directions.T, 1)
    a, b = np.nonzero(expected >= 0.9)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == set(zip(a.tolist(), b.tolist(), strict=True))
    assert cosine.tolist() == pytest.approx(sorted(expected[a, b], reverse=True), abs=1e-5)


def test_correlation_is_that_of_numpy_and_nothing_for_a_flat_picture() -> None:
    a, b = (np.asarray(scene(seed)) for seed in (0, 1))
    assert correlation(a, b) == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    assert correlation(a, np.full_like(a, 3)) == 0


def test_clusters_name_kind_splits_and_labels_and_leaks_lead() -> None:
    ids = tuple("abcdefgh")
    splits = {"train": np.array([0, 1, 2, 3]), "validation": np.array([4, 5]), "test": np.array([6])}
    targets = np.array([0, 0, 0, 1, 1, 1, 0, 0])
    dataset = ImageDataset(
        "drawn", single_label(("x", "y")), ids, targets, splits, pixels=np.zeros((8, 1, 1, 1), np.uint8)
    )
    digests = ("1", "1", "2", "3", "4", "5", "6", "7")
    pairs = Pairs(
        first=np.array([0, 2, 3, 2]),
        second=np.array([1, 3, 4, 6]),
        similarity=np.array([1.0, 0.97, 0.9, 0.81], np.float32),
        copy=np.array([True, True, True, False]),
    )
    copy, same, session = duplicate_rows(dataset, digests, pairs)
    assert (copy.items, copy.kind, copy.splits) == (("c", "d", "e"), "copy", ("train", "train", "validation"))
    assert copy.similarity == pytest.approx(0.9)
    assert copy.labels == ("x", "y", "y")
    assert copy.is_leak
    assert copy.disagrees
    assert (same.items, same.kind, same.similarity) == (("a", "b"), "same file", 1.0)
    assert not same.is_leak
    assert not same.disagrees
    assert (session.items, session.kind) == (("c", "d", "e", "g"), "same session")
    assert not session.is_leak
    alone = replace(pairs, copy=np.zeros(4, bool))
    assert {row.kind for row in duplicate_rows(dataset, digests, alone)} == {"same file", "same session"}


def test_look_alikes_do_not_chain_into_one_session() -> None:
    splits = {"train": np.arange(5)}
    dataset = ImageDataset(
        "drawn", single_label(("x",)), tuple("abcde"), np.zeros(5, np.int64), splits, pixels=np.zeros((5, 1, 1, 1))
    )
    chain = Pairs(
        first=np.array([0, 1, 2, 3, 0]),
        second=np.array([1, 2, 3, 4, 2]),
        similarity=np.array([0.95, 0.93, 0.9, 0.85, 0.81], np.float32),
        copy=np.zeros(5, bool),
    )
    rows = duplicate_rows(dataset, tuple("12345"), chain)
    assert [(row.items, row.similarity) for row in rows] == [
        (("d", "e"), pytest.approx(0.85)),
        (("a", "b", "c"), pytest.approx(0.81)),
    ]


def test_the_same_outline_of_another_color_is_no_copy() -> None:
    pictures = np.stack([thumbnail(scene(0)), *(thumbnail(scene(seed)) for seed in (0, *range(1, 60)))])
    chroma = np.zeros((61, 2), np.float32)
    chroma[0] = 40, 5
    assert not linked_pairs(near(61, 0.95), pictures, chroma).copy.any()
    assert linked_pairs(near(61, 0.95), pictures, chroma * 0).copies().tolist() == [[0, 1]]
