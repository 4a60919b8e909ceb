"""Corrections: decisions by content, apart from the pictures; versions that open wherever a SPEC does."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from clfcore import api
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.library.specs import display_name, path_spec
from clfcore.data.versions import log
from clfcore.data.versions.apply import apply_decisions
from clfcore.data.versions.decisions import Decision, decide_item
from clfcore.data.versions.places import decisions_file, versions_folder
from clfcore.data.versions.versions import dataset_digest, make_version, read_version
from clfcore.errors import InputError

SHAPES = "shapes:count=60,side=12"


@pytest.fixture(scope="module")
def shapes() -> ImageDataset:
    return open_dataset(SHAPES)


def other_class(dataset: ImageDataset, index: int) -> str:
    return next(name for name in dataset.classes if name != dataset.finest_label(index))


def test_a_version_differs_by_its_decisions_alone(shapes: ImageDataset) -> None:
    new = other_class(shapes, 0)
    decisions = [
        decide_item(shapes, shapes.ids[0], "label", label=[new]),
        decide_item(shapes, shapes.ids[1], "drop"),
        decide_item(shapes, shapes.ids[2], "keep"),
    ]
    log.append_step(SHAPES, decisions)
    version = make_version(SHAPES, shapes, log.read_decisions(SHAPES), name="checked")
    opened = open_dataset(f"{SHAPES}@checked")
    assert opened.name == f"{SHAPES}@checked"
    assert opened.label(0) == new
    assert set(shapes.ids) - set(opened.ids) == {shapes.ids[1]}
    assert (version.counts.relabeled, version.counts.dropped, version.counts.kept) == (1, 1, 1)
    assert version.digest == dataset_digest(opened) != version.parent_digest == dataset_digest(shapes)
    for split in shapes.splits:  # nothing else moves
        before = {shapes.ids[i] for i in shapes.splits[split]} - {shapes.ids[1]}
        assert {opened.ids[i] for i in opened.splits[split]} == before
    other_seed = open_dataset(f"{SHAPES}@checked", split_seed=3)
    drawn = open_dataset(SHAPES, split_seed=3)
    assert {other_seed.ids[i] for i in other_seed.splits["test"]} == {drawn.ids[i] for i in drawn.splits["test"]} - {
        shapes.ids[1]
    }


@pytest.mark.parametrize("kind", ["shapes-multi-label", "shapes-hierarchical"])
def test_labels_of_each_task(kind: str) -> None:
    spec = f"{kind}:count=60,side=12"
    dataset = open_dataset(spec)
    if kind == "shapes-multi-label":
        names: tuple[str, ...] = tuple(dataset.classes[i] for i in np.flatnonzero(1 - dataset.targets[0]))
        empty = decide_item(dataset, dataset.ids[1], "label", label=[])
    else:
        place = next(i for i in range(len(dataset)) if dataset.finest_label(i) != dataset.finest_label(0))
        names = tuple(dataset.label(place).split(" / "))
        empty = decide_item(dataset, dataset.ids[1], "label", label=[dataset.finest_label(0)])
        assert len(empty.label) in (0, len(dataset.task.levels))
        with pytest.raises(InputError, match="it must be one of"):
            decide_item(dataset, dataset.ids[2], "label", label=["nonsense", names[-1]])
    made = decide_item(dataset, dataset.ids[0], "label", label=names)
    make_version(spec, dataset, [made, empty], name="v")
    opened = open_dataset(f"{spec}@v")
    assert opened.label(0) == (" / " if kind == "shapes-hierarchical" else "; ").join(names)
    if kind == "shapes-multi-label":
        assert opened.label(1) == "no label"


def test_a_group_is_never_cut_and_goes_where_it_is_learned(shapes: ImageDataset) -> None:
    tested, trained = int(shapes.splits["test"][0]), int(shapes.splits["train"][0])
    decisions = [decide_item(shapes, shapes.ids[i], "group", group="one session") for i in (tested, trained)]
    applied = apply_decisions(shapes, decisions)
    assert applied.moved == (shapes.ids[tested],)
    assert tested in applied.dataset.splits["train"]
    assert applied.dataset.groups is not None
    assert applied.dataset.groups[tested] == applied.dataset.groups[trained] == "one session"
    assert len(set(applied.dataset.groups)) == len(shapes) - 1
    assert dataset_digest(applied.dataset) != dataset_digest(shapes)


def test_of_two_copies_one_is_dropped_and_both_are_relabeled(photos: Path) -> None:
    copy = photos / "cat" / "copy.jpg"
    copy.write_bytes((photos / "cat" / "03.jpg").read_bytes())
    dataset = open_dataset(str(photos))
    dropped = apply_decisions(dataset, [decide_item(dataset, "cat/copy.jpg", "drop")])
    assert dropped.dropped == ("cat/copy.jpg",)
    relabeled = apply_decisions(dataset, [decide_item(dataset, "cat/copy.jpg", "label", label=["dog"])])
    assert relabeled.relabeled == ("cat/03.jpg", "cat/copy.jpg")


def test_decisions_follow_the_picture_and_lapse_with_the_label(photos: Path) -> None:
    spec = str(photos)
    api.decide(spec, "cat/00.jpg", "label", label=["dog"])
    api.decide(spec, "cat/01.jpg", "drop")
    api.correct_dataset(spec, version="v1")
    assert sorted(path.name for path in (photos / "cat").iterdir()) == [f"{i:02}.jpg" for i in range(20)]
    (photos / "cat" / "00.jpg").rename(photos / "cat" / "renamed.jpg")
    opened = open_dataset(f"{spec}@v1")
    assert opened.label(opened.ids.index("cat/renamed.jpg")) == "dog"
    assert not [problem for problem in opened.problems if problem.kind == "lapsed-decision"]
    (photos / "cat" / "renamed.jpg").rename(photos / "dog" / "renamed.jpg")
    (photos / "cat" / "01.jpg").unlink()
    (problem,) = [one for one in open_dataset(f"{spec}@v1").problems if one.kind == "lapsed-decision"]
    assert problem.message.startswith("2 decisions have no effect (")


def test_a_version_of_a_version_and_what_differs(shapes: ImageDataset) -> None:
    first, second = other_class(shapes, 0), other_class(shapes, 5)
    api.decide(SHAPES, shapes.ids[0], "label", label=[first])
    api.correct_dataset(SHAPES, version="v1")
    api.decide(f"{SHAPES}@v1", shapes.ids[5], "label", label=[second])
    api.decide(f"{SHAPES}@v1", shapes.ids[6], "drop")
    api.correct_dataset(f"{SHAPES}@v1", version="v2")
    listed = api.list_versions(SHAPES)
    assert [(version.name, version.parent) for version in listed.versions] == [("v1", None), ("v2", "v1")]
    assert listed.decided == 1
    opened = open_dataset(f"{SHAPES}@v2")
    assert (opened.label(0), opened.label(opened.ids.index(shapes.ids[5]))) == (first, second)
    found = api.diff_datasets(SHAPES, f"{SHAPES}@v2").difference
    assert [(one.item, one.b) for one in found.relabeled] == [(shapes.ids[0], first), (shapes.ids[5], second)]
    assert found.only_a == (shapes.ids[6],)
    assert found.common == len(shapes) - 1
    with pytest.raises(InputError, match="v2 is based on it"):
        api.delete_dataset(f"{SHAPES}@v1")
    api.delete_dataset(f"{SHAPES}@v2")
    api.delete_dataset(f"{SHAPES}@v1")
    with pytest.raises(InputError, match="it has none yet"):
        open_dataset(f"{SHAPES}@v1")


def test_the_last_decision_holds_and_undo_takes_a_whole_step_back(shapes: ImageDataset) -> None:
    a, b = shapes.ids[:2]
    both = log.append_step(SHAPES, [decide_item(shapes, item, "drop") for item in (a, b)])
    log.append_step(SHAPES, [decide_item(shapes, a, "keep")])
    assert {one.item: one.action for one in log.read_decisions(SHAPES)} == {a: "keep", b: "drop"}
    undone = log.undo_step(SHAPES, both.id)
    assert undone is not None
    assert len(undone.decisions) == 2
    assert {one.item: one.action for one in log.read_decisions(SHAPES)} == {a: "keep"}
    assert log.undo_step(SHAPES) is not None
    assert log.undo_step(SHAPES) is None
    assert log.read_decisions(SHAPES) == ()


def test_a_torn_line_costs_itself_alone(shapes: ImageDataset) -> None:
    log.append_step(SHAPES, [decide_item(shapes, shapes.ids[0], "drop")])
    with decisions_file(SHAPES).open("ab") as file:
        file.write(b'{"step": "half')  # a killed process left this
    assert len(log.read_decisions(SHAPES)) == 1
    log.append_step(SHAPES, [decide_item(shapes, shapes.ids[1], "drop")])
    assert len(log.read_decisions(SHAPES)) == 2
    decisions_file(SHAPES).write_text("[]\n")
    with pytest.raises(InputError, match="is damaged"):
        log.read_decisions(SHAPES)
    with pytest.raises(InputError, match="is damaged"):
        log.append_step(SHAPES, [decide_item(shapes, shapes.ids[1], "drop")])


def test_tabs_that_write_at_once_lose_nothing(shapes: ImageDataset) -> None:
    def write(start: int) -> None:
        for i in range(start, start + 8):
            log.append_step(SHAPES, [decide_item(shapes, shapes.ids[i], "drop")])

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 8, 16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.read_decisions(SHAPES)) == 24


def test_a_damaged_version_is_one_line_and_the_others_stay(shapes: ImageDataset) -> None:
    for name in ("good", "bad"):
        make_version(SHAPES, shapes, [decide_item(shapes, shapes.ids[0], "drop")], name=name)
    (versions_folder(SHAPES) / "bad.version.json").write_text('{"format": 1}')
    with pytest.raises(InputError, match="is damaged"):
        open_dataset(f"{SHAPES}@bad")
    assert [version.name for version in api.list_versions(SHAPES).versions] == ["good"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "-x", "x" * 41, "photos.zip", ".hidden", "a\n"])
def test_names_are_never_paths(name: str, shapes: ImageDataset) -> None:
    with pytest.raises(InputError, match="version is"):
        make_version(SHAPES, shapes, [decide_item(shapes, shapes.ids[0], "drop")], name=name)


def test_what_a_version_refuses(shapes: ImageDataset, photos: Path) -> None:
    with pytest.raises(InputError, match="would change nothing"):
        make_version(SHAPES, shapes, [decide_item(shapes, shapes.ids[0], "keep")], name="v1")
    make_version(SHAPES, shapes, [decide_item(shapes, shapes.ids[0], "drop")], name="v1")
    with pytest.raises(InputError, match="has one of that name"):
        make_version(SHAPES, shapes, [decide_item(shapes, shapes.ids[1], "drop")], name="V1")
    with pytest.raises(InputError, match=r"has no version v2; it has v1"):
        open_dataset(f"{SHAPES}@v2")
    dataset = open_dataset(str(photos))
    all_cats = [decide_item(dataset, item, "drop") for item in dataset.ids if item.startswith("cat")]
    with pytest.raises(InputError, match="leave cat without a training picture"):
        make_version(str(photos), dataset, all_cats, name="v1")
    with pytest.raises(InputError, match="there is no such folder"):
        open_dataset("nosuchdata@v1")


def test_a_name_with_an_at_sign_is_a_name(photos: Path) -> None:
    named = photos.with_name("photos@home")
    photos.rename(named)
    assert len(open_dataset(str(named))) == 40
    api.add_dataset(str(named), name="cats@work")
    assert path_spec("cats@work") == str(named)
    api.decide("cats@work", "cat/00.jpg", "drop")
    made = api.correct_dataset("cats@work", version="v1").version
    assert made is not None
    assert path_spec("cats@work@v1") == f"{named}@v1"
    assert display_name(f"{named}@v1") == "cats@work@v1"
    api.rename_dataset("cats@work", "kittens")  # the versions stay with the data
    assert len(open_dataset("kittens@v1")) == 39


def test_decisions_as_files_come_back(shapes: ImageDataset, tmp_path: Path) -> None:
    api.decide(SHAPES, shapes.ids[0], "label", label=[other_class(shapes, 0)], note="=1+1")
    api.decide(SHAPES, shapes.ids[1], "group", group="g")
    api.decide(SHAPES, shapes.ids[2], "doubt")
    kept = log.read_decisions(SHAPES)
    for out in (tmp_path / "d.csv", tmp_path / "d.json"):
        api.list_decisions(SHAPES, out=out)
        while log.undo_step(SHAPES):
            pass
        api.correct_dataset(SHAPES, decisions=out)
        assert _bare(log.read_decisions(SHAPES)) == _bare(kept)
    version = api.correct_dataset(SHAPES, version="v1").version
    assert version is not None
    assert version.manifest.read_text().startswith("item,path,split,group,label,content\n")


def _bare(decisions: tuple[Decision, ...]) -> list[tuple[str, ...]]:
    return sorted((one.item, one.action, *one.label, one.group, one.note) for one in decisions)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item,label\nnope,circle\n", r"decision 1: item is 'nope'"),
        ("item,label\n{item},circel\n", r"decision 1: label is 'circel'"),
        ("label\ncircle\n", r"decision 1: item is missing"),
        (
            "item,action\n{item},delete\n",
            r"action is 'delete': it must be one of keep, label, drop, group, doubt, wrong, note",
        ),
        ("item,action,given\n{item},drop,another\n", "has another label now"),
        ("item,label\n", "holds no decision"),
    ],
)
def test_a_bad_file_keeps_nothing(text: str, message: str, shapes: ImageDataset, tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text(text.format(item=shapes.ids[0]))
    with pytest.raises(InputError, match=message):
        api.correct_dataset(SHAPES, decisions=path)
    (tmp_path / "d.json").write_text(json.dumps({"decisions": 3}))
    with pytest.raises(InputError, match="is no list of decisions"):
        api.correct_dataset(SHAPES, decisions=tmp_path / "d.json")
    assert log.read_decisions(SHAPES) == ()


def test_lineage_is_told(shapes: ImageDataset) -> None:
    tested = int(shapes.splits["test"][0])
    made = decide_item(
        shapes, shapes.ids[tested], "label", label=[other_class(shapes, tested)], source="label suspects"
    )
    make_version(SHAPES, shapes, [made], name="v1")
    version = read_version(f"{SHAPES}@v1")
    assert version.counts.test_relabeled == 1
    assert version.rules == ("label suspects: 1",)
    assert version.parent is None
