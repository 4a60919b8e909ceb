"""Photos added to a version: labeled ones alone, in training alone, as copies that outlive the inbox."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import api
from clfcore.cli.main import main
from clfcore.data.catalogue import open_dataset
from clfcore.data.splits import keep_splits
from clfcore.data.versions.added import labeled_photos
from clfcore.data.versions.decisions import Decision, decide_item
from clfcore.data.versions.log import append_step, read_decisions
from clfcore.data.versions.versions import make_version
from clfcore.errors import InputError
from clfcore.serving.inbox_photos import InboxPhotos, open_inbox


def answer(label: str, probability: float, **more: object) -> str:
    prediction = {"image": "a", "top": [{"label": label, "probability": probability}], **more}
    return json.dumps({"model": "a run", "reasons": ["unsure"], "prediction": prediction})


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Five photos: three with the model's answer, one with a damaged file, one with none."""
    folder = tmp_path / "odd"
    folder.mkdir()
    for number, name in enumerate("abcde"):
        Image.new("RGB", (24, 24), (number * 40, 10, 90)).save(folder / f"{name}.png")
    for name, probability in (("a", 0.45), ("b", 0.2)):
        (folder / f"{name}.json").write_text(answer("cat", probability))
    (folder / "c.json").write_text(answer("zebra", 0.4))
    (folder / "d.json").write_text("{" * 99)
    return folder


@pytest.fixture
def opened(photos: Path, inbox: Path) -> InboxPhotos:
    return open_inbox(inbox, open_dataset(str(photos)).task)


def label(opened: InboxPhotos, **labels: str) -> None:
    decisions = [decide_item(opened.photos, f"{item}.png", "label", label=[name]) for item, name in labels.items()]
    append_step(opened.spec, decisions)


def test_the_queue_begins_with_what_the_model_was_least_sure_of(opened: InboxPhotos) -> None:
    items = {item.item: item for item in opened.queue.items}
    assert [item for item in items if opened.answers[item].probability] == ["b.png", "c.png", "a.png"]
    assert (items["a.png"].suggested, items["c.png"].suggested, items["d.png"].suggested) == (("cat",), (), ())
    assert items["a.png"].reason == "the model was unsure: 45% by a run"
    assert opened.photos.label(0) == "not labeled"
    assert not opened.photos.splits


def test_only_labeled_photos_join_and_only_in_training(photos: Path, inbox: Path, opened: InboxPhotos) -> None:
    spec = str(photos)
    before = open_dataset(spec)
    label(opened, a="dog", b="cat")
    append_step(opened.spec, [decide_item(opened.photos, "c.png", "drop")])
    made = api.label_inbox(spec, inbox, version="more")
    assert (made.labeled, made.left, made.known) == (2, 2, 0)
    assert made.version is not None
    assert made.version.counts.added == 2
    shutil.rmtree(inbox)  # the version has copies
    after = open_dataset(f"{spec}@more")
    assert set(after.ids) - set(before.ids) == {"added/a.png", "added/b.png"} == after.added
    trained = {after.ids[i] for i in after.splits["train"]}
    assert trained == {before.ids[i] for i in before.splits["train"]} | after.added
    for split in ("validation", "test"):
        assert [after.ids[i] for i in after.splits[split]] == [before.ids[i] for i in before.splits[split]]
    assert after.label(after.ids.index("added/a.png")) == "dog"
    assert after.image(after.ids.index("added/b.png")).shape == (24, 24, 3)
    known = dict.fromkeys(before.contents, "test")
    continued = keep_splits(after, known, seed=0)
    assert after.added <= {after.ids[i] for i in continued.splits["train"]}
    folder = made.version.manifest.with_name("more-photos")
    assert len(list(folder.iterdir())) == 2
    api.delete_dataset(f"{spec}@more")
    assert not folder.exists()


def test_what_the_data_has_already_is_not_added_again(photos: Path, inbox: Path, opened: InboxPhotos) -> None:
    spec = str(photos)
    tested = open_dataset(spec)
    path = tested.files[int(tested.splits["test"][0])]
    shutil.copyfile(path, inbox / "leak.jpg")
    again = open_inbox(inbox, tested.task)
    append_step(again.spec, [decide_item(again.photos, "leak.jpg", "label", label=["cat"])])
    with pytest.raises(InputError, match="would change nothing"):
        api.label_inbox(spec, inbox, version="v1")
    label(again, a="cat")
    made = api.label_inbox(spec, inbox, version="v1")
    assert made.version is not None
    assert (made.labeled, made.known, made.version.counts.added) == (2, 1, 1)
    label(again, b="cat")
    more = api.label_inbox(f"{spec}@v1", inbox, version="v2").version
    assert more is not None
    assert more.counts.added == 1
    assert len(open_dataset(f"{spec}@v2")) == len(tested) + 2


def test_a_photo_without_a_label_is_nowhere(photos: Path, inbox: Path, opened: InboxPhotos, tmp_path: Path) -> None:
    for action in ("keep", "wrong", "group"):
        with pytest.raises(InputError, match="no label yet"):
            decide_item(opened.photos, "a.png", action, group="g")
    for wanted in ({"version": "v1"}, {"out": tmp_path / "labels.csv"}):
        with pytest.raises(InputError, match=r"no photo of .* has a label"):
            api.label_inbox(str(photos), inbox, **wanted)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="have no labels"):
        replace(opened.photos, splits={"train": np.array([0])})


