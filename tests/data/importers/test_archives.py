"""Zips are unpacked once, whole or not at all, within limits, and never outside their folder."""

import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.importers import archives, zip_entries
from clfcore.data.importers.archives import import_zip, imported_folder
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
    monkeypatch.setattr(zip_entries, "MOST_ENTRIES", 9)
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


def entries_of(data: bytes) -> list[int]:
    """Where the directory's entries begin."""
    found, at = [], data.find(b"PK\x01\x02")
    while at >= 0:
        found.append(at)
        at = data.find(b"PK\x01\x02", at + 4)
    return found


def renamed(path: Path, names: dict[str, bytes]) -> Path:
    """Replace names by bytes of the same length, without the UTF-8 flag, as older packers write them."""
    data = path.read_bytes()
    for name, written in names.items():
        data = data.replace(name.encode(), written)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("version", [64, 255, 0xFFFF])
def test_a_version_that_no_reader_knows_costs_nothing(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], version: int
) -> None:
    path = make_zip(tmp_path / "x.zip", files)
    data = bytearray(path.read_bytes())
    at = entries_of(bytes(data))[3]
    data[at + 6 : at + 8] = version.to_bytes(2, "little")
    path.write_bytes(data)
    assert len(import_zip(path)) == 10


def test_a_name_that_is_not_the_utf8_it_claims_costs_that_name(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]
) -> None:
    path = make_zip(tmp_path / "x.zip", {**files, "cat/é.jpg": files["cat/0.jpg"] + b"x"})
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))
    dataset = import_zip(path)
    assert len(dataset) == 10
    assert [problem.kind for problem in dataset.problems if problem.kind != "reading"] == ["unreadable"]


@pytest.mark.parametrize(("encoding", "words", "called"), [
    ("gbk", ("猫猫", "狗狗"), "GBK"), ("shift_jis", ("ねこ", "いぬ"), "Shift-JIS"),
    ("cp949", ("고양이", "강아지"), "Korean"),
    ("cp437", ("café", "thé"), "DOS"), ("cp1252", ("café", "thé"), "Windows"),
    ("cp866", ("кошка", "собака"), "DOS"),
    ("utf-8", ("café", "thé"), ""), ("shift_jis", ("表示", "ソース"), "Shift-JIS"),
])  # fmt: skip
def test_names_in_other_encodings_are_guessed_and_noted(
    tmp_path: Path, make_zip: Callable[..., Path], make_picture: Callable[..., bytes],
    encoding: str, words: tuple[str, str], called: str,
) -> None:  # fmt: skip
    stand_in = {word: "_" * (len(word.encode(encoding)) - 1) + str(i) for i, word in enumerate(words)}
    packed = {f"p/{name}/{k}.jpg": make_picture(k + 10 * len(name)) for name in stand_in.values() for k in range(4)}
    path = renamed(make_zip(tmp_path / "x.zip", packed), {b: a.encode(encoding) for a, b in stand_in.items()})
    dataset = import_zip(path)
    assert set(dataset.classes) == set(words)
    noted = [problem.message for problem in dataset.problems if problem.kind == "reading"]
    assert len(noted) == bool(called)
    assert not called or called in noted[0]


def test_the_encoding_of_names_can_be_asked_for(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]
) -> None:
    path = renamed(make_zip(tmp_path / "x.zip", files), {"cat/": "猫".encode("gbk") + b"t/"})
    assert open_dataset(f"encoding=cp1252:{path}").classes == ("dog", "Ã¨t")
    assert open_dataset(f"encoding=gb18030:{path}").classes == ("dog", "猫t")


def test_names_that_no_file_system_takes_cost_themselves(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]
) -> None:
    odd = {
        "cat/" + "长" * 100 + ".jpg": b"x",
        "cat/" + "deep/" * 1200 + "a.jpg": b"x",
        "dog/0.jpg/inner.jpg": b"x",
    }
    dataset = import_zip(make_zip(tmp_path / "x.zip", {**files, **odd}))
    assert len(dataset) == 10  # dog/0.jpg gives way to what is in the folder of its name
    assert [problem.kind for problem in dataset.problems] == ["bad-name"] * 3


def test_a_zip_that_was_damaged_is_repaired_by_a_whole_copy(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes]
) -> None:
    path = make_zip(tmp_path / "x.zip", files, packed=False)
    whole = path.read_bytes()
    data = bytearray(whole)
    for name in ("dog/2.jpg", "cat/1.jpg"):
        at = data.index(files[name])
        data[at + 50 : at + 60] = bytes(10)
    path.write_bytes(data)
    assert len(import_zip(path)) == 8
    assert len(import_zip(path)) == 8  # and it stays readable
    path.write_bytes(whole)
    dataset = import_zip(path)
    assert len(dataset) == 10
    assert dataset.problems == ()
    path.write_bytes(data)
    assert len(import_zip(path)) == 10  # what is whole stays whole


def test_millions_of_entries_are_refused_by_the_end_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/0.jpg", b"x")
    data = path.read_bytes()
    at = data.rindex(b"PK\x05\x06")
    entry = data[entries_of(data)[0] : at]
    many = 1_000_001
    directory = entry * many
    end64 = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, many, many, len(directory), at - len(entry))
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at - len(entry) + len(directory), 1)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(data[: at - len(entry)] + directory + end64 + locator + end)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the directory was read"))
    with pytest.raises(InputError, match=r"holds 1,000,001 files"):
        import_zip(path)


def test_a_directory_that_lies_about_its_entries_is_refused(
    tmp_path: Path, make_zip: Callable[..., Path], files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_zip(tmp_path / "x.zip", files)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x05\x06")
    data[at + 8 : at + 12] = b"\x01\x00\x01\x00"
    path.write_bytes(data)
    monkeypatch.setattr(zip_entries, "MOST_ENTRIES", 9)
    with pytest.raises(InputError, match="holds 10 files"):
        import_zip(path)


def test_a_zip_as_a_contest_packs_it(
    tmp_path: Path, make_zip: Callable[..., Path], make_picture: Callable[..., bytes]
) -> None:
    packed = {f"train/{k:04d}.jpg": make_picture(k) for k in range(12)}
    rows = "".join(f"{k:04d},{('cat', 'dog')[k % 2]}\n" for k in range(12))
    dataset = import_zip(make_zip(tmp_path / "x.zip", {**packed, "train.csv": f"id,breed\n{rows}".encode()}))
    assert dataset.classes == ("cat", "dog")
    assert len(dataset) == 12
