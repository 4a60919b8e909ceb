"""One pass decodes, checks and keeps; the next decodes nothing; what is kept is whole, bounded and right."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import cache
from clfcore.data import decode as data_cache
from clfcore.data.catalogue import open_dataset
from clfcore.data.decode import decode
from clfcore.data.importers.folders import import_folder
from clfcore.data.pixels import Preprocess, read_image
from clfcore.errors import InputError
from clfcore.files import cache_folder

SMALL = Preprocess(16, crop_fraction=0.8)


def kept() -> list[str]:
    folder = cache.folder("decoded")
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def decodes_nothing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def arm() -> None:
        monkeypatch.setattr(Preprocess, "stored_file", lambda *_, **__: pytest.fail("a picture was decoded again"))

    return arm


def bound(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setenv(cache.VARIABLE, f"{limit / 1e9:.9f}")


def test_pictures_are_what_the_preprocessing_stores(photos: Path) -> None:
    dataset, decoded = decode(import_folder(photos), SMALL)
    assert decoded.dtype == np.uint8
    for i in (0, 7, 39):
        assert np.array_equal(decoded.take(np.array([i]))[0], SMALL.stored(read_image(dataset.paths[i])))
    assert decoded.take(np.array([3, 1, 3])).shape == (3, 20, 20, 3)
    assert len(decoded) == len(set(decoded.digests)) == 40


def test_the_second_call_decodes_nothing(photos: Path, decodes_nothing: Callable[[], None]) -> None:
    first, a = decode(import_folder(photos), SMALL)
    decodes_nothing()
    second, b = decode(import_folder(photos, split_seed=5), SMALL)  # splits do not matter
    everything = np.arange(40)
    assert np.array_equal(a.take(everything), b.take(everything))
    assert (a.key, a.digests) == (b.key, b.digests)
    assert first.ids == second.ids
    decode(import_folder(photos), replace(SMALL, size=18, crop_fraction=0.9, mean=(0.1, 0.2, 0.3)))  # stored alike
    assert len(kept()) == 1


SIZES = [(8, 8), (9, 8), (31, 7), (7, 30), (20, 20), (20, 45), (64, 19), (19, 64), (3, 400), (401, 3), (1, 1), (90, 61)]


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
@pytest.mark.parametrize("deep", [False, True])
def test_what_is_taken_is_to_the_bit_what_prediction_sees(
    tmp_path: Path, fit: str, interpolation: str, deep: bool
) -> None:
    """Of pictures smaller and larger than the square, wide and tall, however they are kept."""
    generator = np.random.default_rng(1)
    for i, (width, height) in enumerate(SIZES):
        folder = tmp_path / "set" / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        if deep and i % 3:
            pixels = generator.integers(0, 65536, (height, width), dtype=np.uint16)
        else:
            pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:02}.png")
    for side in (20, 37):
        preprocess = Preprocess(side, fit, interpolation=interpolation, mean=(0.1, 0.5, 0.9))
        for _ in range(2):  # fresh, then from the disk
            dataset, decoded = decode(import_folder(tmp_path / "set"), preprocess)
            taken = decoded.tones(np.arange(len(dataset)), preprocess)
            for i, path in enumerate(dataset.paths):
                seen = preprocess.stored(read_image(path, least_side=preprocess.stored_side))
                assert np.array_equal(taken[i], np.broadcast_to(seen, taken[i].shape)), path.name


@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
def test_nothing_is_kept_larger_than_its_source_or_the_square(
    tmp_path: Path, make_picture: Callable[..., bytes], fit: str
) -> None:
    sizes = [(32, 32), (40, 300), (300, 40), (500, 400), (255, 255)]
    for i, size in enumerate(sizes * 2):
        (tmp_path / "set" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / "ab"[i % 2] / f"{i}.png").write_bytes(make_picture(i, size=size, kind="PNG"))
    decode(import_folder(tmp_path / "set"), Preprocess(224, fit, 0.875))
    side = 256 if fit == "crop" else 224
    wide, tall = (40 * (40 + 6), 40 * 258) if fit == "crop" else (40 * 300, 40 * 300)
    most = 2 * 3 * (32 * 32 + wide + tall + side**2 + min(255, side) ** 2)
    assert (cache.folder("decoded") / kept()[0] / cache.PIXELS).stat().st_size <= most


def test_small_noise_takes_less_than_it_takes_decoded(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for i in range(60):
        (tmp_path / "set" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(90, 140, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "set" / "ab"[i % 2] / f"{i}.png")
    dataset, _ = decode(import_folder(tmp_path / "set"), Preprocess(224))
    assert cache.usage().bytes < 0.9 * len(dataset) * 32 * 32 * 3


FORMS = [
    Preprocess(28), Preprocess(32, "squash"), Preprocess(224, "pad", mean=(0.1, 0.2, 0.3)), Preprocess(28, "pad"),
    Preprocess(48, crop_fraction=0.875, interpolation="bicubic"), Preprocess(56, "pad", mean=(0.5,), deviation=(0.5,)),
]  # fmt: skip


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("first", range(len(FORMS)))
def test_small_pictures_are_kept_once_for_every_preprocessing(
    tmp_path: Path, decodes_nothing: Callable[[], None], first: int, bits: int
) -> None:
    """Enlarging and reducing happen in the batch, to the bit as prediction does."""
    generator = np.random.default_rng(0)
    for i in range(24):
        (tmp_path / "set" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        shape = (32, 32) if i % 3 else (20, 47)
        colors = generator.integers(0, 256, (*shape, 3), dtype=np.uint8)
        pixels = colors if bits == 8 or i % 4 == 0 else generator.integers(0, 65536, shape, dtype=np.uint16)
        Image.fromarray(pixels).save(tmp_path / "set" / "ab"[i % 2] / f"{i}.png")
    decode(import_folder(tmp_path / "set"), FORMS[first])
    decodes_nothing()
    for preprocess in FORMS:
        dataset, decoded = decode(import_folder(tmp_path / "set"), preprocess)
        taken = decoded.tones(np.arange(len(dataset)), preprocess)
        for i, path in enumerate(dataset.files):
            seen = preprocess.stored(read_image(path, least_side=preprocess.stored_side))
            assert np.array_equal(taken[i], np.broadcast_to(seen, taken[i].shape)), path.name
    assert len(kept()) == 1


@pytest.mark.parametrize("sides", [(40, 12), (12, 40)])
def test_small_jpegs_are_reduced_as_prediction_reduces_them(
    tmp_path: Path, make_picture: Callable[..., bytes], sides: tuple[int, int]
) -> None:
    for i in range(12):
        (tmp_path / "set" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / "ab"[i % 2] / f"{i}.jpg").write_bytes(make_picture(i, size=(32, 26 + i % 3)))
    for side in sides * 2:
        preprocess = Preprocess(side)
        dataset, decoded = decode(import_folder(tmp_path / "set"), preprocess)
        seen = np.stack([preprocess.stored(read_image(path, least_side=side)) for path in dataset.files])
        assert np.array_equal(decoded.take(np.arange(12)), seen)
    assert len(kept()) == 2  # whole ones serve no square of half their side


def test_pictures_of_one_size_are_read_as_one_array(photos: Path, decodes_nothing: Callable[[], None]) -> None:
    """The usual case of photos: all are larger than the square."""
    preprocess = Preprocess(28, interpolation="bicubic")
    for name in ("cat", "dog"):
        for i, path in enumerate(sorted((photos / name).iterdir())):
            Image.open(path).resize((60 + i, 58)).save(path)
    dataset, decoded = decode(import_folder(photos), preprocess)
    decodes_nothing()
    wanted = [preprocess.stored(read_image(path, least_side=28)) for path in dataset.paths]
    assert np.array_equal(decoded.take(np.arange(40)), np.stack(wanted))
    assert decode(import_folder(photos), preprocess)[1].take(np.array([39])).flags.writeable


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


def test_damaged_files_are_left_out_and_named(photos: Path, make_picture: Callable[..., bytes]) -> None:
    (photos / "cat" / "00.jpg").write_bytes(b"")
    whole = make_picture(5, size=(300, 200))
    (photos / "cat" / "01.jpg").write_bytes(whole[: len(whole) // 2])
    (photos / "dog" / "07.jpg").write_bytes(b"only text")
    for _ in range(2):  # fresh, then from the disk
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


@pytest.mark.parametrize("at", ["folder", "pixels", "sync", "items"])
def test_a_full_disk_ends_nothing_and_leaves_nothing(photos: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    expected = decode(import_folder(photos), SMALL)[1]
    everything = expected.take(np.arange(40))
    cache.clear()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    place = {"folder": (Path, "mkdir"), "pixels": (os, "pwrite"), "sync": (os, "fsync"), "items": (np, "savez")}
    monkeypatch.setattr(*place[at], full)
    dataset, decoded = decode(import_folder(photos), SMALL)
    assert kept() == []
    assert decoded.note.startswith("40 decoded images are not kept in the cache (it cannot be written: No space left")
    assert decoded.key == expected.key
    assert np.array_equal(decoded.take(np.arange(40)), everything)
    dataset.paths[3].write_bytes(b"changed")
    with pytest.raises(InputError, match="has changed since it was read"):
        decoded.take(np.arange(40))


@pytest.mark.parametrize("damage", ["items", "pixels", "missing", "short", "bits", "old"])
def test_a_damaged_entry_is_made_anew(photos: Path, damage: str) -> None:
    _, first = decode(import_folder(photos), SMALL)
    expected = first.take(np.arange(40))
    (place,) = [cache.folder("decoded") / name for name in kept()]
    pixels = place / cache.PIXELS
    if damage == "items":
        (place / "items.npz").write_text("{")
    elif damage == "missing":
        pixels.unlink()
    elif damage == "pixels":
        pixels.write_bytes(b"x" * 100)
    elif damage == "short":
        pixels.write_bytes(pixels.read_bytes()[:-1])
    elif damage == "bits":
        pixels.write_bytes(bytes(255 - one for one in pixels.read_bytes()))
    else:
        shutil.rmtree(place)
        place.mkdir()
        (place / "pixels.npy").write_bytes(b"x")
        (place / "items.json").write_text("{}")
    _, again = decode(import_folder(photos), SMALL)
    assert np.array_equal(again.take(np.arange(40)), expected)
    assert len(kept()) == 1


def test_the_least_recently_used_goes_first(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [Preprocess(side) for side in (20, 21, 22)]
    for n, preprocess in enumerate(sides[:2]):
        decode(import_folder(photos), preprocess)
        newest = max(cache.folder("decoded").iterdir(), key=lambda entry: entry.stat().st_mtime_ns)
        os.utime(newest, (1000 + n, 1000 + n))
    before = kept()
    decode(import_folder(photos), sides[0])  # used again: now the second is the oldest
    bound(monkeypatch, 40 * 3 * (20 * 20 + 22 * 22) + 30_000)
    decode(import_folder(photos), sides[2])
    after = kept()
    assert len(after) == 2
    monkeypatch.setattr(Preprocess, "stored_file", lambda *_, **__: pytest.fail("the first was removed"))
    decode(import_folder(photos), sides[0])
    assert len(set(before) & set(after)) == 1


def test_what_passes_the_bound_is_decoded_whenever_it_is_taken(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = decode(import_folder(photos), SMALL)[1].take(np.arange(40))
    cache.clear()
    bound(monkeypatch, 1000)
    _, decoded = decode(import_folder(photos), SMALL)
    assert decoded.note.startswith("40 decoded images are not kept in the cache (it is full)")
    assert np.array_equal(decoded.take(np.arange(40)), expected)
    assert cache.usage().bytes < 40 * 150  # digests and sizes alone


def test_what_killed_writers_and_older_versions_left_goes(photos: Path) -> None:
    dead, live, old = (cache.folder("decoded") / name for name in (".part-dead", ".part-live", "0123"))
    for part in (dead, live, old):
        part.mkdir(parents=True)
        (part / "pixels.npy").write_bytes(b"x")
        os.utime(part, (time.time() - 1000,) * 2)
    embedding = cache.folder("embeddings") / ".abc.npy.x1.part"
    embedding.parent.mkdir()
    embedding.write_bytes(b"x")
    os.utime(embedding, (1000, 1000))
    with cache.lock_of(live):
        os.utime(live, (time.time() - 1000,) * 2)
        decode(import_folder(photos), SMALL)
        assert [dead.exists(), live.exists(), old.exists(), embedding.exists()] == [False, True, False, False]
    assert cache.clear() > 0
    assert kept() == []


def test_a_cache_that_cannot_be_written_ends_nothing(
    photos: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CLFLAB_CACHE", str(tmp_path / "file"))
    dataset, decoded = decode(import_folder(photos), SMALL)
    assert "are not kept in the cache (it cannot be written" in decoded.note
    assert np.array_equal(decoded.take(np.array([5]))[0], SMALL.stored(read_image(dataset.paths[5])))


@pytest.mark.parametrize(
    ("name", "side", "channels"), [("digits", 32, 1), ("shapes:count=60", 24, 3), ("shapes:count=60", 32, 3)]
)
def test_arrays_stay_in_memory_with_their_channels(name: str, side: int, channels: int) -> None:
    raw = open_dataset(name)
    preprocess = Preprocess(side, mean=(0.5,) * channels, deviation=(0.5,) * channels)
    dataset, decoded = decode(raw, preprocess)
    assert decoded.take(np.arange(5)).shape == (5, side, side, channels)
    assert np.array_equal(decoded.take(np.array([3]))[0], preprocess.stored(raw.pixels[3]))
    assert len(set(decoded.digests)) == len(dataset)
    assert not cache_folder().exists()


def test_small_images_that_would_fill_the_memory_are_enlarged_when_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, preprocess = open_dataset("digits"), Preprocess(56, crop_fraction=0.875)
    _, held = decode(raw, preprocess)
    monkeypatch.setattr(data_cache, "most_held", lambda: 1 << 20)
    _, later = decode(raw, preprocess)
    some = np.array([5, 0, 1796])
    assert np.array_equal(held.take(some), later.take(some))
    assert held.key == later.key


def test_draws_with_other_seeds_have_other_keys() -> None:
    keys = {decode(open_dataset(f"shapes:count=60,seed={seed}"), Preprocess(32))[1].key for seed in (0, 1)}
    assert len(keys) == 2
