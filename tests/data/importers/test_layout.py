"""Layouts of folders: splits in many spellings, folds, levels, names that look alike; what is noted and asked."""

import os
import unicodedata
from pathlib import Path

import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.importers import walk
from clfcore.data.importers.readings import AmbiguousData, with_reading
from clfcore.data.importers.split_names import split_of, splits_of
from clfcore.errors import InputError


def lay(root: Path, counts: dict[str, int]) -> Path:
    for folder, n in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for k in range(n):
            (root / folder / f"{k}.png").write_bytes(f"{folder} {k}".encode())
    return root


def splits(*names: str, inside: str = "") -> dict[str, int]:
    return {f"{name}{inside}/{label}": 4 - k for k, name in enumerate(names) for label in ("cat", "dog")}


def messages(dataset: ImageDataset, kind: str) -> list[str]:
    return [problem.message for problem in dataset.problems if problem.kind == kind]


@pytest.mark.parametrize("names", [
    ("Training", "Testing"), ("seg_train", "seg_test"), ("train_set", "test_set"), ("trainset", "testset"),
    ("training_data", "testing-data"), ("TRAIN", "TEST"), ("TrainImages", "TestImages"), ("train2017", "test2017"),
    ("flowers-train", "flowers-test"), ("Train Data", "Holdout"), ("训练集", "测试集"), ("entrenamiento", "prueba"),
    ("1_train", "2_test"), ("trainval", "test"), ("apprentissage", "test"),
])  # fmt: skip
def test_two_splits_in_many_spellings(tmp_path: Path, names: tuple[str, str]) -> None:
    dataset = open_dataset(str(lay(tmp_path / "d", splits(*names))))
    assert dataset.classes == ("cat", "dog")
    assert dataset.drawn == ("validation",)
    assert {dataset.ids[i].split("/")[0] for i in dataset.splits["test"]} == {names[1]}


@pytest.mark.parametrize("names", [
    ("train", "dev", "test"), ("train", "eval", "test"), ("training", "validation", "evaluation"),
    ("train", "val2017", "test"), ("Train", "Valid", "Test"), ("X_train", "X_valid", "X_test"),
    ("train", "devel", "tst"), ("训练", "验证", "测试"), ("treino", "validação", "teste"),
    ("train", unicodedata.normalize("NFD", "validación"), "test"),
])  # fmt: skip
def test_three_splits_in_many_spellings(tmp_path: Path, names: tuple[str, ...]) -> None:
    dataset = open_dataset(str(lay(tmp_path / "d", splits(*names))))
    assert dataset.classes == ("cat", "dog")
    assert dataset.sizes() == {"train": 8, "validation": 6, "test": 4}
    assert dataset.drawn == ()


def test_unusual_names_are_said_and_usual_ones_are_not(tmp_path: Path) -> None:
    dataset = open_dataset(str(lay(tmp_path / "a", splits("Training", "Testing"))))
    assert messages(dataset, "reading") == ["read as splits: Testing as test, Training as train"]
    assert not open_dataset(str(lay(tmp_path / "b", splits("train", "val", "test")))).problems


@pytest.mark.parametrize("name", ["toy", "test tube", "untrained", "contest", "dogs"])
def test_other_words_are_no_splits(name: str) -> None:
    assert name not in splits_of([name, "cat", "plane"])


def test_a_word_with_two_splits_is_none() -> None:
    assert split_of("train_or_test")[0] is None
    assert split_of("train_val")[0] == "train"


@pytest.mark.parametrize("inside", ["/seg_train", "/images", "/data/pictures"])
def test_a_folder_around_the_classes_of_a_split_is_looked_through(tmp_path: Path, inside: str) -> None:
    root = lay(tmp_path / "d", splits("seg_train", "seg_test", inside=inside) | {"seg_pred/seg_pred": 5})
    dataset = open_dataset(str(root))
    assert dataset.classes == ("cat", "dog")
    assert dataset.sizes()["test"] == 6
    assert messages(dataset, "ignored-folder") == ["seg_pred stands beside train and is left out"]


def test_several_folders_of_one_split_are_put_together(tmp_path: Path) -> None:
    dataset = open_dataset(str(lay(tmp_path / "d", splits("train1", "train2", "test"))))
    assert sum(dataset.sizes().values()) - dataset.sizes()["test"] == 14
    assert "train2 as train" in messages(dataset, "reading")[0]


