"""Any dataset as a manifest, opened again: the same pictures, classes, splits and groups."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.data.bit_depth import shown
from clfcore.data.catalogue import open_dataset
from clfcore.data.export import write_manifest
from clfcore.data.pixels import read_image
from clfcore.errors import InputError


@pytest.mark.parametrize(
    "spec", ["shapes:count=24,side=16", "shapes-multi-label:count=60,side=16", "shapes-hierarchical:count=30,side=16"]
)
def test_a_manifest_opens_as_what_was_written(tmp_path: Path, spec: str) -> None:
    before = open_dataset(spec)
    assert write_manifest(before, tmp_path / "out.csv") == len(before)
    after = open_dataset(str(tmp_path / "out.csv"))
    assert after.task == before.task
    assert np.array_equal(after.targets, before.targets)
    assert {split: chosen.tolist() for split, chosen in after.splits.items()} == {
        split: chosen.tolist() for split, chosen in before.splits.items()
    }
    assert not after.problems
    assert np.array_equal(read_image(after.paths[7]), before.pixels[7])


def test_photos_stay_where_they_are(photos: Path) -> None:
    before = open_dataset(str(photos))
    write_manifest(before, photos.parent / "list.csv")
    after = open_dataset(str(photos.parent / "list.csv"))
    assert [path.resolve() for path in after.paths] == [path.resolve() for path in before.paths]
    assert not (photos.parent / "list-images").exists()


def test_photos_elsewhere_are_copied_and_groups_kept(photos: Path, tmp_path: Path) -> None:
    rows = [
        f"{path.relative_to(photos).as_posix()},{path.parent.name},patient {i // 3}"
        for i, path in enumerate(sorted(photos.rglob("*.jpg")))
    ]
    (photos / "all.csv").write_text("path,label,group\n" + "\n".join(rows) + "\n")
    before = open_dataset(str(photos / "all.csv"))
    target = tmp_path / "away" / "out.csv"
    write_manifest(before, target)
    after = open_dataset(str(target))
    assert after.groups == before.groups
    assert [path.read_bytes() for path in after.paths] == [path.read_bytes() for path in before.paths]


def test_what_would_not_come_back_is_refused(tmp_path: Path) -> None:
    dataset = open_dataset("shapes:count=24,side=16")
    with pytest.raises(InputError, match=r"ends with \.csv"):
        write_manifest(dataset, tmp_path / "out.txt")


def test_16_bits_and_gray_are_read_by_their_whole_range(tmp_path: Path) -> None:
    deep = (np.linspace(0, 65535, 64).reshape(8, 8)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    found = shown(read_image(tmp_path / "deep.png"), None)[..., 0]
    assert np.abs(found.astype(int) - np.rint(deep / 257).astype(int)).max() <= 1


def test_names_like_formulas_come_back_exactly_and_are_none_in_a_spreadsheet(tmp_path: Path) -> None:
    labels = ["=cmd|' /C calc'!A0", "'=quoted", "@home", "-1", "it's", "a,b"]
    for label in labels:
        (tmp_path / "data" / label.replace("/", "∕")).mkdir(parents=True)
        for i in range(3):
            pixels = np.full((8, 8, 3), 10 * i + len(label), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / label.replace("/", "∕") / f"-{i}=.png")
    before = open_dataset(str(tmp_path / "data"))
    out = tmp_path / "data" / "m.csv"
    write_manifest(before, out)
    with out.open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+", "-")) and cell != "-1"]
    out.rename(tmp_path / "data" / "moved.csv")
    after = open_dataset(str(tmp_path / "data" / "moved.csv"))
    assert after.task.classes == before.task.classes
    assert [p.resolve() for p in after.paths] == [p.resolve() for p in before.paths]
    assert np.array_equal(after.targets, before.targets)


def test_a_picture_whose_name_a_manifest_cannot_hold_is_copied(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i, name in enumerate(("back\\slash.png", " edge .png", "line\nbreak.png", "plain.png")):
            Image.fromarray(np.full((8, 8, 3), 40 * i + len(label), np.uint8)).save(tmp_path / "data" / label / name)
    before = open_dataset(str(tmp_path / "data"))
    write_manifest(before, tmp_path / "m.csv")
    after = open_dataset(str(tmp_path / "m.csv"))
    assert [path.read_bytes() for path in after.paths] == [path.read_bytes() for path in before.paths]
