"""Data as contests and archives publish it: folders beside a manifest, and archives inside a zip."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.importers.readings import AmbiguousData
from clfcore.errors import InputError


def contest(root: Path, *, manifest: str = "labels.csv") -> dict[str, bytes]:
    """`train/` and `test/` without class folders, and a manifest of the pictures in `train/`."""
    files = {f"train/{k}.png": f"train {k}".encode() for k in range(24)}
    files |= {f"test/t{k}.png": f"test {k}".encode() for k in range(8)}
    files[manifest] = b"id,breed\n" + b"".join(b"%d,%s\n" % (k, b"beagle" if k % 2 else b"pug") for k in range(24))
    files["sample_submission.csv"] = b"id,beagle,pug\n" + b"".join(b"t%d,0.5,0.5\n" % k for k in range(8))
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return files


@pytest.mark.parametrize("packed", [False, True])
def test_the_manifest_is_one_of_the_readings(tmp_path: Path, make_zip: Callable[..., Path], packed: bool) -> None:
    files = contest(tmp_path / "dogs")
    spec = str(make_zip(tmp_path / "dogs.zip", files) if packed else tmp_path / "dogs")
    with pytest.raises(AmbiguousData) as asked:
        open_dataset(spec)
    manifest, folders = asked.value.choices
    assert manifest.what == "the manifest labels.csv"
    assert "labels.csv' as the data (the manifest labels.csv: 2 classes (beagle, pug), 24 pictures)" in str(asked.value)
    dataset = open_dataset(manifest.spec)
    assert dataset.classes == manifest.classes == ("beagle", "pug")
    assert len(dataset) == manifest.pictures == 24
    assert folders.asks == "outer"
    assert open_dataset(folders.spec).classes == ("test", "train")


@pytest.mark.parametrize("layout", ["{}.png", "images/{}.png"])
def test_the_manifest_is_read_where_the_folders_have_no_classes(tmp_path: Path, layout: str) -> None:
    for k in range(24):
        picture = tmp_path / "d" / layout.format(k)
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(f"{k}".encode())
    rows = "".join(f"{k},{'beagle' if k % 2 else 'pug'}\n" for k in range(24))
    (tmp_path / "d" / "train.csv").write_text(f"id,breed\n{rows}")
    dataset = open_dataset(str(tmp_path / "d"))
    assert dataset.classes == ("beagle", "pug")
    assert "train.csv is read as the manifest" in {problem.message for problem in dataset.problems}
    (tmp_path / "d" / "train.csv").unlink()
    with pytest.raises(InputError):
        open_dataset(str(tmp_path / "d"))


@pytest.mark.parametrize("inner", ["pets.zip", "pets/images.tar.gz", "a/b/train.7z"])
def test_a_zip_that_holds_only_an_archive_says_how_to_go_on(
    tmp_path: Path, make_zip: Callable[..., Path], inner: str
) -> None:
    path = make_zip(tmp_path / "all.zip", {inner: b"packed", "README.txt": b"read me"})
    name = inner.rpartition("/")[2]
    with pytest.raises(InputError) as refused:
        open_dataset(str(path))
    assert str(refused.value) == (
        f"all.zip holds no pictures but another archive ({inner}): unpack all.zip once, then choose "
        + (name if name.endswith(".zip") else f"the folder that {name} unpacks to")
    )
    assert not (tmp_path / "imported").exists()


def test_a_manifest_beside_a_packed_archive_is_refused_by_the_archive(
    tmp_path: Path, make_zip: Callable[..., Path]
) -> None:
    packed = {"train.csv": b"path,label\na.png,cat\n", "train.zip": b"x", "test.zip": b"x"}
    with pytest.raises(InputError, match=r"holds no pictures but 2 other archives \(train.zip, test.zip\): unpack"):
        open_dataset(str(make_zip(tmp_path / "all.zip", packed)))
