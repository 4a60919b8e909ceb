"""Copies of remote data: the same items as on disk, fetched once, resumed, whole or not at all; refusals in a line."""

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from clfcore import api
from clfcore.cli.main import main
from clfcore.data.catalogue import open_dataset
from clfcore.data.importers.archives import imported_folder
from clfcore.data.library.edit import content_digest
from clfcore.data.library.entries import library
from clfcore.data.remote import copy
from clfcore.data.remote.copy import copy_of
from clfcore.errors import Failure, InputError
from clfcore.files import datasets_folder
from clfcore.remote import transfer_progress
from tests.support.file_server import FileServer, serving
from tests.support.object_store import put, s3_server


@pytest.fixture(autouse=True)
def empty_memory() -> Iterator[None]:
    yield
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, s3_server(patch) as url:
        yield url


@pytest.fixture
def web() -> Iterator[FileServer]:
    with serving() as server:
        yield server


def zip_of(folder: Path) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(folder.rglob("*.jpg")):
            archive.write(path, path.relative_to(folder).as_posix())
    return data.getvalue()


def left_behind() -> list[str]:
    return [path.name for path in (datasets_folder() / "remote").glob(".fetching-*")]


def test_a_folder_in_memory_is_the_folder_on_disk(photos: Path) -> None:
    put(photos, "memory://set/photos")
    here, remote = open_dataset(str(photos)), open_dataset("memory://set/photos")
    assert (remote.ids, remote.targets.tolist(), remote.classes) == (here.ids, here.targets.tolist(), here.classes)
    assert content_digest(remote) == content_digest(here)
    [entry] = library()
    assert (entry.name, entry.source) == ("photos", "memory://set/photos")
    assert left_behind() == []


