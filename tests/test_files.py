"""Paths as people type them."""

import os
import zipfile
from pathlib import Path

import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.download import download
from clfcore.data.importers.archives import imported_folder
from clfcore.errors import Failure, InputError
from clfcore.files import datasets_folder, remove_abandoned, runs_folder, typed_path
from clfcore.runs.folder import open_run
from clfcore.runs.open_classifier import open_classifier

IMPOSSIBLE = {
    "~nosuchuser/photos": "no user 'nosuchuser'",
    "a\0b": "NUL",
    "x" * 300: "a name of 300 bytes",
    "图" * 100: "a name of 300 bytes",
    "/".join(["folder"] * 700): "4096 in all",
    "a\ud800b": "half a character",
    "": "empty",
}


@pytest.mark.parametrize("text", IMPOSSIBLE, ids=range(len(IMPOSSIBLE)))
def test_a_path_that_no_file_system_has_is_refused_in_one_short_line(text: str) -> None:
    with pytest.raises(InputError, match=IMPOSSIBLE[text]) as refused:
        typed_path(text, "out")
    assert str(refused.value).startswith("out is ")
    assert len(str(refused.value)) < 250


def test_home_and_ordinary_paths_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert typed_path("~/photos") == Path("/home/ada/photos")
    for text in ("photos/cats & dogs", "/x/..", "a~b", "é" * 127, "caf\udce9"):
        assert typed_path(text) == Path(text)


@pytest.mark.parametrize("text", IMPOSSIBLE, ids=range(len(IMPOSSIBLE)))
@pytest.mark.parametrize("read", [open_run, open_dataset, open_classifier, lambda text: open_dataset(f"nested:{text}")])
def test_every_reader_of_a_typed_name_refuses_it(read: object, text: str) -> None:
    with pytest.raises(InputError):
        read(text)


@pytest.mark.parametrize("text", [text for text in IMPOSSIBLE if text and "\0" not in text and "\ud800" not in text])
def test_a_folder_named_in_the_environment_is_checked(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CLFLAB_RUNS", text)
    with pytest.raises(InputError, match="CLFLAB_RUNS is"):
        runs_folder()


@pytest.mark.parametrize("settings", ["seed=-1", f"seed={10**30}", "count=-5", "difficulty=nan", "difficulty=1e999"])
def test_settings_of_shapes_have_bounds(settings: str) -> None:
    with pytest.raises(InputError):
        open_dataset(f"shapes:{settings}")


def test_parts_of_killed_writers_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in (".a.npy.0a1b.part", ".b.npy.0a1c.part", "c.part"))
    for path in (old, new, other):
        path.write_bytes(b"x")
    for path in (old, other):
        os.utime(path, (1000, 1000))
    remove_abandoned(tmp_path)
    assert [path.exists() for path in (old, new, other)] == [False, True, True]
    remove_abandoned(tmp_path / "absent")


def test_a_download_and_an_import_sweep_what_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [datasets_folder() / "mnist" / ".x.0a1b.part", imported_folder() / ".y.0a1b.part"]
    for path in left:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
        os.utime(path, (1000, 1000))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: (_ for _ in ()).throw(OSError("no network")))
    with pytest.raises(Failure):
        download("mnist")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("a/1.jpg", b"x")
        archive.writestr("b/1.jpg", b"y")
    open_dataset(str(tmp_path / "z.zip"))
    assert [path.exists() for path in left] == [False, False]
