"""One pass decodes, checks and keeps; the next decodes nothing; what is kept is whole, bounded and right."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clfcore.data import cache
from clfcore.data.cache import decode
from clfcore.data.catalogue import open_dataset
from clfcore.data.importers import import_folder
from clfcore.data.pixels import Preprocess, read_image
from clfcore.errors import Failure, InputError
from clfcore.files import cache_folder

SMALL = Preprocess(16, crop_fraction=0.8)


def kept() -> list[str]:
    folder = cache_folder() / "decoded"
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def decodes_nothing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def arm() -> None:
        monkeypatch.setattr(Preprocess, "stored_file", lambda *_: pytest.fail("a picture was decoded again"))

    return arm


def test_pictures_are_what_the_preprocessing_stores(photos: Path) -> None:
    dataset, decoded = decode(import_folder(photos), SMALL)
    assert decoded.pixels.shape == (40, 20, 20, 3)
    assert isinstance(decoded.pixels, np.memmap)
    for i in (0, 7, 39):
        assert np.array_equal(decoded.take(np.array([i]))[0], SMALL.stored(read_image(dataset.paths[i])))
    assert decoded.take(np.array([3, 1, 3])).shape == (3, 20, 20, 3)
    assert len(decoded) == len(set(decoded.digests)) == 40


def test_the_second_call_decodes_nothing(photos: Path, decodes_nothing: Callable[[], None]) -> None:
    first, a = decode(import_folder(photos), SMALL)
    decodes_nothing()
    second, b = decode(import_folder(photos, split_seed=5), SMALL)  # splits do not matter
    assert np.array_equal(a.pixels, b.pixels)
    assert (a.key, a.digests) == (b.key, b.digests)
    assert first.ids == second.ids
    decode(import_folder(photos), replace(SMALL, size=18, crop_fraction=0.9, mean=(0.1, 0.2, 0.3)))  # stored alike
    assert len(kept()) == 1


@pytest.mark.parametrize("other", [
    Preprocess(17, crop_fraction=0.8), Preprocess(20, "squash"), Preprocess(20, "pad"),
    Preprocess(20, interpolation="bicubic"),
    Preprocess(20, "pad", mean=(0.1, 0.2, 0.3)),
])  # fmt: skip
def test_another_geometry_is_another_entry(photos: Path, other: Preprocess) -> None:
    _, a = decode(import_folder(photos), Preprocess(20, "pad") if other.mean[0] == 0.1 else SMALL)
    _, b = decode(import_folder(photos), other)
    assert len(kept()) == 2
    assert a.key != b.key
    assert a.digests == b.digests  # the content is the same


def test_a_changed_file_is_decoded_again(photos: Path, make_picture: Callable[..., bytes]) -> None:
    _, a = decode(import_folder(photos), SMALL)
    (photos / "cat" / "00.jpg").write_bytes(make_picture(777))
    _, b = decode(import_folder(photos), SMALL)
    assert a.digests[0] != b.digests[0]
    assert a.digests[1:] == b.digests[1:]
    assert a.key != b.key
    assert not np.array_equal(a.take(np.array([0])), b.take(np.array([0])))


def test_the_same_content_elsewhere_has_the_same_key(photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "copy")
    assert decode(import_folder(photos), SMALL)[1].key == decode(import_folder(tmp_path / "copy"), SMALL)[1].key


def test_damaged_files_are_left_out_and_named(
    photos: Path, make_picture: Callable[..., bytes], decodes_nothing: Callable[[], None]
) -> None:
    (photos / "cat" / "00.jpg").write_bytes(b"")
    whole = make_picture(5, size=(300, 200))
    (photos / "cat" / "01.jpg").write_bytes(whole[: len(whole) // 2])
    (photos / "dog" / "07.jpg").write_bytes(b"only text")
    for _ in range(2):
        raw = import_folder(photos)
        dataset, decoded = decode(raw, SMALL)
        found = {problem.item: problem.message for problem in dataset.problems if problem.kind == "unreadable"}
        assert list(found) == ["cat/00.jpg", "cat/01.jpg", "dog/07.jpg"]
        assert "is empty (0 bytes)" in found["cat/00.jpg"]
        assert "is truncated" in found["cat/01.jpg"]
        assert "is not an image" in found["dog/07.jpg"]
        assert len(dataset) == len(decoded) == len(decoded.digests) == 37
        assert sum(dataset.sizes().values()) == 37
        at = dataset.ids.index("dog/19.jpg")
        assert np.array_equal(decoded.take(np.array([at]))[0], SMALL.stored(read_image(photos / "dog" / "19.jpg")))
        decodes_nothing()  # the faults, too, are kept


def test_nothing_readable_is_refused(tmp_path: Path) -> None:
    for name in ("a/1.jpg", "b/1.jpg"):
        (tmp_path / "d" / name).parent.mkdir(parents=True)
        (tmp_path / "d" / name).write_bytes(b"")
    with pytest.raises(InputError, match=r"none of the 2 pictures of d can be read: a/1\.jpg is empty"):
        decode(import_folder(tmp_path / "d"), SMALL)


def test_a_file_that_vanishes_is_named(photos: Path) -> None:
    dataset = import_folder(photos)
    (photos / "cat" / "03.jpg").unlink()
    dataset, _ = decode(dataset, SMALL)
    assert [problem.item for problem in dataset.problems] == ["cat/03.jpg"]
    assert "cannot be read (No such file" in dataset.problems[0].message


def test_progress_counts_to_the_end(photos: Path) -> None:
    seen: list[tuple[int, int]] = []
    decode(import_folder(photos), SMALL, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (40, 40)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_an_end_from_within_leaves_nothing(photos: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(*_: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        decode(import_folder(photos), SMALL, progress=cancel)
    assert kept() == []


def test_a_full_disk_is_one_line_and_leaves_nothing(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "open_memmap", full)
    with pytest.raises(Failure, match="the disk is full"):
        decode(import_folder(photos), SMALL)
    assert kept() == []


@pytest.mark.parametrize("damage", ["items", "pixels", "missing", "short"])
def test_a_damaged_entry_is_made_anew(photos: Path, damage: str) -> None:
    _, first = decode(import_folder(photos), SMALL)
    expected = first.take(np.arange(40))
    (place,) = [cache_folder() / "decoded" / name for name in kept()]
    if damage == "items":
        (place / "items.json").write_text("{")
    elif damage == "missing":
        (place / "pixels.npy").unlink()
    elif damage == "pixels":
        (place / "pixels.npy").write_bytes(b"x" * 100)
    else:
        stored = json.loads((place / "items.json").read_text())
        (place / "items.json").write_text(json.dumps({**stored, "faults": stored["faults"][:-1]}))
    _, again = decode(import_folder(photos), SMALL)
    assert np.array_equal(again.take(np.arange(40)), expected)
    assert len(kept()) == 1


def test_the_least_recently_used_goes_first(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [Preprocess(side) for side in (20, 21, 22)]
    for n, preprocess in enumerate(sides[:2]):
        decode(import_folder(photos), preprocess)
        newest = max((cache_folder() / "decoded").iterdir(), key=lambda entry: entry.stat().st_mtime_ns)
        os.utime(newest, (1000 + n, 1000 + n))
    before = kept()
    decode(import_folder(photos), sides[0])  # used again: now the second is the oldest
    monkeypatch.setattr(cache, "LIMIT_BYTES", 40 * 3 * (20 * 20 + 22 * 22) + 20_000)
    decode(import_folder(photos), sides[2])
    after = kept()
    assert len(after) == 2
    monkeypatch.setattr(Preprocess, "stored_file", lambda *_: pytest.fail("the first was removed"))
    decode(import_folder(photos), sides[0])
    assert len(set(before) & set(after)) == 1


def test_more_than_the_limit_is_refused(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT_BYTES", 1000)
    with pytest.raises(Failure, match=r"the decoded pictures need .* choose a smaller image size"):
        decode(import_folder(photos), SMALL)


def test_what_a_killed_process_left_goes_after_a_day(photos: Path) -> None:
    old, new = (cache_folder() / "decoded" / name for name in (".part-old", ".part-new"))
    for part in (old, new):
        part.mkdir(parents=True)
        (part / "pixels.npy").write_bytes(b"x")
    os.utime(old, (1000, 1000))
    decode(import_folder(photos), SMALL)
    assert not old.exists()
    assert new.exists()


def test_a_cache_that_cannot_be_written_is_one_line(
    photos: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CLFLAB_CACHE", str(tmp_path / "file"))
    with pytest.raises(Failure, match="cannot be written"):
        decode(import_folder(photos), SMALL)


@pytest.mark.parametrize(
    ("name", "side", "channels"), [("digits", 32, 1), ("shapes:count=60", 24, 3), ("shapes:count=60", 32, 3)]
)
def test_arrays_stay_in_memory_with_their_channels(name: str, side: int, channels: int) -> None:
    raw = open_dataset(name)
    preprocess = Preprocess(side, mean=(0.5,) * channels, deviation=(0.5,) * channels)
    dataset, decoded = decode(raw, preprocess)
    assert decoded.take(np.arange(5)).shape == (5, side, side, channels)
    assert not isinstance(decoded.pixels, np.memmap)
    assert np.array_equal(decoded.pixels[3], preprocess.stored(raw.pixels[3]))
    assert len(set(decoded.digests)) == len(dataset)
    assert not cache_folder().exists()


def test_small_images_that_would_fill_the_memory_are_enlarged_when_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, preprocess = open_dataset("digits"), Preprocess(56, crop_fraction=0.875)
    _, held = decode(raw, preprocess)
    monkeypatch.setattr(cache, "IN_MEMORY", 1 << 20)
    _, later = decode(raw, preprocess)
    some = np.array([5, 0, 1796])
    assert np.array_equal(held.take(some), later.take(some))
    assert later.pixels.nbytes == raw.pixels.nbytes
    assert held.key == later.key


def test_draws_with_other_seeds_have_other_keys() -> None:
    keys = {decode(open_dataset(f"shapes:count=60,seed={seed}"), Preprocess(32))[1].key for seed in (0, 1)}
    assert len(keys) == 2
