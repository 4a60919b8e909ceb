"""A pass that was killed or stopped goes on from the shards it recorded, to the same pictures and the same key."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from clfcore import cache
from clfcore.data import decode_shards
from clfcore.data.decode import Decoded, decode
from clfcore.data.importers.folders import import_folder
from clfcore.data.pixels import Preprocess, Stored
from clfcore.errors import InputError

SMALL = Preprocess(16, crop_fraction=0.8)
EVERY = np.arange(40)


class Stopped(Exception):
    pass


@pytest.fixture(autouse=True)
def shards_of_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_shards, "SHARD", 16)


@pytest.fixture
def decoded_items(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The items that are decoded from here on."""
    names: list[str] = []
    original = Preprocess.stored_file

    def stored_file(self: Preprocess, data: bytes, name: str) -> Stored:
        names.append(name)
        return original(self, data, name)

    monkeypatch.setattr(Preprocess, "stored_file", stored_file)
    return names


def stop_after(pictures: int, photos: Path) -> None:
    def progress(done: int, _: int) -> None:
        if done >= pictures:
            raise Stopped

    with pytest.raises(Stopped):
        decode(import_folder(photos), SMALL, progress=progress)


def same(one: Decoded, other: Decoded) -> bool:
    return one.key == other.key and np.array_equal(one.take(EVERY), other.take(EVERY))


def parts() -> list[Path]:
    return [path for path in cache.folder("decoded").iterdir() if path.name.startswith(cache.PART)]


def test_a_stopped_pass_goes_on_from_its_shards(photos: Path, decoded_items: list[str]) -> None:
    expected = decode(import_folder(photos), SMALL)[1]
    cache.clear()
    stop_after(32, photos)
    (part,) = parts()
    recorded = 16 * len(list(part.glob("shard-*.npz")))
    assert recorded == 32
    decoded_items.clear()
    seen: list[int] = []
    _, resumed = decode(import_folder(photos), SMALL, progress=lambda done, _: seen.append(done))
    assert len(decoded_items) == 40 - recorded
    assert (min(seen), max(seen)) == (40, 40)
    assert same(resumed, expected)
    assert not parts()
    (entry,) = cache.folder("decoded").iterdir()
    assert sorted(path.name for path in entry.iterdir()) == ["items.npz", "pixels.bin"]
    decoded_items.clear()
    assert same(decode(import_folder(photos), SMALL)[1], expected)
    assert not decoded_items


@pytest.mark.parametrize("damage", ["record", "pixels", "truncated", "no pixels", "tail"])
def test_what_is_damaged_of_a_stopped_pass_is_decoded_again(photos: Path, damage: str) -> None:
    expected = decode(import_folder(photos), SMALL)[1]
    cache.clear()
    stop_after(32, photos)
    (part,) = parts()
    pixels, record = part / cache.PIXELS, next(part.glob("shard-*.npz"))
    content = pixels.read_bytes()
    if damage == "record":
        record.write_bytes(record.read_bytes()[:-40])
    elif damage == "pixels":
        pixels.write_bytes(content[:5] + bytes(50) + content[55:])
    elif damage == "truncated":
        pixels.write_bytes(content[:-700])
    elif damage == "no pixels":
        pixels.unlink()
    else:
        pixels.write_bytes(content + b"what a killed writer had begun")
    assert same(decode(import_folder(photos), SMALL)[1], expected)


def test_a_picture_that_could_not_be_read_is_tried_again(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its disk was away, or an extra has been installed."""
    expected = decode(import_folder(photos), SMALL)[1]
    cache.clear()
    bad, original = import_folder(photos).ids[3], Preprocess.stored_file

    def stored_file(self: Preprocess, data: bytes, name: str) -> Stored:
        if name == bad:
            raise InputError(f"{name} cannot be read")
        return original(self, data, name)

    with monkeypatch.context() as away:
        away.setattr(Preprocess, "stored_file", stored_file)
        stop_after(32, photos)
    dataset, decoded = decode(import_folder(photos), SMALL)
    assert same(decoded, expected)
    assert bad in dataset.ids


def test_shards_make_way_when_the_cache_is_full_and_are_cleared(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_after(32, photos)
    (part,) = parts()
    old = time.time() - 1000
    os.utime(part, (old, old))
    assert cache.usage()["decoded"].bytes >= (part / cache.PIXELS).stat().st_size > 0
    with cache.lock_of(part):
        os.utime(part, (old, old))
        assert cache.usage().bytes == 0  # it is being filled
    os.utime(part, (old, old))
    assert cache.make_room(10)
    assert part.exists()
    monkeypatch.setenv(cache.VARIABLE, "0.00005")
    assert cache.make_room(45_000)
    assert not part.exists()
    monkeypatch.delenv(cache.VARIABLE)
    stop_after(32, photos)
    os.utime(part, (old, old))
    assert cache.clear() > 0
    assert not part.exists()


def test_another_process_that_fills_the_same_is_left_alone(photos: Path) -> None:
    stop_after(32, photos)
    (part,) = parts()
    with cache.lock_of(part):
        _, decoded = decode(import_folder(photos), SMALL)
        assert part.exists()
    assert len(decoded) == 40
    assert not decoded.note


KILLED = """
import os, signal, sys
from pathlib import Path
from clfcore.data import decode_shards
from clfcore.data.decode import decode
from clfcore.data.importers.folders import import_folder
from clfcore.data.pixels import Preprocess
decode_shards.SHARD = 16
def progress(done, total):
    if done >= 32:
        os.kill(os.getpid(), signal.SIGKILL)
decode(import_folder(Path(sys.argv[1])), Preprocess(16, crop_fraction=0.8), progress=progress)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that kills at once")
def test_a_killed_pass_goes_on_from_its_shards(photos: Path, decoded_items: list[str]) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(photos)], timeout=60)
    assert killed.returncode == -signal.SIGKILL
    (part,) = parts()
    assert list(part.glob("shard-*.npz"))
    _, resumed = decode(import_folder(photos), SMALL)
    assert 0 < len(decoded_items) < 40
    shutil.rmtree(cache.folder("decoded"))
    assert same(resumed, decode(import_folder(photos), SMALL)[1])
