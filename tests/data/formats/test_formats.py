"""Datasets in the formats of other tools: written, opened again, and what a stranger's file may not do."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.formats.table import FORMATS, write_dataset
from clfcore.errors import InputError
from clfcore.task import Level, hierarchical, multi_label, single_label

N = 12
SPLITS = {"train": np.arange(6), "validation": np.arange(6, 9), "test": np.arange(9, N)}
ODD = ("=SUM(1)", "a; b", "naïve 日本")
IDS = ("../up.png", "con.png", "a/b.png", "A/B.png", *(f"photo {i}.png" for i in range(4, N)))
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 8, 8, 3), np.uint8)


def drawn(task: str) -> ImageDataset:
    """Twelve noisy pictures whose names and classes are hard to write, in three groups a split."""
    made = {
        "single-label": (single_label(ODD), np.arange(N) % 3),
        "multi-label": (multi_label(ODD), np.stack([np.arange(N) % 2, np.arange(N) // 6, np.arange(N) % 3 == 0], 1)),
        "hierarchical": (
            hierarchical((Level("kind", ("p", "q")), Level("name", ODD)), [(0, 0), (0, 1), (1, 2)]),
            np.array([[(0, 0), (0, 1), (1, 2)][i % 3] for i in range(N)]),
        ),
    }[task]
    groups = tuple(f"g{i // 2}" for i in range(N))
    return ImageDataset("drawn", made[0], IDS, made[1].astype(np.int64), SPLITS, pixels=PIXELS, groups=groups)


def held(dataset: ImageDataset) -> set[tuple[object, ...]]:
    """What a dataset says of each picture, whatever it is called: content, labels, split, group."""
    split_of = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}
    groups = dataset.groups or ("",) * len(dataset)
    return {
        (dataset.image(i).tobytes(), dataset.label(i), split_of.get(i), groups[i] if dataset.groups else "")
        for i in range(len(dataset))
    }


@pytest.mark.parametrize("task", ["single-label", "multi-label", "hierarchical"])
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "class-tree"])
def test_what_is_written_opens_as_what_it_was(name: str, task: str, tmp_path: Path) -> None:
    before = drawn(task)
    written = write_dataset(before, name, tmp_path / "out")
    after = open_dataset(str(tmp_path / "out"))
    assert written.items == N
    assert after.task.kind == before.task.kind
    assert [level.name for level in after.task.levels] == [level.name for level in before.task.levels]
    assert held(after) == held(before)
    assert not after.problems
    assert not after.drawn


def test_class_folders_open_as_what_they_were(tmp_path: Path) -> None:
    plain = replace(drawn("single-label"), task=single_label(("a", "naïve 日本", "c d")), groups=None)
    write_dataset(plain, "class-tree", tmp_path / "out")
    assert held(open_dataset(str(tmp_path / "out"))) == held(plain)
    levels = hierarchical((Level("level 1", ("p", "q")), Level("level 2", ("a", "b", "c"))), [(0, 0), (0, 1), (1, 2)])
    tree = replace(drawn("hierarchical"), task=levels)
    assert write_dataset(tree, "class-tree", tmp_path / "nested").lost == ("groups", "names of levels")
    again = open_dataset(f"nested:{tmp_path / 'nested'}")
    assert {row[:3] for row in held(again)} == {row[:3] for row in held(tree)}


@pytest.mark.parametrize("odd", ["a/b", "..", "_x", "trailing ", 'qu"ote'])
def test_a_class_that_is_no_folder_is_refused(odd: str, tmp_path: Path) -> None:
    dataset = replace(drawn("single-label"), task=single_label(("a", odd, "c")))
    with pytest.raises(InputError, match="cannot be the name of a folder: choose coco"):
        write_dataset(dataset, "class-tree", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_class_folders_hold_no_several_labels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no multi-label data: choose coco, label-studio"):
        write_dataset(drawn("multi-label"), "class-tree", tmp_path / "out")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="nothing is written over"):
        write_dataset(drawn("single-label"), "coco", tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine.txt"]


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data) if data else None)
    return path


def png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng().integers(0, 256, (8, 8, 3), np.uint8)).save(out, "png")
    return out.getvalue()


def test_a_tar_leads_nowhere_else(tmp_path: Path) -> None:
    link = tarfile.TarInfo("3.png")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    samples = [
        (tarfile.TarInfo("../../evil/0.png"), png()),
        (tarfile.TarInfo("../../evil/0.cls"), b"0"),
        (tarfile.TarInfo("/tmp/evil/1.png"), png()),
        (tarfile.TarInfo("/tmp/evil/1.json"), b'{"label": "1"}'),
        (link, b""),
        (tarfile.TarInfo("3.cls"), b"1"),
        (tarfile.TarInfo("unlabeled.png"), png()),
    ]
    dataset = open_dataset(str(tar_of(tmp_path / "shard.tar", *samples)))
    assert sorted(dataset.label(i) for i in range(len(dataset))) == ["0", "1"]
    assert dataset.ids == ("unsplit/00000000.png", "unsplit/00000001.png")
    assert [path.name for path in dataset.files] == ["00000000.png", "00000001.png"]
    assert not list(tmp_path.rglob("evil"))
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.json", "{}", "neither COCO nor an export of Label Studio"),
        ("labels.json", '{"images": [{}], "categories": []}', "no valid COCO"),
        ("tasks.json", '[{"data": {"image": "https://a.b/c.png"}, "annotations": [{}]}]', "nothing is fetched"),
        ("tasks.json", '[{"data": 3}]', "no valid export of Label Studio"),
        ("metadata.jsonl", '{"label": "a"}\n', "without file_name"),
        ("metadata.jsonl", "[1]\n", "no object"),
        ("shard.tar", "no tar", "not a tar that can be read"),
        (
            "labels.json",
            json.dumps(
                {
                    "images": [{"id": 1, "file_name": "../../secret.png"}],
                    "categories": [{"id": 1, "name": "a"}],
                    "annotations": [{"image_id": 1, "category_id": 1}],
                }
            ),
            "leads outside",
        ),
    ],
)
def test_what_is_no_data_is_refused_in_a_line(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message) as refused:
        open_dataset(str(tmp_path / name))
    assert "\n" not in str(refused.value)


def test_several_categories_of_a_foreign_file_are_several_labels(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"{i}.png").write_bytes(png())
    values = {
        "images": [{"id": i, "file_name": f"{i}.png"} for i in range(3)],
        "categories": [{"id": 7, "name": "cat"}, {"id": 9, "name": "dog"}],
        "annotations": [{"image_id": i, "category_id": c, "bbox": [0, 0, 1, 1]} for i, c in ((0, 7), (0, 9), (1, 7))],
    }
    (tmp_path / "instances.json").write_text(json.dumps(values))
    dataset = open_dataset(str(tmp_path / "instances.json"))
    assert dataset.task.kind == "multi-label"
    assert [dataset.label(i) for i in range(3)] == ["cat; dog", "cat", "no label"]


def test_metadata_as_csv_is_read(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        for i in range(2):
            (tmp_path / split / f"{i}.png").write_bytes(png())
        (tmp_path / split / "metadata.csv").write_text("file_name,label\n0.png,cat\n1.png,dog\n")
    dataset = open_dataset(str(tmp_path))
    assert dataset.classes == ("cat", "dog")
    assert dataset.sizes()["test"] == 2
