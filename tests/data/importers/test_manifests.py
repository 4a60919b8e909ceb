"""CSV manifests of the three tasks, their splits and groups, and what is refused of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clfcore.data.importers.manifests import import_csv
from clfcore.data.importers.readings import parse_reading
from clfcore.errors import InputError


@pytest.fixture
def write(photos: Path) -> Callable[[str], Path]:
    """A manifest beside the photos (cat/00.jpg to dog/19.jpg)."""

    def make(text: str, *, encoding: str = "utf-8") -> Path:
        path = photos / "all.csv"
        path.write_text(text, encoding=encoding)
        return path

    return make


def rows(*, cats: int = 10, dogs: int = 10, **columns: Callable[[str, int], str]) -> str:
    lines = [",".join(["path", *columns])]
    for name, count in (("cat", cats), ("dog", dogs)):
        for i in range(count):
            lines.append(",".join([f"{name}/{i:02d}.jpg", *(make(name, i) for make in columns.values())]))
    return "\n".join(lines) + "\n"


def test_single_label(write: Callable[..., Path], photos: Path) -> None:
    dataset = import_csv(write(rows(label=lambda name, _: name)))
    assert dataset.name == "all"
    assert dataset.task.kind == "single-label"
    assert dataset.classes == ("cat", "dog")
    assert dataset.ids[0] == "cat/00.jpg"
    assert dataset.paths[0] == photos / "cat/00.jpg"
    assert dataset.sizes() == {"train": 14, "validation": 3, "test": 3} or sum(dataset.sizes().values()) == 20
    assert dataset.problems == ()


def test_multi_label_joined_by_semicolons_and_maybe_empty(write: Callable[..., Path]) -> None:
    text = "path,labels\ncat/00.jpg,indoor; furry\ncat/01.jpg,\ncat/02.jpg,furry;furry\ndog/00.jpg,outdoor\n"
    dataset = import_csv(write(text))
    assert dataset.task.kind == "multi-label"
    assert dataset.classes == ("furry", "indoor", "outdoor")
    assert dataset.targets.tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert dataset.targets.dtype.name == "uint8"


def test_hierarchical_has_a_column_a_level_in_order(write: Callable[..., Path]) -> None:
    text = rows(
        Kind=lambda *_: "animal",
        split=lambda _, i: "val" if i % 5 == 0 else "train",
        name=lambda name, i: f"{name}{i % 2}",
    )
    dataset = import_csv(write(text))
    assert dataset.task.kind == "hierarchical"
    assert [level.name for level in dataset.task.levels] == ["Kind", "name"]
    assert dataset.classes == ("cat0", "cat1", "dog0", "dog1")
    assert dataset.label(0) == "animal / cat0"
    assert dataset.targets.shape == (20, 2)
    assert dataset.sizes() == {"train": 16, "validation": 4, "test": 0}


def test_one_other_column_is_a_single_label_of_that_name(write: Callable[..., Path]) -> None:
    dataset = import_csv(write(rows(species=lambda name, _: name)))
    assert dataset.task.kind == "single-label"
    assert dataset.task.levels[0].name == "species"


def test_given_splits_are_kept_whatever_their_spelling(write: Callable[..., Path]) -> None:
    names = ["train", "Train", "valid", "VAL", "validation", "test"]
    dataset = import_csv(write(rows(label=lambda name, _: name, split=lambda _, i: names[i % 6], cats=12, dogs=12)))
    assert dataset.drawn == ()
    assert dataset.sizes() == {"train": 8, "validation": 12, "test": 4}


def test_an_empty_split_column_is_none(write: Callable[..., Path]) -> None:
    assert len(import_csv(write(rows(label=lambda name, _: name, split=lambda *_: ""))).drawn) == 3


def test_groups_never_stand_in_two_drawn_splits(write: Callable[..., Path]) -> None:
    dataset = import_csv(
        write(rows(label=lambda name, _: name, group=lambda name, i: f"{name}{i // 3}", cats=20, dogs=20))
    )
    where = [{dataset.groups[i] for i in dataset.splits[split]} for split in ("train", "validation", "test")]
    assert all(where)
    assert not where[0] & where[1]
    assert not where[0] & where[2]
    assert not where[1] & where[2]


def test_spreadsheets_write_a_mark_quotes_and_backslashes(write: Callable[..., Path]) -> None:
    cats = '"cat\\00.jpg","cat, tabby"\r\n./cat/01.jpg,"cat, tabby",\r\n'
    text = f"Path,Label\r\n{cats} dog/00.jpg , dog \r\ndog/../dog/01.jpg,dog\r\n\r\n"
    dataset = import_csv(write(text, encoding="utf-8-sig"))
    assert dataset.ids == ("cat/00.jpg", "cat/01.jpg", "dog/00.jpg", "dog/01.jpg")
    assert dataset.classes == ("cat, tabby", "dog")


def test_rows_that_cannot_be_used_are_left_out_and_named(write: Callable[..., Path]) -> None:
    cats = "cat/00.jpg,cat\ncat/99.jpg,cat\ncat/01.jpg,\n,cat\ncat/00.jpg,cat\ncat/00.jpg,dog\n"
    text = f"path,label\n{cats}a,b,c,d\ndog/00.jpg,dog\ndog/01.jpg,dog\n"
    dataset = import_csv(write(text))
    assert dataset.ids == ("cat/00.jpg", "dog/00.jpg", "dog/01.jpg")
    assert [(problem.kind, problem.item, problem.message) for problem in dataset.problems] == [
        ("no-class", "cat/01.jpg", "row 4 (cat/01.jpg) has no class: it is left out"),
        ("no-class", "row 5", "row 5 (no path) has no path: it is left out"),
        ("repeated", "cat/00.jpg", "row 6 names cat/00.jpg again: the first row is kept"),
        ("repeated", "cat/00.jpg", "row 7 names cat/00.jpg again, with another class: the first row is kept"),
        ("bad-row", "row 8", "row 8 has 4 cells for 2 columns (an unquoted comma?): it is left out"),
        ("missing", "cat/99.jpg", "row 3: cat/99.jpg does not exist: it is left out"),
    ]


def test_a_class_below_two_parents_is_said_and_kept_apart(write: Callable[..., Path]) -> None:
    text = "path,kind,name\ncat/00.jpg,animal,other\ndog/00.jpg,plant,other\ndog/01.jpg,plant,oak\n"
    dataset = import_csv(write(text))
    (problem,) = dataset.problems
    assert (problem.kind, problem.item) == ("two-parents", "other")
    assert problem.message == "name other stands below kind animal and plant: it is kept apart as animal / other"
    assert dataset.classes == ("animal / other", "oak", "plant / other")
    assert dataset.task.paths == ((0, 0), (1, 1), (1, 2))


@pytest.mark.parametrize("name", ["../../etc", "<b>bold</b>", "🐈", "a/b\\c", "'; drop table"])
def test_class_names_are_plain_names_and_never_paths(write: Callable[..., Path], name: str) -> None:
    dataset = import_csv(write(f'path,label\ncat/00.jpg,"{name}"\ndog/00.jpg,dog\ndog/01.jpg,dog\n'))
    assert name in dataset.classes


@pytest.mark.parametrize("path", ["../x.jpg", "cat/../../x.jpg", "/etc/passwd", "C:\\x.jpg", "..\\x.jpg", "cat/../.."])
def test_paths_outside_the_folder_are_refused(write: Callable[..., Path], path: str) -> None:
    with pytest.raises(InputError, match=r"row 3: path is .* which leads outside the manifest's folder"):
        import_csv(write(f"path,label\ncat/00.jpg,cat\n{path},dog\n"))


@pytest.mark.parametrize(("text", "words"), [
    ("file,label\na.jpg,cat\n", r"has no column path \(it has file, label\): add one"),
    ("", r"has no column path \(it has none\)"),
    ("path,split,group\ncat/00.jpg,train,a\n", "has no column label, labels or one a level"),
    ("path,label,labels\ncat/00.jpg,cat,cat\n", "has both label and labels"),
    ("path,label,label\ncat/00.jpg,cat,cat\n", "has two columns label"),
    ("path,label,split\ncat/00.jpg,cat,later\n", r"row 2: split is 'later': it must be train, valid.* or test"),
    ("path,label,split\ncat/00.jpg,cat,trian\n", r"did you mean train"),
    ("path,label,split\ncat/00.jpg,cat,train\ndog/00.jpg,dog,\n", "row 3: split is ''"),
    ("path,label\nnone.jpg,cat\n", "names no picture that is there"),
    ("path,label\n", "names no picture that is there"),
    ("path,label\ncat/00.jpg,cat\ncat/01.jpg,cat\n", "has one class, 'cat'"),
    ("path,labels\ncat/00.jpg,\ncat/01.jpg,\n", "has no class"),
    ("path,label\n\"cat/00.jpg,cat\n", "is no valid CSV"),
])  # fmt: skip
def test_what_is_refused(write: Callable[..., Path], text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        import_csv(write(text))
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_no_text_is_refused(photos: Path) -> None:
    (photos / "bad.csv").write_bytes(b"path,label\n\xff\xfe\x00,cat\n")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        import_csv(photos / "bad.csv")


@pytest.mark.parametrize(
    "column", ["subject", "subject_id", "patient", "patient_id", "Patient ID", "participant", "case_id"]
)
def test_people_are_groups_that_a_drawn_split_never_cuts(write: Callable[..., Path], column: str) -> None:
    dataset = import_csv(write(rows(label=lambda name, _: name, **{column: lambda name, i: f"{name} {i // 3}"})))
    assert dataset.classes == ("cat", "dog")
    assert dataset.groups is not None
    sides = [{dataset.groups[i] for i in chosen} for chosen in dataset.splits.values()]
    assert sum(map(len, sides)) == len(set().union(*sides)) == 8
    assert [problem.message for problem in dataset.problems] == [f"column {column} is read as the group"]


@pytest.mark.parametrize("column", ["subject", "patient", "participant"])
def test_a_lone_column_of_people_is_the_class(write: Callable[..., Path], column: str) -> None:
    dataset = import_csv(write(rows(**{column: lambda name, _: name})))
    assert dataset.classes == ("cat", "dog")
    assert dataset.groups is None


@pytest.mark.parametrize(("column", "spec"), [("labels", ""), ("tags", ""), ("label", "multi")])
@pytest.mark.parametrize(("sign", "name"), [(",", "commas"), ("|", "bars"), (";", "semicolons")])
def test_labels_that_are_split_are_noted(
    write: Callable[..., Path], column: str, spec: str, sign: str, name: str
) -> None:
    manifest = write(rows(**{column: lambda name, i: f'"{name}{sign}{"sea" if i % 2 else "sky"}"'}))
    dataset = import_csv(manifest, reading=parse_reading(spec))
    assert dataset.classes == ("cat", "dog", "sea", "sky")
    notes = [problem.message for problem in dataset.problems if problem.kind == "reading"]
    documented = column == "labels" and sign == ";"
    assert notes == ([] if documented else [f"labels in column {column} are separated by {name}"])
