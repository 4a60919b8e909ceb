"""Folders of class folders: what is taken, what is left out and said, what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.importers.folders import import_folder
from clfcore.data.importers.readings import AmbiguousData
from clfcore.data.importers.walk import LISTED
from clfcore.errors import InputError


def kinds(problems: tuple) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(problem.kind, []).append(problem.item)
    return found


def test_class_folders_become_sorted_classes_and_drawn_splits(photos: Path) -> None:
    dataset = import_folder(photos)
    assert dataset.name == "photos"
    assert dataset.classes == ("cat", "dog")
    assert dataset.ids[:2] == ("cat/00.jpg", "cat/01.jpg")
    assert dataset.paths[0] == photos / "cat" / "00.jpg"
    assert dataset.counts().tolist() == [20, 20]
    assert dataset.sizes() == {"train": 28, "validation": 6, "test": 6}
    assert dataset.drawn == ("train", "validation", "test")
    assert dataset.problems == ()
    assert dataset.side() == 30


def test_another_split_seed_draws_another_split(photos: Path) -> None:
    a, b = import_folder(photos, split_seed=0), import_folder(photos, split_seed=1)
    assert a.ids == b.ids
    assert a.splits["test"].tolist() != b.splits["test"].tolist()


@pytest.mark.parametrize("middle", ["validation", "val", "valid", "Val"])
def test_given_splits_are_kept(tmp_path: Path, make_tree: Callable[..., Path], middle: str) -> None:
    counts = {f"{split}/{name}": n for split, n in (("train", 5), (middle, 3), ("test", 2)) for name in ("a", "b")}
    dataset = import_folder(make_tree(tmp_path / "d", counts))
    assert dataset.drawn == ()
    assert dataset.sizes() == {"train": 10, "validation": 6, "test": 4}
    assert all(dataset.ids[i].startswith("test/") for i in dataset.splits["test"])


def test_with_train_and_test_validation_is_drawn_from_train(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    dataset = import_folder(make_tree(tmp_path / "d", {"train/a": 20, "train/b": 20, "test/a": 3, "test/b": 3}))
    assert dataset.drawn == ("validation",)
    assert dataset.sizes() == {"train": 32, "validation": 8, "test": 6}
    assert all(dataset.ids[i].startswith("train/") for i in dataset.splits["validation"])


def test_with_train_and_validation_there_is_no_test(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    dataset = import_folder(make_tree(tmp_path / "d", {"train/a": 5, "train/b": 5, "val/a": 3, "val/b": 3}))
    assert dataset.sizes() == {"train": 10, "validation": 6, "test": 0}


def test_a_folder_named_train_among_classes_is_a_class(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    dataset = import_folder(make_tree(tmp_path / "d", {"car": 5, "train": 5, "plane": 5}))
    assert dataset.classes == ("car", "plane", "train")
    with pytest.raises(AmbiguousData, match="test and train are names of splits, and no class folders are in them"):
        import_folder(make_tree(tmp_path / "e", {"test": 5, "train": 5}))
    assert open_dataset(f"outer:{tmp_path / 'e'}").classes == ("test", "train")


def test_splits_without_train_are_refused(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="the data has validation and test but no train split"):
        import_folder(make_tree(tmp_path / "d", {"val/a": 2, "val/b": 2, "test/a": 2, "test/b": 2}))


def test_pictures_deeper_in_a_class_folder_belong_to_it(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    dataset = import_folder(make_tree(tmp_path / "d", {"a/2023/may": 3, "a": 2, "b": 4}))
    assert dataset.counts().tolist() == [5, 4]
    assert "a/2023/may/00.jpg" in dataset.ids


def test_one_folder_around_all_is_looked_through(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    make_tree(tmp_path / "d" / "archive" / "images", {"a": 3, "b": 3})
    (tmp_path / "d" / "__MACOSX").mkdir()
    dataset = import_folder(tmp_path / "d")
    assert dataset.name == "d"
    assert dataset.classes == ("a", "b")
    assert dataset.ids[0] == "a/00.jpg"


def test_what_is_left_out_is_said(photos: Path, make_picture: Callable[..., bytes]) -> None:
    (photos / ".DS_Store").write_bytes(b"x")
    (photos / "cat" / "Thumbs.db").write_bytes(b"x")
    (photos / "cat" / "._00.jpg").write_bytes(b"x")
    (photos / "__MACOSX" / "cat").mkdir(parents=True)
    (photos / "dog" / ".hidden").mkdir()
    (photos / "dog" / "notes.txt").write_text("x")
    (photos / "README").write_text("x")
    (photos / "loose.PNG").write_bytes(make_picture(9, kind="PNG"))
    (photos / "empty").mkdir()
    (photos / "nothing" / "here").mkdir(parents=True)
    dataset = import_folder(photos)
    assert dataset.classes == ("cat", "dog")
    assert len(dataset) == 40
    assert kinds(dataset.problems) == {
        "hidden": [".DS_Store", "__MACOSX", "cat/._00.jpg", "cat/Thumbs.db", "dog/.hidden"],
        "not-an-image": ["README", "dog/notes.txt"],
        "empty-class": ["empty", "nothing"],
        "loose-image": ["loose.PNG"],
    }


def test_a_folder_beside_train_is_said(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    root = make_tree(tmp_path / "d", {"train/a": 5, "train/b": 5, "extra/a": 2})
    (root / "labels.txt").write_text("x")
    found = kinds(import_folder(root).problems)
    assert found == {"ignored-folder": ["extra"], "not-an-image": ["labels.txt"]}


def test_long_lists_are_cut_and_counted(photos: Path) -> None:
    for i in range(LISTED + 7):
        (photos / "cat" / f"{i}.xml").write_text("x")
    predictions = [problem for problem in import_folder(photos).problems if problem.kind == "not-an-image"]
    assert len(predictions) == LISTED + 1
    assert predictions[-1].message == "7 more of this kind are not listed"


def test_links_to_folders_inside_a_class_are_not_followed(photos: Path) -> None:
    (photos / "cat" / "loop").symlink_to(photos)
    dataset = import_folder(photos)
    assert len(dataset) == 40
    assert kinds(dataset.problems) == {"link": ["cat/loop"]}


@pytest.mark.parametrize(
    "name", ["<script>alert(1)<script>", "chats 🐱 & chiens", "a%2f..", "a;b", "'quoted' \"x\"", "-rf"]
)
def test_class_names_are_plain_names(tmp_path: Path, make_tree: Callable[..., Path], name: str) -> None:
    dataset = import_folder(make_tree(tmp_path / "d", {name: 3, "other": 3}))
    assert name in dataset.classes
    assert f"{name}/00.jpg" in dataset.ids


def test_names_that_are_no_utf8_can_be_printed_and_stored(tmp_path: Path, make_picture: Callable[..., bytes]) -> None:
    import os

    for folder in (b"caf\xe9", b"caf\xe8", b"tea"):
        place = os.fsencode(tmp_path) + b"/d/" + folder
        Path(os.fsdecode(place)).mkdir(parents=True)
        Path(os.fsdecode(place + b"/\xff.jpg")).write_bytes(make_picture(folder[-1]))
    dataset = import_folder(tmp_path / "d")
    assert dataset.classes == ("caf\N{REPLACEMENT CHARACTER}", "caf\N{REPLACEMENT CHARACTER} (2)", "tea")
    assert len({name.encode("utf-8") for name in dataset.ids}) == 3
    assert all(path.exists() for path in dataset.paths)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no such folder, \.zip or \.csv"):
        open_dataset(str(tmp_path / "none"))


@pytest.mark.parametrize("inside", [(), ("a", "b"), ("a/notes.txt",)])
def test_a_folder_without_pictures_is_refused(tmp_path: Path, inside: tuple[str, ...]) -> None:
    root = tmp_path / "d"
    root.mkdir()
    for name in inside:
        if name.endswith(".txt"):
            (root / name).parent.mkdir()
            (root / name).write_text("x")
        else:
            (root / name).mkdir()
    with pytest.raises(InputError, match="holds no pictures in class folders: put JPEG"):
        import_folder(root)


def test_pictures_without_class_folders_are_refused(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="holds no pictures in class folders"):
        import_folder(make_tree(tmp_path, {"d": 4}) / "d")


def test_one_class_is_refused(tmp_path: Path, make_tree: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="has one class, 'cat': a classifier needs at least two"):
        import_folder(make_tree(tmp_path / "d", {"cat": 5}))


def test_importing_decodes_nothing(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a picture was opened"))
    import_folder(photos)
