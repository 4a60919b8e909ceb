"""A fingerprint tells pictures apart by content alone, and is read once."""

import builtins
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.data.fingerprints import KEEP_FROM, fingerprints
from clfcore.files import cache_folder


def test_equal_content_is_equal_whatever_it_is_called(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.jpg").write_bytes((tmp_path / "a.png").read_bytes())
    noise[150, 150, 0] ^= 1
    Image.fromarray(noise).save(tmp_path / "c.png")
    a, b, c = fingerprints([tmp_path / "a.png", tmp_path / "sub" / "b.jpg", tmp_path / "c.png"])
    assert a == b != c


@pytest.mark.parametrize("ending", ["bmp", "tiff", "ppm"])
def test_uncompressed_files_are_told_apart_by_one_pixel_anywhere(tmp_path: Path, ending: str) -> None:
    pixels = np.zeros((400, 300, 3), np.uint8)
    for i, row in enumerate((100, 130, 310)):
        changed = pixels.copy()
        changed[row, 40] = 255
        Image.fromarray(changed).save(tmp_path / f"{i}.{ending}")
    assert len(set(fingerprints([tmp_path / f"{i}.{ending}" for i in range(3)]))) == 3


def test_what_cannot_be_read_is_equal_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "void.jpg").touch()
    os.mkfifo(tmp_path / "pipe.jpg")  # would never end, if it were opened
    names = ["empty.jpg", "void.jpg", "pipe.jpg", "absent.jpg", "nul\0.jpg"]
    assert len(set(fingerprints([tmp_path / name for name in names]))) == len(names)
    assert fingerprints([]) == ()


def test_arrays_are_told_apart_by_their_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (5, 4, 4, 3), np.uint8)
    pixels[3] = pixels[1]
    found = fingerprints(pixels)
    assert found[3] == found[1]
    assert len(set(found)) == 4
    assert fingerprints(pixels[::-1])[::-1] == found


def test_a_large_folder_is_read_once_and_changed_files_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / f"{i}.jpg" for i in range(KEEP_FROM)]
    for i, path in enumerate(paths):
        path.write_bytes(b"\xff\xd8\xff%d" % i)
    read: list[str] = []
    plain = builtins.open

    def counted(name: str, *more: object, **named: object) -> object:
        if str(name).endswith(".jpg"):
            read.append(Path(name).name)
        return plain(name, *more, **named)

    monkeypatch.setattr("builtins.open", counted)
    first = fingerprints(paths)
    assert len(read) == KEEP_FROM
    paths[7].write_bytes(b"another")
    read.clear()
    second = fingerprints(paths)
    assert read == ["7.jpg"]
    assert [i for i in range(KEEP_FROM) if first[i] != second[i]] == [7]
    (kept,) = (cache_folder() / "fingerprints").iterdir()
    for damaged in ("", "[]", '{"version": 1, "files": {"a": 3}}', '{"version": 1}'):
        kept.write_text(damaged)
        assert fingerprints(paths) == second
