"""Photos of a session on disk: found by their token alone, bounded, and gone after a day."""

import os
import re
import time
from pathlib import Path

import pytest

from clfcore import cache, photos
from clfcore.cache import usage
from clfcore.errors import InputError
from clfcore.photos import Photo, forget_photos, keep_photos, kept_photos, sweep


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLFLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_photos_come_back_whole_and_in_order(own_cache: Path) -> None:
    given = (Photo("b.jpg", b"b" * 1000), Photo("a.jpg", b"a"), Photo("b.jpg", b"other"))
    token = keep_photos(given)
    assert re.fullmatch("[0-9a-f]{24}", token)
    assert kept_photos(token) == given
    assert keep_photos(given) != token  # nobody finds a session's photos by having the same


def test_a_session_that_grows_shares_the_files_it_has(own_cache: Path) -> None:
    first = (Photo("a.jpg", b"a" * 100),)
    before = keep_photos(first)
    after = keep_photos([Photo("b.jpg", b"b"), *first], like=before)
    (file,) = {path.name for path in (own_cache / "photos" / before).iterdir()} - {"photos.json"}
    assert (own_cache / "photos" / after / file).samefile(own_cache / "photos" / before / file)
    forget_photos(before)
    assert kept_photos(before) == ()
    assert [photo.data for photo in kept_photos(after)] == [b"b", b"a" * 100]


@pytest.mark.parametrize("name", ["../../outside.jpg", "/etc/passwd", "<b>.jpg", "a\0b.jpg", "\udcff.jpg", "é" * 300])
def test_a_name_is_never_a_path(own_cache: Path, name: str) -> None:
    token = keep_photos([Photo(name, b"pixels")])
    assert [photo.data for photo in kept_photos(token)] == [b"pixels"]
    files = {path.name for path in (own_cache / "photos" / token).iterdir()}
    assert len(files) == 2
    assert all(re.fullmatch("[0-9a-f]{32}|photos.json", file) for file in files)
    assert not list(own_cache.parent.glob("outside*"))


@pytest.mark.parametrize("token", ["", "..", "../photos", "a" * 24, "A" * 24, "0" * 23, "0" * 24 + "\n", "é" * 24])
def test_what_is_no_token_finds_nothing(token: str) -> None:
    keep_photos([Photo("a.jpg", b"a")])
    assert kept_photos(token) == ()
    forget_photos(token)


@pytest.mark.parametrize("content", ["", "[", "{}", "[1]", '[{"name": "a", "file": "../../x"}]', '[{"name": "a"}]'])
def test_a_damaged_list_holds_no_photos(own_cache: Path, content: str) -> None:
    token = keep_photos([Photo("a.jpg", b"a")])
    (own_cache / "photos" / token / "photos.json").write_text(content)
    assert kept_photos(token) == ()


def test_a_missing_photo_makes_none_of_them_half(own_cache: Path) -> None:
    token = keep_photos([Photo("a.jpg", b"a"), Photo("b.jpg", b"b")])
    next(path for path in (own_cache / "photos" / token).iterdir() if path.suffix != ".json").unlink()
    assert kept_photos(token) == ()


def test_more_than_a_session_holds_is_refused_with_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="101 photos: a session holds 100"):
        keep_photos([Photo("a.jpg", b"a")] * 101)
    monkeypatch.setattr(photos, "MOST_BYTES", 10)
    with pytest.raises(InputError, match="2 photos of 0 MB together"):
        keep_photos([Photo("a.jpg", b"a" * 6)] * 2)
    monkeypatch.setenv(cache.VARIABLE, "0")
    with pytest.raises(InputError, match=cache.VARIABLE):
        keep_photos([Photo("a.jpg", b"a")])
    assert usage()["photos"].entries == 0


def test_photos_that_nobody_looks_at_are_gone_after_a_day(own_cache: Path) -> None:
    old, new = keep_photos([Photo("a.jpg", b"a")]), keep_photos([Photo("b.jpg", b"b")])
    yesterday = time.time() - 25 * 3600
    for token in (old, new):
        os.utime(own_cache / "photos" / token, (yesterday, yesterday))
    assert kept_photos(new)  # a look keeps them
    assert sweep() == 1
    assert kept_photos(old) == ()
    assert kept_photos(new)
    assert usage()["photos"].entries == 1
    cache.clear()
    assert kept_photos(new) == ()