def test_a_bucket_is_read_once_and_named_in_the_library(
    photos: Path, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(photos, f"{bucket}/clothes")
    assert main(["datasets", "add", f"{bucket}/clothes", "--json"]) == 0
    added = json.loads(capsys.readouterr().out)["added"]
    assert (added["name"], added["items"], added["digest"]) == (
        "clothes",
        40,
        content_digest(open_dataset(str(photos))),
    )
    fsspec.filesystem("s3").rm(f"{bucket}/clothes", recursive=True)
    assert len(open_dataset("clothes")) == len(open_dataset(f"{bucket}/clothes/")) == 40
    api.delete_dataset("clothes")
    assert copy_of(f"{bucket}/clothes") is None
    with pytest.raises(InputError, match="there are no pictures"):
        open_dataset(f"{bucket}/clothes")


def test_the_record_holds_the_digest_that_sha256sum_gives(photos: Path) -> None:
    put(photos, "memory://set/photos")
    open_dataset("memory://set/photos")
    lines = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(photos).as_posix()}\n"
        for path in sorted(photos.rglob("*.jpg"))
    )
    [record] = [json.loads(path.read_text()) for path in (datasets_folder() / "remote").glob("*.json")]
    assert record["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert (record["files"], record["bytes"]) == (40, sum(p.stat().st_size for p in photos.rglob("*.jpg")))


def test_a_zip_on_the_web_is_whole_or_not_here(photos: Path, web: FileServer) -> None:
    web.files["/sets/photos.zip"] = data = zip_of(photos)
    url = f"{web.base}/sets/photos.zip"
    web.break_after = len(data) // 2
    with pytest.raises(Failure, match=r"photos\.zip"):
        open_dataset(url)
    assert copy_of(url) is None
    assert not imported_folder().exists()
    web.break_after = None
    seen: list[tuple[int, int]] = []
    with transfer_progress(lambda done, total: seen.append((done, total))):
        dataset = open_dataset(url)
    assert len(dataset) == 40
    assert seen[-1] == (len(data), len(data))


def test_a_key_behind_a_question_mark_is_written_nowhere(photos: Path, web: FileServer) -> None:
    web.files["/sets/photos.zip?key=secret"] = zip_of(photos)
    assert len(open_dataset(f"{web.base}/sets/photos.zip?key=secret")) == 40
    assert all("secret" not in path.read_text() for path in (datasets_folder() / "remote").glob("*.json"))


def test_a_large_file_goes_on_where_it_broke_off(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/set/photos.zip", data := zip_of(photos))
    starts: list[int] = []

    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= len(data) // 2 and len(starts) == 1:
                raise ConnectionResetError("the host hung up")
            return super().read(size)

        def seek(self, place: int, whence: int = 0, /) -> int:
            if len(starts) == 2:
                starts.append(place)
            return super().seek(place, whence)

    def opened(*_: object, **__: object) -> Breaking:
        starts.append(0)
        return Breaking(data)

    monkeypatch.setattr(type(memory), "_open", opened)
    monkeypatch.setattr(copy, "BLOCK", 1024)
    with pytest.raises(Failure, match="cannot be reached"):
        open_dataset("memory://set/photos.zip")
    assert len(open_dataset("memory://set/photos.zip")) == 40
    assert starts[-1] >= len(data) // 2


def test_what_arrived_of_a_folder_is_not_fetched_again(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(photos, "memory://set/photos")
    memory = fsspec.filesystem("memory")
    opened: list[str] = []
    usual = type(memory)._open

    def counted(self: object, path: str, *args: object, **kwargs: object) -> object:
        opened.append(path)
        if len(opened) == 10 and not resumed:
            raise ConnectionResetError("the host hung up")
        return usual(self, path, *args, **kwargs)

    resumed = False
    monkeypatch.setattr(type(memory), "_open", counted)
    monkeypatch.setattr(copy, "THREADS", 1)
    with pytest.raises(Failure, match="cannot be reached"):
        open_dataset("memory://set/photos")
    assert copy_of("memory://set/photos") is None
    [parts] = (datasets_folder() / "remote").glob(".fetching-*")
    whole = [path.relative_to(parts).as_posix().partition("/")[2] for path in parts.rglob("*.jpg")]
    resumed, before = True, len(opened)
    assert len(open_dataset("memory://set/photos")) == 40
    assert len(whole) >= 9
    assert {path.removeprefix("/set/photos/") for path in opened[before:]}.isdisjoint(whole)
    assert len(opened) - before == 40 - len(whole)
    assert left_behind() == []


def test_a_stop_keeps_what_arrived_and_changes_nothing_else(photos: Path) -> None:
    put(photos, "memory://set/photos")

    def stop(done: int, total: int) -> None:
        raise InputError("stopped")

    with transfer_progress(stop), pytest.raises(InputError, match="stopped"):
        open_dataset("memory://set/photos")
    assert copy_of("memory://set/photos") is None
    assert library() == ()
    assert len(open_dataset("memory://set/photos")) == 40


def test_a_manifest_brings_its_pictures(photos: Path, web: FileServer) -> None:
    rows = [(f"{p.parent.name}/{p.name}", p.parent.name) for p in sorted(photos.rglob("*.jpg"))]
    text = "path,label\n" + "".join(f"{path},{label}\n" for path, label in rows)
    put(photos, "memory://set")
    fsspec.filesystem("memory").pipe_file("/set/labels.csv", text.encode())
    assert len(open_dataset("memory://set/labels.csv")) == 40
    web.files["/set/labels.csv"] = (text + "cat/none.jpg,cat\n").encode()
    web.files |= {f"/set/{path}": (photos / path).read_bytes() for path, _ in rows}
    dataset = open_dataset(f"{web.base}/set/labels.csv")
    assert len(dataset) == 40
    assert any("none.jpg" in problem.message for problem in dataset.problems)
    web.files["/set/out.csv"] = f"{text}../../etc/passwd,cat\n".encode()
    with pytest.raises(InputError, match="leads outside the manifest's folder"):
        open_dataset(f"{web.base}/set/out.csv")
    assert not any("passwd" in request for request in web.requests)


def test_shards_of_webdataset_are_read_and_a_damaged_one_is_one_line(photos: Path) -> None:
    api.export_dataset(str(photos), photos.parent / "tars", format="webdataset")
    put(photos.parent / "tars", "memory://set/tars")
    assert sorted(open_dataset("memory://set/tars").splits) == sorted(open_dataset(str(photos)).splits)
    memory = fsspec.filesystem("memory")
    shard = memory.find("/set/tars")[1]
    memory.pipe_file("/set/bad.tar", memory.cat_file(shard)[:700])
    with pytest.raises(InputError, match=r"bad\.tar is not a tar that can be read"):
        open_dataset("memory://set/bad.tar")
    assert left_behind() == []
    with tarfile.open(photos.parent / "tars" / "train-000000.tar") as tar:
        assert tar.getnames()


def test_a_pattern_of_shards_is_fetched_from_a_bucket_and_from_a_web_host(photos: Path, web: FileServer) -> None:
    tars = photos.parent / "tars"
    api.export_dataset(str(photos), tars, format="webdataset")
    for number, path in enumerate(sorted(tars.glob("*.tar"))):
        path.rename(tars / f"part-{number:03}.tar")
    put(tars, "memory://set/numbered")
    expected = open_dataset(str(tars))
    some = open_dataset("memory://set/numbered/part-{000..001}.tar")
    assert 0 < len(some) < len(expected)
    for path in tars.iterdir():
        web.files[f"/set/{path.name}"] = path.read_bytes()
    fetched = open_dataset(f"{web.base}/set/part-{{000..002}}.tar")
    assert (fetched.contents, fetched.classes) == (expected.contents, expected.classes)
    with pytest.raises(InputError, match=r"there is no such place \(.*part-003\.tar"):
        open_dataset("memory://set/numbered/part-{000..003}.tar")
    assert left_behind() == []


def test_names_at_the_host_lead_nowhere_else(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(photos, "memory://set/photos")
    memory = fsspec.filesystem("memory")
    listed = memory.find("/set/photos", detail=True)
    evil = {f"/set/photos/{name}": {**next(iter(listed.values()))} for name in ("../../../x.jpg", "cat/..\\..\\y.jpg")}
    monkeypatch.setattr(type(memory), "find", lambda *_, **__: {**listed, **evil})
    dataset = open_dataset("memory://set/photos")
    assert len(dataset) == 40
    assert not list(datasets_folder().parent.rglob("x.jpg"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://no-such-bucket/photos", "there is no such place"),
        ("memory://nothing", "there are no pictures"),
        ("memory://nothing/labels.csv", "there is no such"),
        ("ftp://host/photos", "must begin with one of s3://"),
        ("https://me:secret@host/photos.zip", "with a password in it"),
        ("s3://", "names no bucket"),
    ],
)
def test_what_is_not_there_is_one_line(bucket: str, url: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets", "check", url]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert words in output.err
    assert output.err.count("\n") == 1
    assert "secret" not in output.err
    assert not imported_folder().exists()


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda *_, **__: (_ for _ in ()).throw(ImportError("no gcsfs")))
    with pytest.raises(InputError, match=r"needs the package gcsfs: pip install 'clflab\[remote\]'"):
        open_dataset("gs://bucket/photos")


def test_a_shared_lab_fetches_nothing(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(photos, "memory://set/photos")
    monkeypatch.setenv("CLFLAB_DATA_ROOT", str(photos))
    with pytest.raises(InputError, match="this lab reads data below"):
        open_dataset("memory://set/photos")
