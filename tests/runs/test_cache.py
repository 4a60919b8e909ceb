"""The cache as a whole: bounded, seen and cleared in one place, whatever kind it is."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from clfcore import cache
from clfcore.errors import InputError
from clfcore.files import cache_folder


@pytest.fixture
def entry() -> Callable[..., Path]:
    """An entry of 100 bytes that was last used at a time."""

    def make(kind: cache.Kind, name: str, used: int) -> Path:
        path = cache.folder(kind) / name
        if kind == "decoded":
            path.mkdir(parents=True)
            (path / cache.PIXELS).write_bytes(b"x" * 90)
            (path / "items.npz").write_bytes(b"x" * 10)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * 100)
        os.utime(path, (used, used))
        return path

    return make


@pytest.fixture
def three(entry: Callable[..., Path]) -> list[Path]:
    """One of each kind, oldest first."""
    return [entry("decoded", "a", 1000), entry("embeddings", "b.npy", 2000), entry("checked", "c.npz", 3000)]


def test_usage_counts_every_kind(three: list[Path]) -> None:
    now = cache.usage()
    assert [(part.kind, part.entries, part.bytes) for part in now.parts] == [
        ("decoded", 1, 100), ("embeddings", 1, 100), ("activations", 0, 0),
        ("checked", 1, 100), ("fingerprints", 0, 0), ("photos", 0, 0),
        ("measures", 0, 0), ("maps", 0, 0),
    ]  # fmt: skip
    assert now.bytes == 300
    assert now.folder == str(cache_folder())


def test_an_absent_cache_is_empty() -> None:
    assert cache.usage().bytes == cache.clear() == 0
    assert not cache_folder().exists()


def test_clear_leaves_nothing_of_any_kind(three: list[Path], entry: Callable[..., Path]) -> None:
    entry("embeddings", ".b.npy.x.part", 1000)
    assert cache.clear() == 400
    assert [*cache_folder().rglob("*.*")] == []


def test_the_bound_is_a_tenth_of_the_disk_and_never_more_than_32_gb(monkeypatch: pytest.MonkeyPatch) -> None:
    for total, bound in ((100 * 10**9, 10 * 10**9), (10**13, 32 * 10**9)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, total=total: SimpleNamespace(total=total, free=total))
        assert cache.limit() == bound
    monkeypatch.setenv(cache.VARIABLE, "0.5")
    assert cache.limit() == 5 * 10**8


@pytest.mark.parametrize("asked", ["much", "-1", "nan", "inf", "8 GB"])
def test_a_bound_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setenv(cache.VARIABLE, asked)
    with pytest.raises(InputError, match=f"CLFLAB_CACHE_GB is '{asked}': give a number of gigabytes"):
        cache.limit()


@pytest.mark.parametrize(("wanted", "fits", "stay"), [(0, 1, "abc"), (40, 1, "abc"), (60, 1, "bc"), (160, 1, "c"),
                                                      (340, 1, ""), (341, 0, "abc")])  # fmt: skip
def test_what_was_used_longest_ago_makes_room_across_kinds(
    three: list[Path], monkeypatch: pytest.MonkeyPatch, wanted: int, fits: int, stay: str
) -> None:
    monkeypatch.setenv(cache.VARIABLE, f"{340e-9:.9f}")
    assert cache.make_room(wanted) == bool(fits)
    assert "".join(path.name[0] for path in three if path.exists()) == stay


def test_a_full_disk_counts_as_the_bound_does(three: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    free = cache.SPARE_BYTES + 50
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10**12, free=free))
    assert cache.make_room(50)
    assert cache.make_room(120)
    assert [path.exists() for path in three] == [False, True, True]
    assert not cache.make_room(10**6)
    assert [path.exists() for path in three] == [False, True, True]


def test_what_is_being_written_is_neither_removed_nor_seen(entry: Callable[..., Path]) -> None:
    part = cache.folder("decoded") / f"{cache.PART}x"
    part.mkdir(parents=True)
    (part / cache.PIXELS).write_bytes(b"x" * 50)
    with cache.lock_of(part):
        os.utime(part, (os.stat(part).st_mtime - 600,) * 2)  # noqa: PTH116
        assert cache.usage().bytes == 0
        assert cache.clear() == 0
        assert cache.make_room(10)
        assert part.exists()
    assert cache.clear() == 50  # its writer has ended
