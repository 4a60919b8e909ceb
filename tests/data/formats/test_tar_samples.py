"""Tars of WebDataset are read where they lie: nothing is unpacked, and every item is the picture that was packed."""

import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from clfcore import api, cache
from clfcore.augment.policies import policy
from clfcore.config import make
from clfcore.data import held_pixels
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.decode import decode
from clfcore.data.export import picture_bytes
from clfcore.data.importers.archives import imported_folder
from clfcore.data.pixels import Preprocess
from clfcore.data.tar_member import open_file, tar_member
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.training.batches import Batches

TWENTY = Preprocess(16, crop_fraction=0.8)


@pytest.fixture
def tars(photos: Path) -> Path:
    """The photos as tars, a shard a split."""
    out = photos.parent / "tars"
    api.export_dataset(str(photos), out, format="webdataset")
    return out


def epoch(dataset: ImageDataset) -> list[torch.Tensor]:
    dataset, decoded = decode(dataset, TWENTY)
    batches = Batches(
        decoded, dataset.splits["train"], dataset.targets, TWENTY, 8, torch.device("cpu"), policy=policy("basic")
    )
    return [tensor for batch in batches(3) for tensor in batch]


def test_batches_are_those_of_the_same_pictures_as_files(photos: Path, tars: Path, tmp_path: Path) -> None:
    original, packed = open_dataset(str(photos)), open_dataset(str(tars))
    for split, chosen in packed.splits.items():
        of_files = {original.contents[i]: original.label(int(i)) for i in original.splits[split]}
        assert {packed.contents[i]: packed.label(int(i)) for i in chosen} == of_files
    paths = []
    for i, item in enumerate(packed.ids):
        paths.append(tmp_path / "files" / item)
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        paths[-1].write_bytes(picture_bytes(packed, i))
    as_files = epoch(replace(packed, paths=tuple(paths)))
    cache.clear()
    in_tars = epoch(packed)
    assert len(in_tars) == len(as_files) == 8
    assert all(map(torch.equal, in_tars, as_files))
    assert not imported_folder().exists()


def test_past_the_cache_pictures_are_decoded_from_the_tars(tars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = epoch(open_dataset(str(tars)))
    cache.clear()
    monkeypatch.setenv(cache.VARIABLE, "0")
    monkeypatch.setattr(held_pixels, "MOST_BYTES", 1000)
    assert all(map(torch.equal, epoch(open_dataset(str(tars))), expected))


def test_a_tar_is_read_once_and_again_when_it_changed(tars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_dataset(str(tars))
    with monkeypatch.context() as unread:
        unread.setattr(tarfile, "open", lambda *_: pytest.fail("a tar was read again"))
        again = open_dataset(str(tars))
    assert (again.ids, again.paths) == (first.ids, first.paths)
    for damaged in ("[[", "[[1]]", '[[512, 77, ".exe", {}]]', '[[512, -7, ".jpg", {}]]', '[[512, 7, ".jpg", "x"]]'):
        for place in cache.folder("checked").glob("tar-*.json"):
            place.write_text(damaged)  # read from the tar again
        assert open_dataset(str(tars)).ids == first.ids
    with tarfile.open(tars / "train-000000.tar", "a") as tar:
        for name, data in (("new.jpg", picture_bytes(first, 0)), ("new.cls", b"1")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    assert len(open_dataset(str(tars))) == len(first) + 1


def numbered(tars: Path) -> None:
    for number, path in enumerate(sorted(tars.glob("*.tar"))):
        path.rename(tars / f"part-{number + 9:04}.tar")


def test_a_pattern_names_tars(tars: Path) -> None:
    numbered(tars)
    every = open_dataset(str(tars))
    assert open_dataset(str(tars / "part-{0009..0011}.tar")).contents == every.contents
    config = {"data": str(tars / "part-{0009..0011}.tar"), "architecture": "lenet5", "strategy": "scratch"}
    run = create_run(make({**config, "recipe": {"epochs": 1, "image_size": 16, "batch_size": 16}}))
    execute(run)
    assert run.state == "completed"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("part-{0009..0014}.tar", r"part-0012\.tar is not there \(3 of 6 are missing\)"),
        ("part-{0011..0009}.tar", "write the first number before the last"),
        ("part-{0..99999999}.tar", "at most 100,000 tars"),
    ],
)
def test_a_pattern_that_names_no_tars_is_refused_in_a_line(tars: Path, pattern: str, message: str) -> None:
    numbered(tars)
    with pytest.raises(InputError, match=message) as refused:
        open_dataset(str(tars / pattern))
    assert "\n" not in str(refused.value)


def test_pictures_without_a_label_shift_no_number(tmp_path: Path, make_picture: Callable[..., bytes]) -> None:
    """Two tars, each with a picture of no class among the others: every item stays the picture that was packed."""
    packed: dict[str, bytes] = {}
    for shard in range(2):
        with tarfile.open(tmp_path / f"{shard}.tar", "w") as tar:
            for i in range(4):
                data = make_picture(10 * shard + i)
                files = {f"{shard}{i}.jpg": data} | ({} if i == 1 else {f"{shard}{i}.cls": str(i % 2).encode()})
                for name, content in files.items():
                    member = tarfile.TarInfo(name)
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
                if i != 1:
                    packed[f"unsplit/{4 * shard + i:08}.jpg"] = data
    dataset = open_dataset(str(tmp_path))
    assert {item: picture_bytes(dataset, i) for i, item in enumerate(dataset.ids)} == packed


def test_what_is_gone_of_a_tar_is_named(tars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "0")
    dataset, decoded = decode(open_dataset(str(tars)), TWENTY)
    shard = tars / "train-000000.tar"
    shard.write_bytes(shard.read_bytes()[:3000])
    chosen = dataset.splits["train"]
    with pytest.raises(InputError, match=r"train/\d+\.jpg (cannot be read|has changed)"):
        decoded.take(chosen)
    shard.unlink()
    with pytest.raises(InputError, match=r"train/\d+\.jpg cannot be read"):
        decoded.take(chosen)


def test_a_manifest_of_packed_pictures_holds_copies(tars: Path) -> None:
    out = tars.parent / "out" / "list.csv"
    api.export_dataset(str(tars), out)
    packed, back = open_dataset(str(tars)), open_dataset(str(out))
    assert {split: len(rows) for split, rows in back.splits.items()} == {
        split: len(rows) for split, rows in packed.splits.items()
    }
    assert sorted(back.contents) == sorted(packed.contents)
    inside = tars / "list.csv"
    api.export_dataset(str(tars), inside)
    assert sorted(open_dataset(str(inside)).contents) == sorted(packed.contents)


def test_an_ordinary_path_is_no_place_in_a_tar(tmp_path: Path) -> None:
    for path in ("photos/cat/1.jpg", "shard.tar", "shard.tar/1.jpg", "shard.zip/1+2/3.jpg", "shard.tar/a+2/3.jpg"):
        assert tar_member(path) is None
    assert tar_member("/a/b.tar/512+77/0.jpg") == ("/a/b.tar", 512, 77)
    odd = tmp_path / "odd.tar" / "1+2"
    odd.mkdir(parents=True)
    (odd / "3.jpg").write_bytes(b"a file all the same")
    with open_file(odd / "3.jpg") as file:
        assert file.read() == b"a file all the same"
