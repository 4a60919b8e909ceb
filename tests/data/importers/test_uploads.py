"""What a browser hands over is kept on disk at once, and has a SPEC from then on."""

import contextlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.data.catalogue import open_dataset
from clfcore.data.importers.archives import imported_folder
from clfcore.data.importers.uploads import import_upload, keep_upload
from clfcore.errors import InputError
from clfcore.files import datasets_folder


@pytest.fixture
def zipped(tmp_path: Path, make_zip: Callable[..., Path], make_picture: Callable[..., bytes]) -> bytes:
    files = {f"{name}/{i}.jpg": make_picture(10 * k + i) for k, name in enumerate("ab") for i in range(4)}
    return make_zip(tmp_path / "x.zip", {**files, "notes.txt": b"x"}).read_bytes()


def test_the_same_upload_twice_is_the_same_spec(zipped: bytes) -> None:
    spec = import_upload(zipped, "../../My photos.ZIP")
    assert (
        spec
        == import_upload(io.BytesIO(zipped), "../../My photos.ZIP")
        == keep_upload([("../../My photos.ZIP", io.BytesIO(zipped))])
    )
    assert Path(spec).parent == imported_folder()
    dataset = open_dataset(spec)
    assert dataset.name == "My photos"
    assert len(dataset) == 8
    assert [problem.item for problem in dataset.problems] == ["notes.txt"]


def test_a_manifest_with_its_pictures(make_picture: Callable[..., bytes]) -> None:
    text = b"path,label\nimages/a.jpg,cat\nimages/b.jpg,dog\nc.jpg,dog\nimages/gone.jpg,cat\n"
    files = [
        ("../set.csv", io.BytesIO(text)),
        *((f"{n}.jpg", io.BytesIO(make_picture(i))) for i, n in enumerate("abcx")),
    ]
    spec = keep_upload(files)
    dataset = open_dataset(spec)
    assert dataset.ids == ("images/a.jpg", "images/b.jpg", "c.jpg")
    assert dataset.paths[1].read_bytes() == make_picture(1)
    assert [problem.kind for problem in dataset.problems] == ["missing"]
    assert imported_folder() in Path(spec).parents
    for _, file in files:
        file.seek(0)
    assert keep_upload(files) == spec


@pytest.mark.parametrize("names", [["a.jpg"], ["a.csv", "b.csv"], ["a.zip", "b.zip"], ["a.zip", "b.csv"], []])
def test_other_uploads_are_refused(names: list[str]) -> None:
    with pytest.raises(InputError, match=r"upload one \.zip of class folders, or one \.csv manifest with its pictures"):
        keep_upload([(name, io.BytesIO(b"x")) for name in names])
    with pytest.raises(InputError, match=r"a\.jpg is not a zip"):
        import_upload(b"x", "a.jpg")


def test_a_manifest_that_leads_outside_is_refused_before_anything_is_written(
    make_picture: Callable[..., bytes],
) -> None:
    with pytest.raises(InputError, match="leads outside"):
        keep_upload([("m.csv", io.BytesIO(b"path,label\n../evil.jpg,cat\n")), ("evil.jpg", io.BytesIO(make_picture()))])
    assert not imported_folder().exists()


def test_a_zip_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="is not a zip that can be read"):
        import_upload(b"text", "x.zip")


def folder_files(names: Sequence[str]) -> list[tuple[str, io.BytesIO]]:
    files = [(name, io.BytesIO()) for name in names]
    for i, (_, out) in enumerate(files):
        Image.fromarray(np.full((8, 8, 3), i, np.uint8)).save(out, "png")
        out.seek(0)
    return files


def test_an_uploaded_folder_keeps_its_classes_and_its_name() -> None:
    names = [f"coins/{kind}/{i}.png" for kind in ("cent", "dime") for i in range(4)]
    spec = keep_upload(folder_files(names))
    assert keep_upload(folder_files(names)) == spec
    dataset = open_dataset(spec)
    assert (dataset.name, dataset.classes, len(dataset)) == ("coins", ("cent", "dime"), 8)


@pytest.mark.parametrize("name", ["../../cent/a.png", "/etc/cent/a.png", "coins/../../../a.png", "c:\\cent\\a.png"])
def test_an_uploaded_path_never_leads_outside(name: str) -> None:
    with contextlib.suppress(InputError):
        keep_upload(folder_files(["coins/dime/b.png", "coins/cent/b.png", name]))
    assert not [path for path in datasets_folder().parent.rglob("a.png") if "imported" not in path.parts]


def test_a_folder_without_pictures_and_odd_uploads_are_refused_by_their_names() -> None:
    with pytest.raises(InputError, match="notes has no picture"):
        keep_upload([("notes/a/b.txt", io.BytesIO(b""))])
    with pytest.raises(InputError, match=r"a\.zip, b\.zip"):
        keep_upload([("a.zip", io.BytesIO(b"")), ("b.zip", io.BytesIO(b""))])
