"""Zips are unpacked once, whole or not at all, within limits, and never outside their folder."""

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from clfcore.data.importers import archives, import_zip, imported_folder
from clfcore.errors import Failure, InputError


@pytest.fixture
def files(make_picture: Callable[..., bytes]) -> dict[str, bytes]:
    return {f"{name}/{i}.jpg": make_picture(10 * k + i) for k, name in enumerate(("cat", "dog")) for i in range(5)}


def test_a_zip_of_class_folders(tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]) -> None:
    path = make_zip(tmp_path / "my photos.zip", files)
    before = path.read_bytes()
    dataset = import_zip(path)
    assert dataset.name == "my photos"
    assert dataset.classes == ("cat", "dog")
    assert dataset.ids[0] == "cat/0.jpg"
    assert dataset.paths[0].read_bytes() == files["cat/0.jpg"]
    assert imported_folder() in dataset.paths[0].parents
    assert path.read_bytes() == before


def test_a_zip_of_splits_in_one_folder(tmp_path: Path, make_zip: Callable[..., Path], make_picture: Callable) -> None:
    names = [f"data/{split}/{name}/{i}.png" for split in ("train", "val") for name in "ab" for i in range(3)]
    dataset = import_zip(
        make_zip(tmp_path / "x.zip", {name: make_picture(i, kind="PNG") for i, name in enumerate(names)})
    )
    assert dataset.sizes() == {"train": 6, "validation": 6, "test": 0}


@pytest.mark.parametrize("folder", ["", "inner/"])
def test_a_zip_of_a_manifest_and_its_pictures(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], folder: str
) -> None:
    rows = "".join(f"{name},{name[:3]}\n" for name in files)
    packed = {f"{folder}{name}": data for name, data in files.items()}
    packed |= {f"{folder}labels.csv": f"path,label\n{rows}".encode(), "__MACOSX/x": b"x"}
    dataset = import_zip(make_zip(tmp_path / "tagged.zip", packed))
    assert dataset.name == "tagged"
    assert len(dataset) == 10
    assert [problem.kind for problem in dataset.problems] == ["hidden"]


def test_it_is_unpacked_once(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = import_zip(make_zip(tmp_path / "x.zip", {**files, "note.txt": b"x"}))
    monkeypatch.setattr(archives, "_write", lambda *_: pytest.fail("it was unpacked again"))
    again = import_zip(tmp_path / "x.zip")
    assert again.paths == first.paths
    assert again.problems == first.problems
    assert [problem.item for problem in again.problems] == ["note.txt"]


def test_other_content_of_the_same_name_is_another_folder(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], make_picture: Callable[..., bytes]
) -> None:
    first = import_zip(make_zip(tmp_path / "x.zip", files))
    second = import_zip(make_zip(tmp_path / "x.zip", {**files, "cat/0.jpg": make_picture(99)}))
    assert first.paths[0] != second.paths[0]


def test_what_is_left_out_is_said(tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]) -> None:
    more = {"__MACOSX/cat/._0.jpg": b"x", "cat/.DS_Store": b"x", "README.md": b"x", "inner.zip": b"x", "empty/": b""}
    dataset = import_zip(make_zip(tmp_path / "x.zip", {**files, **more}))
    assert [(problem.kind, problem.item) for problem in dataset.problems] == [
        ("hidden", "__MACOSX"),
        ("hidden", "cat/.DS_Store"),
        ("not-an-image", "README.md"),
        ("not-an-image", "inner.zip"),
        ("empty-class", "empty"),
    ]


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "cat/../../evil.jpg", "/etc/evil.jpg", "C:/evil.jpg", "..\\..\\evil.jpg"]
)
def test_a_zip_that_leads_outside_its_folder_is_refused(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], name: str
) -> None:
    with pytest.raises(InputError, match=r"x\.zip holds .*evil\.jpg', which leads outside its folder"):
        import_zip(make_zip(tmp_path / "x.zip", {**files, name: b"x"}))
    assert not list(tmp_path.parent.rglob("evil.jpg"))
    assert not imported_folder().exists()


def test_links_are_not_unpacked(tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]) -> None:
    path = make_zip(tmp_path / "x.zip", files)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("cat/passwd.jpg")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    dataset = import_zip(path)
    assert len(dataset) == 10
    assert [(problem.kind, problem.item) for problem in dataset.problems] == [("link", "cat/passwd.jpg")]
    assert not any(file.is_symlink() for file in imported_folder().rglob("*"))


def test_a_bomb_is_refused_before_anything_is_written(tmp_path: Path, files: dict[str, bytes]) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for i in range(3):
            archive.writestr(f"cat/zeros{i}.jpg", bytes(40 << 20))
    with pytest.raises(InputError, match=r"bomb\.zip would grow .* times, to .* MB: that is a zip bomb"):
        import_zip(path)
    assert not imported_folder().exists()


def test_too_many_or_too_large_files_are_refused(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_zip(tmp_path / "x.zip", files)
    monkeypatch.setattr(archives, "MOST_ENTRIES", 9)
    with pytest.raises(InputError, match=r"holds 10 files of 0\.0 GB: at most 9 and"):
        import_zip(path)


def test_a_password_is_refused(tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]) -> None:
    data = bytearray(make_zip(tmp_path / "x.zip", files).read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(InputError, match="is locked with a password"):
        import_zip(tmp_path / "x.zip")


@pytest.mark.parametrize("data", [b"", b"this is no zip", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"x\.zip is not a zip that can be read"):
        import_zip(tmp_path / "x.zip")


def test_a_truncated_zip_is_refused(tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]) -> None:
    path = make_zip(tmp_path / "x.zip", files)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="is not a zip that can be read"):
        import_zip(path)


def test_a_damaged_entry_is_left_out_and_named(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]
) -> None:
    data = bytearray(make_zip(tmp_path / "x.zip", files, packed=False).read_bytes())
    at = data.index(files["dog/2.jpg"])
    data[at + 50 : at + 60] = bytes(10)
    (tmp_path / "x.zip").write_bytes(data)
    dataset = import_zip(tmp_path / "x.zip")
    assert len(dataset) == 9
    (problem,) = dataset.problems
    assert (problem.kind, problem.item) == ("unreadable", "dog/2.jpg")


def test_an_unpacking_that_fails_leaves_nothing(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives, "_copy", full)
    with pytest.raises(Failure, match="the disk is full"):
        import_zip(make_zip(tmp_path / "x.zip", files))
    assert list(imported_folder().iterdir()) == []
    monkeypatch.undo()


def test_what_a_killed_process_left_goes_after_a_day(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]
) -> None:
    old, new = (imported_folder() / name for name in (".unpacking-old", ".unpacking-new"))
    for part in (old, new):
        part.mkdir(parents=True)
    os.utime(old, (1000, 1000))
    import_zip(make_zip(tmp_path / "x.zip", files))
    assert not old.exists()
    assert new.exists()


def test_more_than_the_disk_holds_is_refused(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_SPARE", 1 << 60)
    with pytest.raises(InputError, match=r"unpacking needs .* free some space"):
        import_zip(make_zip(tmp_path / "x.zip", files))


@pytest.mark.parametrize("name", ["<b>cat", "🐈", "a & b"])
def test_class_names_are_plain_names(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], name: str
) -> None:
    dataset = import_zip(make_zip(tmp_path / "x.zip", {**files, f"{name}/0.jpg": files["cat/0.jpg"]}))
    assert name in dataset.classes
