"""What is wrong with a dataset is found and said, and what is right is not."""

import os
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import cache
from clfcore.config import make
from clfcore.data import checks
from clfcore.data.checks import KINDS, advice, check
from clfcore.data.dataset import ImageDataset, Problem
from clfcore.data.decode import decode
from clfcore.data.importers.folders import import_folder
from clfcore.data.importers.manifests import import_csv
from clfcore.data.pixels import Preprocess
from clfcore.runs.resolve_run import resolve_run
from clfcore.task import Level, hierarchical, multi_label, single_label


def found(problems: tuple[Problem, ...], kind: str) -> list[tuple[str, str]]:
    return [(problem.item, problem.message) for problem in problems if problem.kind == kind]


def given(tmp_path: Path, make_tree: Callable[..., Path], **counts: int) -> Path:
    return make_tree(tmp_path / "d", {name.replace("_", "/"): n for name, n in counts.items()})


def test_a_sound_dataset_has_no_problems(photos: Path) -> None:
    dataset, problems = check(str(photos))
    assert problems == dataset.problems == ()
    assert check("digits")[1] == ()
    assert check("shapes")[1] == ()


def test_copies_within_and_across_splits(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    root = given(tmp_path, make_tree, train_a=12, train_b=12, val_a=3, val_b=3, test_a=3, test_b=3)
    shutil.copy(root / "train/a/00.jpg", root / "train/a/copy.jpg")
    shutil.copy(root / "train/b/01.jpg", root / "test/b/copy.jpg")
    shutil.copy(root / "val/a/02.jpg", root / "val/b/other.jpg")
    _, problems = check(import_folder(root))
    assert found(problems, "duplicate") == [
        ("train/a/copy.jpg", "train/a/copy.jpg has the same content as train/a/00.jpg, both in train"),
        ("val/b/other.jpg", "val/b/other.jpg has the same content as val/a/02.jpg, both in validation"),
    ]
    assert found(problems, "leakage") == [
        (
            "test/b/copy.jpg",
            "train/b/01.jpg (train) and test/b/copy.jpg (test) have the same content: "
            "what is tested must not be trained on",
        )
    ]
    assert found(problems, "conflicting-labels") == [
        ("val/b/other.jpg", "val/a/02.jpg and val/b/other.jpg have the same content, but are a and b")
    ]


def test_thin_and_lopsided_classes(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    root = given(tmp_path, make_tree, train_a=12, train_b=12, train_c=9, train_d=12, val_a=2, val_b=2, val_c=2, val_e=2)
    _, problems = check(import_folder(root))
    assert found(problems, "few-items") == [("c", "class c has 9 to train on: 10 or more are needed")]
    assert found(problems, "one-split-class") == [
        ("d", "class d is in train alone: it cannot be evaluated"),
        ("e", "class e is in validation alone: it cannot be learned"),
    ]
    assert found(problems, "no-test") == [("", "there is no test split: add one to measure on data that chose nothing")]
    assert found(problems, "absent-class") == []


def test_a_class_that_one_split_lacks(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    root = given(tmp_path, make_tree, train_a=12, train_b=12, val_a=2, val_b=2, test_a=2)
    assert found(check(import_folder(root))[1], "absent-class") == [("b", "class b is not in test")]


def test_groups_across_given_splits_leak(photos: Path) -> None:
    rows = "".join(
        f"{n}/{i:02d}.jpg,{n},{'test' if i > 15 else 'train'},{n}{i // 2 if i < 15 else 'x'}\n"
        for n in ("cat", "dog")
        for i in range(20)
    )
    (photos / "m.csv").write_text("path,label,split,group\n" + rows)
    _, problems = check(import_csv(photos / "m.csv"))
    assert [item for item, _ in found(problems, "leakage")] == ["catx", "dogx"]


def test_odd_sizes_are_told(photos: Path, make_picture: Callable[..., bytes]) -> None:
    (photos / "cat" / "tiny.jpg").write_bytes(make_picture(50, size=(7, 7)))
    (photos / "cat" / "long.jpg").write_bytes(make_picture(51, size=(200, 40)))
    (photos / "cat" / "wide.jpg").write_bytes(make_picture(52, size=(120, 40)))
    _, problems = check(import_folder(photos))
    assert found(problems, "odd-size") == [
        ("cat/long.jpg", "cat/long.jpg is 200 x 40 pixels, very long"),
        ("cat/tiny.jpg", "cat/tiny.jpg is 7 x 7 pixels, small: the usual shorter side is 30"),
    ]


def test_pictures_of_which_the_crop_leaves_out_much_are_told(
    tmp_path: Path, make_picture: Callable[..., bytes]
) -> None:
    sizes = {"wide": (90, 30), "tall": (30, 80)}
    for name, size in sizes.items():
        (tmp_path / "d" / name).mkdir(parents=True)
        for i in range(15):
            (tmp_path / "d" / name / f"{i}.jpg").write_bytes(make_picture(len(name) * 100 + i, size=size))
    dataset, problems = check(import_folder(tmp_path / "d"))
    (answer,) = found(problems, "cut-off")
    assert "cuts off 67% of all pictures (such as 90 x 30 pixels)" in answer[1]
    assert "--fit pad" in answer[1]
    assert "fit pad" in advice(dataset)
    config = make({"data": str(tmp_path / "d"), "architecture": "lenet5", "strategy": "scratch"})
    assert any("--fit pad" in note for note in resolve_run(config).notes)
    assert not any("--fit pad" in note for note in resolve_run(config.changed(fit="pad")).notes)
    for i in range(65):  # seldom: each is odd, the set is not
        (tmp_path / "d" / "wide" / f"x{i}.jpg").write_bytes(make_picture(i, size=(40, 30)))
        (tmp_path / "d" / "tall" / f"x{i}.jpg").write_bytes(make_picture(500 + i, size=(30, 40)))
    assert found(check(import_folder(tmp_path / "d"))[1], "cut-off") == []


def test_every_unreadable_file_is_named_however_many(photos: Path) -> None:
    for i in range(70):
        (photos / "cat" / f"bad{i:02d}.jpg").write_bytes(b"")
    dataset, problems = check(import_folder(photos))
    assert len(found(problems, "unreadable")) == 70
    assert len(dataset) == 40


def test_each_kind_that_is_said_is_documented() -> None:
    import re

    source = "".join(path.read_text() for path in Path(checks.__file__).parent.rglob("*.py"))
    answer = set(re.findall(r'(?:Problem|\.say|setdefault)\(\s*"([a-z0-9-]+)"', source))
    assert answer == set(KINDS)


def test_a_second_check_reads_nothing(photos: Path) -> None:
    seen: list[int] = []
    first, _ = check(str(photos), progress=lambda done, _: seen.append(done))
    second, _ = check(str(photos), progress=lambda done, _: pytest.fail("a second pass was made"))
    assert seen[-1] == 40
    assert first.ids == second.ids


def test_a_check_keeps_no_pixel(photos: Path) -> None:
    check(str(photos))
    assert not cache.folder("decoded").exists()
    assert cache.usage()["checked"].entries == 1
    assert cache.usage().bytes < 40 * 120 + 1500


def test_what_changed_is_read_again_and_nothing_else(photos: Path, make_picture: Callable[..., bytes]) -> None:
    check(str(photos))
    (photos / "cat" / "00.jpg").write_bytes(make_picture(777))
    shutil.copy(photos / "dog" / "05.jpg", photos / "dog" / "copy.jpg")
    (photos / "cat" / "01.jpg").write_bytes(b"")
    seen: list[int] = []
    _, problems = check(str(photos), progress=lambda done, _: seen.append(done))
    assert seen == [41]  # 38 were known
    assert [item for item, _ in found(problems, "unreadable")] == ["cat/01.jpg"]
    assert [item for item, _ in found(problems, "duplicate") + found(problems, "leakage")] == ["dog/copy.jpg"]


def test_a_decoded_folder_needs_no_further_check(photos: Path) -> None:
    decode(import_folder(photos), Preprocess(16))
    check(str(photos), progress=lambda done, _: pytest.fail("a second pass was made"))


def test_a_check_that_was_broken_off_is_gone_on_with(photos: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(*_: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        check(str(photos), progress=cancel)
    seen: list[int] = []
    check(str(photos), progress=lambda done, _: seen.append(done))
    assert len(seen) < 3


def test_a_fault_that_an_extra_cures_is_found_cured(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a phone's pictures are where pillow-heif was left out, before and after it is installed."""
    (photos / "cat" / "phone.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for _ in range(2):
        problems = check(str(photos))[1]
        assert "needs another package: pip install pillow-heif" in found(problems, "unreadable")[0][1]
        assert len(decode(import_folder(photos), Preprocess(16))[1]) == 40
    picture = Image.new("RGB", (30, 20))
    heif = types.SimpleNamespace(
        open_heif=lambda _: types.SimpleNamespace(size=picture.size, to_pillow=lambda: picture)
    )
    monkeypatch.setitem(sys.modules, "pillow_heif", heif)
    assert check(str(photos))[1] == ()
    _, decoded = decode(import_folder(photos), Preprocess(16))
    assert len(decoded) == 41


@pytest.mark.parametrize("damage", [b"", b"x", b"PK\x03\x04 no zip"])
def test_a_damaged_index_is_made_anew(photos: Path, damage: bytes) -> None:
    check(str(photos))
    (place,) = cache.folder("checked").iterdir()
    place.write_bytes(damage)
    seen: list[int] = []
    check(str(photos), progress=lambda done, _: seen.append(done))
    assert seen[-1] == 40
    check(str(photos), progress=lambda done, _: pytest.fail("it was not written again"))


def test_a_pipe_is_named_and_never_opened(photos: Path) -> None:
    os.mkfifo(photos / "cat" / "pipe.jpg")
    dataset = import_folder(photos)
    if "cat/pipe.jpg" not in dataset.ids:
        return  # the import has left it out already
    named = found(check(dataset)[1], "unreadable")
    assert [item for item, _ in named] == ["cat/pipe.jpg"]
    assert "no regular file" in named[0][1]
    assert len(decode(dataset, Preprocess(16))[1]) == 40


def test_a_cache_that_cannot_be_written_does_not_end_a_check(
    photos: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CLFLAB_CACHE", str(tmp_path / "file"))
    assert check(str(photos))[1] == ()


def made(counts: list[int], *, side: int = 28, problems: tuple[Problem, ...] = ()) -> ImageDataset:
    targets = np.repeat(np.arange(len(counts)), counts)
    ids = tuple(map(str, range(len(targets))))
    splits = {"train": np.arange(len(targets))}
    pixels = np.zeros((len(targets), side, side, 1), np.uint8)
    return ImageDataset(
        "d", single_label([f"c{i}" for i in range(len(counts))]), ids, targets, splits, pixels=pixels, problems=problems
    )


@pytest.mark.parametrize(("dataset", "words"), [
    (made([4, 5]), ["9 training images", "too few to trust", "balanced"]),
    (made([600, 700]), ["1,300 small training images", "train a small network from scratch", "balanced"]),
    (made([60, 70], side=100), ["130 training images", "begin with feature extraction"]),
    (made([400, 40], side=100), ["c0 has 10 times as many as c1", "balanced accuracy"]),
    (made([60, 70], problems=(Problem("leakage", "x", "y"),)), ["two splits", "flatter"]),
    (made([60, 70], problems=(Problem("cut-off", "", "y"),)), ["crop cuts off much", "fit pad"]),
    (made([0, 0]), ["nothing to learn from"]),
])  # fmt: skip
def test_advice_is_a_sentence_or_two_of_what_the_counts_suggest(dataset: ImageDataset, words: list[str]) -> None:
    answer = advice(dataset)
    assert all(word in answer for word in words), answer
    assert answer.count(". ") <= 1


@pytest.mark.parametrize(("counts", "words"), [
    ([60, 70, 65], ["130 training images", "65 a label", "labels are about equally common", "mean average precision"]),
    ([130, 13], ["l0 is 10 times as common as l1", "mean average precision", "macro F1"]),
])  # fmt: skip
def test_advice_on_labels_speaks_of_the_measures_of_several_labels(counts: list[int], words: list[str]) -> None:
    targets = np.stack([np.arange(130) < n for n in counts], axis=1).astype(np.uint8)
    task = multi_label([f"l{i}" for i in range(len(counts))])
    dataset = ImageDataset(
        "d",
        task,
        tuple(map(str, range(130))),
        targets,
        {"train": np.arange(130)},
        pixels=np.zeros((130, 100, 100, 1), np.uint8),
    )
    text = advice(dataset)
    assert all(word in text for word in words), text
    assert "accuracy" not in text
    assert "class" not in text
    assert text.count(". ") <= 1


@pytest.mark.parametrize(("counts", "words"), [
    ([60, 70, 65], ["195 training images", "65 a class of the finest level", "accuracy at each level is a fair"]),
    ([100, 90, 10], ["leaf 0 has 10 times as many as leaf 2", "balanced accuracy at each level"]),
])  # fmt: skip
def test_advice_on_a_hierarchy_speaks_of_its_levels(counts: list[int], words: list[str]) -> None:
    finest = np.repeat(np.arange(3), counts)
    levels = Level("kind", ("one", "two")), Level("leaf", ("leaf 0", "leaf 1", "leaf 2"))
    targets = np.stack([finest // 2, finest], axis=1)
    task = hierarchical(levels, [(0, 0), (0, 1), (1, 2)])
    pixels = np.zeros((len(finest), 100, 100, 1), np.uint8)
    splits = {"train": np.arange(len(finest))}
    dataset = ImageDataset("d", task, tuple(map(str, range(len(finest)))), targets, splits, pixels=pixels)
    assert all(word in advice(dataset) for word in words), advice(dataset)