def test_a_folder_with_splits_beside_samples_is_taken(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", {**splits("train", "val", "test", inside=""), "x": 0})
    lay(tmp_path / "e" / "dataset", splits("train", "val", "test"))
    lay(tmp_path / "e", {"sample_images": 5, "iconic/apple": 2})
    dataset = open_dataset(str(tmp_path / "e"))
    assert dataset.classes == open_dataset(str(root)).classes == ("cat", "dog")
    assert len(messages(dataset, "ignored-folder")) == 2


def test_folds_are_no_classes_and_stay_whole(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", splits(*(f"fold{k}" for k in range(3))))
    dataset = open_dataset(str(root))
    assert dataset.classes == ("cat", "dog")
    for split, fold in (("train", "fold0"), ("validation", "fold1"), ("test", "fold2")):
        assert {dataset.ids[i].split("/")[0] for i in dataset.splits[split]} == {fold}
    assert "fold2 as test" in messages(dataset, "reading")[0]
    pooled = open_dataset(f"pooled:{root}")
    assert pooled.classes == ("cat", "dog")
    assert len(pooled.drawn) == 3


def test_folds_with_splits_of_their_own_are_asked_about(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", {f"fold_{k}/{name}": n for k in (1, 2) for name, n in splits("train", "test").items()})
    with pytest.raises(AmbiguousData, match="2 folds with splits of their own") as asked:
        open_dataset(str(root))
    assert [open_dataset(choice.spec).sizes()["test"] for choice in asked.value.choices] == [6, 6]


def test_splits_inside_each_class(tmp_path: Path) -> None:
    counts = {f"{label}/{split}": n for label in ("cat", "dog") for split, n in (("train", 5), ("test", 2))}
    dataset = open_dataset(str(lay(tmp_path / "d", counts)))
    assert dataset.classes == ("cat", "dog")
    assert dataset.sizes()["test"] == 4


TWO_LEVELS = {"animals/cat": 3, "animals/dog": 3, "vehicles/bus": 3, "vehicles/car": 3}


def test_folders_in_folders_are_asked_about(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", TWO_LEVELS)
    with pytest.raises(AmbiguousData) as asked:
        open_dataset(str(root))
    found = {choice.asks or choice.place.name: choice for choice in asked.value.choices}
    assert set(found) == {"outer", "nested", "inner", "animals", "vehicles"}
    assert "\n" not in str(asked.value)
    assert "--reading nested (2 levels, the finest: 4 classes (bus, car, cat, dog), 12 pictures)" in str(asked.value)
    for choice in found.values():  # each opens as it promised
        dataset = open_dataset(choice.spec)
        assert dataset.classes == choice.classes
        assert len(dataset) == choice.pictures
    assert open_dataset(found["nested"].spec).task.kind == "hierarchical"
    assert open_dataset(found["inner"].spec).task.kind == "single-label"


def test_classes_beside_examples_are_asked_about(tmp_path: Path) -> None:
    root = lay(tmp_path / "signs", {f"Dataset/{k}": 4 for k in range(10)} | {"Examples": 7})
    with pytest.raises(AmbiguousData) as asked:
        open_dataset(str(root))
    (inner,) = (choice for choice in asked.value.choices if choice.place)
    assert open_dataset(inner.spec).classes == tuple("0123456789")
    assert open_dataset(f"outer:{root}").classes == ("Dataset", "Examples")


def test_levels_below_splits_are_asked_about(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", {f"{split}/{name}": n for split in ("train", "test") for name, n in TWO_LEVELS.items()})
    with pytest.raises(AmbiguousData, match="--reading nested"):
        open_dataset(str(root))
    dataset = open_dataset(f"nested:{root}")
    assert dataset.task.levels[0].classes == ("animals", "vehicles")
    assert dataset.sizes()["test"] == 12


def test_one_class_in_sessions_among_many_is_no_level(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", {**{f"c{k}": 3 for k in range(6)}, "c6/monday": 2, "c6/tuesday": 2})
    assert len(open_dataset(str(root)).classes) == 7


@pytest.mark.parametrize("bare", ["val/images", "val", "val/unknown"])
def test_a_validation_without_classes_is_asked_about(tmp_path: Path, bare: str) -> None:
    root = lay(tmp_path / "d", {**splits("train"), bare: 4})
    with pytest.raises(AmbiguousData, match=r"val \(4 pictures\) has no class folders as train has \(cat, dog\)"):
        open_dataset(str(root))
    dataset = open_dataset(f"labeled-only:{root}")
    assert len(dataset) == 8
    assert len(dataset.drawn) == 3
    assert messages(dataset, "ignored-folder") == ["val has no class folders as train has: it is left out"]


def test_a_test_without_classes_leaves_validation_as_it_is(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", {**splits("train", "val"), "test/images": 4})
    with pytest.raises(AmbiguousData, match=r"test \(4 pictures\)"):
        open_dataset(str(root))
    assert open_dataset(f"labeled-only:{root}").sizes() == {"train": 8, "validation": 6, "test": 0}


def test_names_that_look_alike_are_one_class(tmp_path: Path) -> None:
    composed = unicodedata.normalize("NFC", "café")
    lay(tmp_path / "d", {f"train/{composed}": 3, "train/tea": 3, "train/tea ": 2})
    lay(tmp_path / "d", {f"test/{unicodedata.normalize('NFD', composed)}": 2, "test/\u200btea": 2})
    dataset = open_dataset(str(tmp_path / "d"))
    assert dataset.classes == (composed, "tea")
    assert dataset.counts().tolist() == [5, 7]
    assert len(messages(dataset, "joined-class")) == 2


def test_upper_and_lower_case_are_asked_about(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", {"train/Cat": 4, "train/Dog": 4, "val/cat": 2, "val/dog": 2})
    with pytest.raises(AmbiguousData, match="Cat and cat, Dog and dog") as asked:
        open_dataset(str(root))
    joined, kept = (open_dataset(choice.spec) for choice in asked.value.choices)
    assert joined.classes == ("Cat", "Dog")
    assert joined.sizes() == {"train": 8, "validation": 4, "test": 0}
    assert len(messages(joined, "joined-class")) == 2
    assert kept.classes == ("Cat", "Dog", "cat", "dog")


def test_two_questions_are_answered_one_after_the_other(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", {"a/Cat": 4, "a/dog": 4, "b/cat": 2, "b/Dog": 2})
    with pytest.raises(AmbiguousData) as first:
        open_dataset(str(root))
    inner = next(choice for choice in first.value.choices if choice.asks == "inner")
    with pytest.raises(AmbiguousData) as second:
        open_dataset(inner.spec)
    assert second.value.choices[0].spec == f"inner,join-case:{root}"
    assert len(open_dataset(second.value.choices[0].spec).classes) == 2


@pytest.mark.parametrize(
    "name", ["@eaDir", ".thumbnails", "__MACOSX", ".ipynb_checkpoints", "$RECYCLE.BIN", "#recycle", "lost+found"]
)
def test_what_systems_leave_is_no_class_and_said_once(tmp_path: Path, name: str) -> None:
    root = lay(tmp_path / "d", {"cat": 3, "dog": 3, name: 3, f"cat/{name}": 3, f"dog/{name}/deeper": 3})
    dataset = open_dataset(str(root))
    assert dataset.classes == ("cat", "dog")
    assert len(dataset) == 6
    (problem,) = dataset.problems
    assert problem.kind == "hidden"
    assert "and 2 more of that name" in problem.message


def test_pipes_and_links_that_lead_nowhere_are_left_out_by_name(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", {"cat": 3, "dog": 3})
    os.mkfifo(root / "cat" / "pipe.jpg")
    (root / "cat" / "self.jpg").symlink_to("self.jpg")
    (root / "cat" / "zero.jpg").symlink_to("/dev/zero")
    (root / "dog" / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    (root / "all").symlink_to(root)
    (root / "dog2").symlink_to("dog")
    (root / "loop").symlink_to("loop")
    dataset = open_dataset(str(root))
    assert dataset.classes == ("cat", "dog")
    assert len(dataset) == 6
    found = {(problem.kind, problem.item) for problem in dataset.problems}
    assert found == {
        ("special-file", "cat/pipe.jpg"),
        ("special-file", "cat/zero.jpg"),
        *(("link", item) for item in ("cat/self.jpg", "dog/gone.jpg", "all", "dog2", "loop")),
    }


def test_links_to_class_folders_elsewhere_are_followed(tmp_path: Path) -> None:
    lay(tmp_path / "store", {"cat": 3, "dog": 3})
    (tmp_path / "d" / "train").mkdir(parents=True)
    for name in ("cat", "dog"):
        (tmp_path / "d" / "train" / name).symlink_to(tmp_path / "store" / name)
    assert len(open_dataset(str(tmp_path / "d"))) == 6


def test_hundreds_of_nested_folders_are_left_out_past_a_depth(tmp_path: Path) -> None:
    root = lay(tmp_path / "d", {"cat": 3, "dog": 3})
    deep = os.open(root / "cat", os.O_RDONLY)
    for _ in range(400):
        os.mkdir("a", dir_fd=deep)
        inner = os.open("a", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = inner
    os.close(deep)
    (problem,) = open_dataset(str(root)).problems
    assert problem.kind == "too-deep"
    assert problem.message.endswith("is more than 32 folders deep: it is left out")


def test_a_huge_tree_is_refused_while_it_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = lay(tmp_path / "d", {"cat": 30, "dog": 30})
    monkeypatch.setattr(walk, "MOST_ENTRIES", 20)
    with pytest.raises(InputError, match="holds more than 20 files and folders: name the folder"):
        open_dataset(str(root))


def test_a_slow_tree_is_refused_while_it_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = lay(tmp_path / "d", {"cat": 300, "dog": 300})
    monkeypatch.setattr(walk, "MOST_SECONDS", -1.0)
    with pytest.raises(InputError, match="to list"):
        open_dataset(str(root))


def test_a_folder_named_as_a_catalogue_set_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path / "digits", {"cat": 3, "dog": 3})
    monkeypatch.chdir(tmp_path)
    dataset = open_dataset("digits")
    assert len(dataset) == 1797
    assert messages(dataset, "reading")[0].endswith("was not read: write ./digits for that")
    assert open_dataset("./digits").classes == ("cat", "dog")


@pytest.mark.parametrize(("text", "words"), [
    ("nestd", r"did you mean nested"), ("outer,inner", "inner and outer exclude one another"),
    ("path=", "reading is 'path='"),
])  # fmt: skip
def test_readings_that_are_none_are_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        with_reading("photos", text)


def test_a_reading_stands_in_the_spec() -> None:
    assert with_reading("photos", "nested") == "nested:photos"
    assert with_reading("outer:photos", "nested,join-case") == "nested,join-case:photos"
    assert with_reading("photos", None) == "photos"


def test_classes_below_a_folder_in_each_domain_are_asked_about(tmp_path: Path) -> None:
    domains = ("amazon", "dslr", "webcam")
    root = lay(tmp_path, {f"{domain}/images/{name}": 4 for domain in domains for name in ("mug", "pen")})
    with pytest.raises(AmbiguousData) as asked:
        open_dataset(str(root))
    assert ("mug", "pen") in [choice.classes for choice in asked.value.choices]


def test_one_folder_inside_each_class_is_looked_through(tmp_path: Path) -> None:
    root = lay(tmp_path, {"a/images": 5, "b/images": 5})
    assert open_dataset(str(root)).task.classes == ("a", "b")


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (("train_cat", "train_dog", "test_cat", "test_dog"), ("cat", "dog")),
        (("Cat-train", "Dog-train", "Cat-val", "Dog-val"), ("Cat", "Dog")),
        (("trainA", "trainB", "testA", "testB"), ("A", "B")),
        (("train red cat", "train dog2", "test red cat"), ("dog2", "red cat")),
    ],
)
def test_split_and_class_in_one_name(tmp_path: Path, names: tuple[str, ...], classes: tuple[str, ...]) -> None:
    root = lay(tmp_path, dict.fromkeys(names, 4))
    dataset = open_dataset(str(root))
    assert dataset.task.classes == classes
    split = "validation" if "Cat-val" in names else "test"
    held = {dataset.ids[i].split("/")[0] for i in dataset.splits[split]}
    assert held == {name for name in names if "train" not in name.lower()}
    assert "split and class in one name" in messages(dataset, "reading")[0]
    assert open_dataset(with_reading(str(root), "outer")).task.classes == tuple(sorted(names))


@pytest.mark.parametrize("names", [("train", "plane"), ("steam train", "bus", "toy train"), ("train_cat", "dog")])
def test_a_class_with_train_in_its_name_is_no_split(tmp_path: Path, names: tuple[str, ...]) -> None:
    root = lay(tmp_path, dict.fromkeys(names, 4))
    assert open_dataset(str(root)).task.classes == tuple(sorted(names))