def test_a_label_of_another_dataset_is_none(opened: InboxPhotos) -> None:
    foreign = Decision(opened.photos.contents[0], "a.png", "not labeled", "label", ("zebra",))
    assert labeled_photos(opened.photos, [foreign]) == ()


def test_a_photo_that_is_gone_stops_the_version_and_nothing_is_lost(
    photos: Path, inbox: Path, opened: InboxPhotos
) -> None:
    label(opened, a="dog", b="cat")
    (inbox / "a.png").unlink()
    made = api.label_inbox(str(photos), inbox, version="v1").version  # it is no longer in the inbox at all
    assert made is not None
    assert made.counts.added == 1
    labeled = labeled_photos(opened.photos, read_decisions(opened.spec))
    (inbox / "b.png").unlink()  # between the list and the copy
    with pytest.raises(InputError, match=r"a\.png cannot be read .* nothing was made"):
        make_version(str(photos), open_dataset(str(photos)), [], name="v2", photos=labeled)
    assert [version.name for version in api.list_versions(str(photos)).versions] == ["v1"]
    assert not made.manifest.with_name("v2-photos").exists()
    assert len(read_decisions(opened.spec)) == 2


def test_data_in_an_array_takes_no_photo(inbox: Path) -> None:
    spec = "shapes:count=60,side=12"
    name = open_dataset(spec).classes[0]
    box = open_inbox(inbox, open_dataset(spec).task)
    append_step(box.spec, [decide_item(box.photos, "a.png", "label", label=[name])])
    with pytest.raises(InputError, match="datasets export"):
        api.label_inbox(spec, inbox, version="v1")


@pytest.mark.parametrize("kind", ["multi-label", "hierarchical"])
def test_other_tasks(kind: str, tmp_path: Path, inbox: Path) -> None:
    table = tmp_path / "data.csv"
    api.export_dataset(f"shapes-{kind}:count=60,side=12", table)
    data = open_dataset(str(table))
    if kind == "multi-label":
        names = list(data.classes[:2])
        said: dict[str, object] = {"labels": names}
        expected, empty = tuple(names), "no label"
    else:
        path = [level.classes[i] for level, i in zip(data.task.levels, data.task.paths[-1], strict=True)]
        levels = zip(data.task.levels, path, strict=True)
        said = {"path": None, "levels": {lv.name: [{"label": name, "probability": 0.4}] for lv, name in levels}}
        expected, empty = tuple(path), ""
    (inbox / "a.json").write_text(answer(expected[-1], 0.4, **said))
    box = open_inbox(inbox, data.task)
    assert box.answers["a.png"].label == expected
    append_step(box.spec, [decide_item(box.photos, "a.png", "label", label=expected)])
    if empty:  # none of the labels is a decision; no decision is none
        append_step(box.spec, [decide_item(box.photos, "b.png", "label", label=[])])
    made = api.label_inbox(str(table), inbox, version="v1")
    after = open_dataset(f"{table}@v1")
    assert len(after) == len(data) + (2 if empty else 1) == len(data) + made.labeled
    assert after.label(len(data)) == (" / " if kind == "hierarchical" else "; ").join(expected)
    assert not empty or after.label(len(data) + 1) == empty


def test_by_command(photos: Path, inbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    decisions, out = tmp_path / "labels.csv", inbox / "labels.csv"
    decisions.write_text("item,label\na.png,dog\nb.png,cat\n")
    words = ["inbox", str(photos), str(inbox), "--decisions", str(decisions), "--version", "v1", "--out", str(out)]
    assert main([*words, "--json"]) == 0, capsys.readouterr().err
    result = json.loads(capsys.readouterr().out)
    assert (result["labeled"], result["left"], result["version"]["counts"]["added"]) == (2, 3, 2)
    assert len(open_dataset(str(out), evaluation_only=True)) == 2
    assert main(words[:3]) == 0
    assert "2 labeled" in capsys.readouterr().out
    assert main(["inbox", str(photos), str(tmp_path / "none")]) == 2
    assert "serve --keep-odd" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '"a"',
        answer("cat", float("nan")),
        json.dumps({"model": 1, "reasons": 5, "prediction": {"top": []}}),
        json.dumps({"model": 1, "reasons": [["x"]], "prediction": {"top": [{"label": ["cat"], "probability": 2}]}}),
        json.dumps({"model": 1, "reasons": [], "prediction": {"top": [{"label": None, "probability": "x"}]}}),
        json.dumps({"model": 1, "reasons": {}, "prediction": {"top": {"label": "cat"}, "levels": 3, "path": 4}}),
    ],
)
def test_whatever_stands_beside_a_photo_it_can_be_labeled(inbox: Path, opened: InboxPhotos, text: str) -> None:
    (inbox / "a.json").write_text(text)
    for task in (opened.photos.task, open_dataset("shapes-hierarchical:count=60,side=12").task):
        box = open_inbox(inbox, task)
        assert box.answers["a.png"].label == ()
        assert len(box.queue.items) == 5


def test_labels_are_found_again_by_another_way_to_the_folder_and_undone(
    photos: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch, opened: InboxPhotos
) -> None:
    label(opened, a="dog")
    monkeypatch.chdir(inbox.parent)
    assert api.label_inbox(str(photos), "odd").labeled == 1
    api.undo_decisions("odd/")
    assert api.label_inbox(str(photos), inbox).labeled == 0
