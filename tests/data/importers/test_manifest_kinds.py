"""Manifests as people write them: other columns, separators and encodings, columns of 0 and 1, files elsewhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.importers.readings import AmbiguousData
from clfcore.errors import InputError

CATS, DOGS = [f"img/{k}.png" for k in range(8)], [f"img/{k}.png" for k in range(8, 16)]
BOTH = [(path, "cat") for path in CATS] + [(path, "dog") for path in DOGS]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """A manifest beside img/0.png to img/15.png (8 cats, then 8 dogs); returns its SPEC."""
    (tmp_path / "img").mkdir()
    for path, _ in BOTH:
        (tmp_path / path).write_bytes(path.encode())

    def make(text: str | bytes, name: str = "all.csv") -> str:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(tmp_path / name)

    return make


def csv(header: str, row: Callable[[str, str, int], str]) -> str:
    return header + "\n" + "".join(row(path, label, k) + "\n" for k, (path, label) in enumerate(BOTH))


def notes(dataset: ImageDataset) -> str:
    return "; ".join(problem.message for problem in dataset.problems if problem.kind == "reading")


@pytest.mark.parametrize(
    "header",
    [
        "filename,class",
        "image,target",
        "file,category",
        "img_path,label_name",
        "Image,Label",
        "FILE_NAME,Class",
        "id,y",
    ],
)
def test_other_names_of_columns_are_mapped_and_noted(write: Callable[..., str], header: str) -> None:
    dataset = open_dataset(write(csv(header, lambda p, c, _: f"{p},{c}")))
    assert dataset.classes == ("cat", "dog")
    assert len(dataset) == 16
    assert f"column {header.split(',')[0]} is read as the path" in notes(dataset) or header.startswith("path")


@pytest.mark.parametrize(("separator", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_separators_and_encodings(write: Callable[..., str], separator: str, word: str, encoding: str) -> None:
    text = csv(f"path{separator}label", lambda p, c, _: f"{p}{separator}{'été' if c == 'cat' else c}")
    dataset = open_dataset(write(text.encode(encoding)))
    assert dataset.classes == ("dog", "été")
    assert word in notes(dataset)


def test_a_spreadsheets_own_line_on_its_separator_is_no_header(write: Callable[..., str]) -> None:
    text = "sep=;\r\n" + csv("path;label", lambda p, c, _: f"{p};{c}")
    assert open_dataset(write(text)).classes == ("cat", "dog")


def test_a_manifest_without_header(write: Callable[..., str]) -> None:
    dataset = open_dataset(write(csv("", lambda p, c, _: f"{p},{c}").lstrip()))
    assert len(dataset) == 16
    assert "no header" in notes(dataset)


def test_absolute_paths_inside_the_folder(write: Callable[..., str], tmp_path: Path) -> None:
    dataset = open_dataset(write(csv("path,label", lambda p, c, _: f"{tmp_path}/{p},{c}")))
    assert dataset.ids[0] == "img/0.png"
    with pytest.raises(InputError, match="leads outside"):
        open_dataset(write(csv("path,label", lambda p, c, _: f"{tmp_path}/../{p},{c}")))


@pytest.mark.parametrize("start", ["", "img/", "data/img/", "C/img/"])
@pytest.mark.parametrize("ending", [".png", "", ".PNG"])
def test_files_are_found_by_name(write: Callable[..., str], start: str, ending: str) -> None:
    dataset = open_dataset(write(csv("id,breed", lambda p, c, k: f"{start}{k}{ending},{c}")))
    assert len(dataset) == 16
    assert dataset.paths[3].name == "3.png"
    assert dataset.task.levels[0].name == "breed"


def test_a_file_of_another_folder_is_never_taken(write: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    text = csv("path,label", lambda p, c, k: f"{p},{c}") + "cat/3.png,cat\n"
    dataset = open_dataset(write(text))
    assert len(dataset) == 16
    assert [problem.item for problem in dataset.problems] == ["cat/3.png"]


@pytest.mark.parametrize("name", ["train.csv", "train_labels.csv"])
def test_of_equal_names_the_folder_of_the_manifest_is_taken(
    write: Callable[..., str], tmp_path: Path, name: str
) -> None:
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        for k in range(16):
            (tmp_path / split / f"{k:05d}.png").write_bytes(f"{split}{k}".encode())
    dataset = open_dataset(write(csv("image_id,label", lambda p, c, k: f"{k:05d},{c}"), name))
    assert {path.parent.name for path in dataset.paths} == {"train"}
    with pytest.raises(AmbiguousData, match="--reading folder=test") as asked:
        open_dataset(write(csv("image_id,label", lambda p, c, k: f"{k:05d},{c}"), "all.csv"))
    assert {open_dataset(choice.spec).paths[0].parent.name for choice in asked.value.choices} == {"train", "test"}


def test_several_columns_with_files_are_asked_about(write: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "right").mkdir()
    for k in range(16):
        (tmp_path / "right" / f"{k}.png").write_bytes(f"right{k}".encode())
    spec = write(csv("image,photo,label", lambda p, c, k: f"{p},right/{k}.png,{c}"))
    with pytest.raises(AmbiguousData, match=r"several columns with files \(image, photo\)") as asked:
        open_dataset(spec)
    assert [open_dataset(c.spec).paths[0].parent.name for c in asked.value.choices] == ["img", "right"]


def test_one_hot_columns_are_one_class_where_each_row_has_one(write: Callable[..., str]) -> None:
    spec = write(csv("path,cat,dog", lambda p, c, _: f"{p},{int(c == 'cat')},{int(c == 'dog')}"))
    dataset = open_dataset(spec)
    assert dataset.task.kind == "single-label"
    assert dataset.classes == ("cat", "dog")
    assert open_dataset(f"multi:{spec}").task.kind == "multi-label"


@pytest.mark.parametrize("values", [("1", "0"), ("1.0", "0.0"), ("True", "False"), ("1", "")])
def test_one_hot_columns_are_labels_where_rows_have_several(write: Callable[..., str], values: tuple[str, str]) -> None:
    yes, no = values
    text = csv(
        "Id,cat,dog,odd",
        lambda p, c, k: f"{p},{(no, yes)[c == 'cat']},{(no, yes)[c == 'dog']},{(no, yes)[k % 2]}",
    )
    dataset = open_dataset(write(text))
    assert dataset.task.kind == "multi-label"
    assert dataset.targets.sum(axis=0).tolist() == [8, 8, 8]
    assert "3 columns of 0 and 1 are read as several labels" in notes(dataset)


def test_one_hot_columns_beside_a_list_of_the_same(write: Callable[..., str]) -> None:
    text = csv("Id,Genre,cat,dog", lambda p, c, k: f"{k},\"['{c}', 'odd']\",{c == 'cat':d},{c == 'dog' or k == 0:d}")
    dataset = open_dataset(write(text))
    assert dataset.task.kind == "multi-label"
    assert dataset.classes == ("cat", "dog")
    assert "nothing is taken from column Genre" in notes(dataset)


def test_one_hot_columns_beside_a_class_are_asked_about(write: Callable[..., str]) -> None:
    text = csv("path,class,young,male", lambda p, c, k: f"{p},{c},{k % 2},{k % 3 == 0:d}")
    with pytest.raises(AmbiguousData) as asked:
        open_dataset(write(text))
    single, several = (open_dataset(choice.spec) for choice in asked.value.choices)
    assert single.classes == ("cat", "dog")
    assert several.classes == ("male", "young")


@pytest.mark.parametrize("cell", [
    '"{0},tiny"', "{0}|tiny", "{0};tiny",
    "\"['{0}', 'tiny']\"", '"[""{0}"", ""tiny""]"', '"[{0}, tiny]"', '"{0}, tiny"',
])  # fmt: skip
def test_labels_are_joined_in_many_ways(write: Callable[..., str], cell: str) -> None:
    dataset = open_dataset(write(csv("path,labels", lambda p, c, _: f"{p},{cell.format(c)}")))
    assert dataset.task.kind == "multi-label"
    assert dataset.classes == ("cat", "dog", "tiny")
    assert dataset.targets.sum() == 32


def test_labels_with_blanks_between(write: Callable[..., str]) -> None:
    words = ["haze", "clear", "road", "water"]
    text = csv("path,tags", lambda p, c, k: f"{p},{' '.join(w for i, w in enumerate(words) if (k + 1) >> i & 1)}")
    dataset = open_dataset(write(text))
    assert dataset.classes == tuple(sorted(words))
    assert "separated by spaces" in notes(dataset)


def test_labels_of_two_words_are_asked_about(write: Callable[..., str]) -> None:
    text = csv("path,labels", lambda p, c, k: f"{p},{('sea lion', 'mountain lion', 'dog')[k % 3]}")
    with pytest.raises(AmbiguousData) as asked:
        open_dataset(write(text))
    assert [len(open_dataset(choice.spec).classes) for choice in asked.value.choices] == [4, 3]


@pytest.mark.parametrize("sign", ["|", ",", ";"])
def test_one_label_that_recombines_is_asked_about(write: Callable[..., str], sign: str) -> None:
    text = csv("path,label", lambda p, c, k: f'{p},"{(c, f"{c}{sign}odd", "odd", f"odd{sign}big", "big")[k % 5]}"')
    with pytest.raises(AmbiguousData) as asked:
        open_dataset(write(text))
    several, single = (open_dataset(choice.spec) for choice in asked.value.choices)
    assert several.classes == ("big", "cat", "dog", "odd")
    assert len(single.classes) > 4


def test_a_name_with_a_comma_is_one_class(write: Callable[..., str]) -> None:
    dataset = open_dataset(write(csv("path,label", lambda p, c, _: f'{p},"{c}, tabby"')))
    assert dataset.classes == ("cat, tabby", "dog, tabby")


def test_a_picture_in_several_rows_is_asked_about(write: Callable[..., str]) -> None:
    text = csv("path,label", lambda p, c, k: f"{p},{c}\n{p},{'odd' if k % 2 else 'big'}")
    with pytest.raises(AmbiguousData) as asked:
        open_dataset(write(text))
    several, first = (open_dataset(choice.spec) for choice in asked.value.choices)
    assert several.targets.sum() == 32
    assert first.classes == ("cat", "dog")


@pytest.mark.parametrize(("header", "values", "sizes"), [
    ("path,label,is_valid", ("True", "False", "False", "False"), (12, 4, 0)),
    ("path,label,is_valid", ("1", "0", "0", "0"), (12, 4, 0)),
    ("path,label,is_test", ("yes", "no", "no", "no"), None),
    ("path,label,Usage", ("Training", "Training", "PublicTest", "PrivateTest"), (8, 4, 4)),
    ("path,label,set", ("training", "training", "dev", "testing"), (8, 4, 4)),
    ("path,label,split", ("Training", "Training", "Dev", "Eval"), (8, 4, 4)),
    ("path,label,partition", ("0", "0", "1", "2"), (8, 4, 4)),
    ("path,label,fold", ("0", "1", "2", "3"), (8, 4, 4)),
])  # fmt: skip
def test_splits_under_other_names(
    write: Callable[..., str], header: str, values: tuple[str, ...], sizes: tuple[int, int, int] | None
) -> None:
    dataset = open_dataset(write(csv(header, lambda p, c, k: f"{p},{c},{values[k % 4]}")))
    assert dataset.task.kind == "single-label"
    if sizes:
        assert tuple(dataset.sizes().values()) == sizes
    else:
        assert dataset.drawn == ("validation",)
        assert dataset.sizes()["test"] == 4
    assert "read as" in notes(dataset)


def test_columns_about_the_picture_are_no_levels(write: Callable[..., str]) -> None:
    text = csv("filename,width,height,class,xmin,ymin", lambda p, c, k: f"{p},{100 + k},{200 - k},{c},{k},{k}")
    dataset = open_dataset(write(text))
    assert dataset.task.kind == "single-label"
    assert "nothing is taken from columns width, height, xmin, ymin" in notes(dataset)


def test_columns_that_are_no_hierarchy_are_asked_about(write: Callable[..., str]) -> None:
    text = csv("path,class,weather", lambda p, c, k: f"{p},{c},{('sun', 'rain', 'fog')[k % 3]}")
    with pytest.raises(AmbiguousData, match=r"--reading label=class .* or --reading label=class\+weather") as asked:
        open_dataset(write(text))
    assert [open_dataset(choice.spec).task.kind for choice in asked.value.choices] == ["single-label", "hierarchical"]


def test_patients_are_groups(write: Callable[..., str]) -> None:
    dataset = open_dataset(write(csv("path,label,patient_id", lambda p, c, k: f"{p},{c},p{k // 4}")))
    assert dataset.groups[0] == "p0"
    assert "column patient_id is read as the group" in notes(dataset)


def test_class_names_that_look_alike(write: Callable[..., str]) -> None:
    spellings = ("é", "e\u0301", "dog", "dog")
    text = csv("path,label", lambda p, c, k: f"{p},{spellings[k % 4]}")
    assert len(open_dataset(write(text)).classes) == 2
    with pytest.raises(AmbiguousData, match="join-case"):
        open_dataset(write(csv("path,label", lambda p, c, k: f"{p},{(c, c.title())[k % 2]}")))


@pytest.mark.parametrize("path", ["a" * 300 + ".png", "img/" * 400 + "0.png", "img\0.png", "\ud800"])
def test_names_that_no_file_has_cost_a_row(write: Callable[..., str], path: str) -> None:
    text = csv("path,label", lambda p, c, _: f"{p},{c}") + f"{path},cat\n"
    data = text.encode("utf-8", "surrogatepass")
    if "\0" in path:
        with pytest.raises(InputError):
            open_dataset(write(data))
    else:
        assert len(open_dataset(write(data))) == 16


def test_a_column_that_is_asked_for_and_absent_is_refused(write: Callable[..., str]) -> None:
    with pytest.raises(InputError, match=r"has no column 'clas' \(did you mean class\?\)"):
        open_dataset(f"label=clas:{write(csv('path,class', lambda p, c, _: f'{p},{c}'))}")


@pytest.mark.parametrize("words", [("yes", "no"), ("Y", "N"), ("TRUE", "FALSE")])
def test_columns_of_yes_and_no_are_labels(write: Callable[..., str], words: tuple[str, str]) -> None:
    dataset = open_dataset(write(csv("path,cat,dog", lambda p, c, _: f"{p},{words[c != 'cat']},{words[c == 'cat']}")))
    assert dataset.task.kind == "single-label"
    assert dataset.classes == ("cat", "dog")
    assert dataset.targets.tolist() == [0] * 8 + [1] * 8


@pytest.mark.parametrize("name", ["is_train", "is_training_image"])
def test_what_a_column_keeps_from_training_is_the_test(write: Callable[..., str], name: str) -> None:
    dataset = open_dataset(write(csv(f"path,label,{name}", lambda p, c, k: f"{p},{c},{int(k % 4 != 0)}")))
    assert dataset.splits["test"].tolist() == [0, 4, 8, 12]
    assert f"column {name} is read as the split: true is train, false is test" in notes(dataset)


def test_a_column_of_the_validation_beside_that_of_training(write: Callable[..., str]) -> None:
    header = "path,label,is_train,is_valid"
    dataset = open_dataset(write(csv(header, lambda p, c, k: f"{p},{c},{int(k % 4 > 1)},{int(k % 4 == 1)}")))
    assert dataset.splits["validation"].tolist() == [1, 5, 9, 13]
    assert dataset.splits["test"].tolist() == [0, 4, 8, 12]


def test_folds_are_read_as_pandas_writes_them(write: Callable[..., str]) -> None:
    dataset = open_dataset(write(csv("path,label,fold", lambda p, c, k: f"{p},{c},{k % 4}.0")))
    assert dataset.splits["test"].tolist() == [3, 7, 11, 15]
    assert dataset.splits["validation"].tolist() == [2, 6, 10, 14]


def test_columns_of_one_value_are_no_levels(write: Callable[..., str]) -> None:
    dataset = open_dataset(write(csv("path,dx,dx_type,sex", lambda p, c, _: f"{p},{c},histo,male")))
    assert dataset.task.kind == "single-label"
    assert dataset.classes == ("cat", "dog")
    assert "nothing is taken from columns dx_type, sex" in notes(dataset)


def test_a_coarsest_level_of_one_class_is_a_level(write: Callable[..., str]) -> None:
    dataset = open_dataset(write(csv("path,kingdom,species", lambda p, c, _: f"{p},animal,{c}")))
    assert dataset.task.kind == "hierarchical"


@pytest.mark.parametrize(("no", "text"), [("-1", "cells of -1 are"), ("0", ""), ("", "")])
def test_minus_one_is_uncertain_beside_another_no_alone(write: Callable[..., str], no: str, text: str) -> None:
    cells = {True: "1", False: no}
    dataset = open_dataset(write(csv("path,a,b", lambda p, c, k: f"{p},{cells[c == 'cat']},{cells[k % 2 == 0]}")))
    assert dataset.task.kind == "multi-label"
    assert text in notes(dataset)
    assert "uncertain" not in notes(dataset)
    unsure = write(csv("path,a,b", lambda p, c, k: f"{p},{cells[c == 'cat']},{(-1, 0, 1)[k % 3]}"), "unsure.csv")
    assert "(uncertain)" in notes(open_dataset(unsure))


def test_tags_with_blanks_between_are_asked_about(write: Callable[..., str]) -> None:
    text = csv("image,tags", lambda p, c, k: f"{p},{c} {'haze' if k % 2 else 'clear'}")
    with pytest.raises(AmbiguousData, match="may separate labels"):
        open_dataset(write(text))


def test_a_manifest_without_a_row_that_can_be_used_names_the_first(write: Callable[..., str]) -> None:
    with pytest.raises(InputError, match=r"no row that can be used: row 2 .* has no class"):
        open_dataset(write(csv("path,label", lambda p, _, __: p)))
