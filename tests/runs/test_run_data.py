"""A run keeps its split by content: files may come, go, be renamed or moved, and what was trained on stays known."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import api
from clfcore.config import RunConfig, make
from clfcore.data.catalogue import open_dataset
from clfcore.data.positional_splits import splits_by_position
from clfcore.errors import InputError
from clfcore.reports.run_page import run_html
from clfcore.runs import folder as run_folder
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from clfcore.runs.nearest_images import embedding_space
from clfcore.runs.resolve_run import resolve_run
from clfcore.runs.run_data import open_run_data, split_of
from clfcore.runs.split_record import read_split
from tests.conftest import breaking_off

COLORS = {"a": (200, 40, 40), "b": (40, 200, 40), "c": (40, 40, 200), "new": (200, 200, 40)}


def add(folder: Path, name: str, numbers: range, *, color: str | None = None) -> None:
    """Small noisy pictures of a class, no two alike."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    for i in numbers:
        generator = np.random.default_rng((ord((color or name)[0]), i))
        pixels = np.clip(generator.normal(COLORS[color or name], 40, (12, 12, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name / f"p{i:03}.png")


@pytest.fixture
def grow(tmp_path: Path) -> Path:
    folder = tmp_path / "grow"
    for name in "abc":
        add(folder, name, range(20))
    return folder


def config_of(folder: Path, **more: object) -> RunConfig:
    recipe = {"epochs": 4, "batch_size": 16, "image_size": 16}
    return make({"data": str(folder), "architecture": "lenet5", "strategy": "scratch", "recipe": recipe, **more})


def interrupted(folder: Path) -> Run:
    run = create_run(config_of(folder))
    execute(run, orphaned=breaking_off(run, after=2, every=2))
    assert run.state == "interrupted"
    assert len(run.history) == 2
    return run


def split_by_content(run: Run) -> dict[str, str]:
    return dict(split_of(run).by_content())


def predicted(run: Run) -> dict[str, set[str]]:
    return {split: set(run.predictions(split).ids) for split in run.splits}


def test_a_resumed_run_goes_on_with_exactly_its_split(grow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    straight = create_run(config_of(grow))
    execute(straight)
    run = interrupted(grow)
    before = (run.path / "split.json").read_bytes()
    add(grow, "a", range(20, 26))
    execute(run)
    assert run.state == "completed"
    assert (run.path / "split.json").read_bytes() == before
    assert predicted(run) == predicted(straight)
    for split in run.splits:  # what was left out changes nothing, to the bit
        assert np.array_equal(run.predictions(split).logits, straight.predictions(split).logits)
    told = "6 pictures are new since this run began (a/p020.png, a/p021.png, a/p022.png, …): it goes on without."
    assert told in capsys.readouterr().err
    assert told in run.message
    assert told in run.data.notes


def test_renamed_and_moved_files_are_the_same_pictures(grow: Path) -> None:
    straight = create_run(config_of(grow))
    execute(straight)
    run = interrupted(grow)
    for i, path in enumerate(sorted((grow / "b").iterdir())):
        path.rename(grow / "b" / f"z{100 - i}.png")
    (grow / "c" / "deeper").mkdir()
    for path in list((grow / "c").glob("*.png")):
        path.rename(grow / "c" / "deeper" / path.name)
    execute(run)
    assert run.state == "completed"
    for split in run.splits:
        assert np.array_equal(run.predictions(split).logits, straight.predictions(split).logits)
    assert "since this run began" not in run.message
    data = open_run_data(run)  # under the names that the predictions have
    assert set(run.predictions("test").ids) == {data.ids[i] for i in data.splits["test"]}
    assert all(path.is_file() for path in data.paths)


def test_missing_pictures_are_named_and_left_out(grow: Path) -> None:
    run = interrupted(grow)
    kept = read_split(run)
    (grow / kept.ids[kept.splits["train"][0]]).unlink()
    moved = kept.ids[kept.splits["train"][1]]
    (grow / moved).rename(grow / "c" / "was-in-a.png")
    execute(run)
    assert run.state == "completed"
    assert "1 picture is gone since this run began" in run.message
    assert f"1 picture is in another class now ({moved})" in run.message
    assert len(run.predictions("validation")) == len(kept.splits["validation"])


def remove(folder: Path) -> None:
    shutil.rmtree(folder / "b")


def rename(folder: Path) -> None:
    (folder / "b").rename(folder / "x")


def only_new_ones(folder: Path) -> None:
    shutil.rmtree(folder / "b")
    add(folder, "b", range(30, 50))


def no_test(folder: Path) -> None:
    """All pictures that are tested on are gone."""
    (run,) = run_folder.run_folders()
    kept = read_split(run)
    for i in kept.splits["test"]:
        (folder / kept.ids[i]).unlink()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: add(folder, "new", range(20)), "added: new"),
        (remove, "removed: b"),
        (rename, "b is called x now"),
        (only_new_ones, "all training pictures of b"),
        (no_test, "the whole test split"),
    ],
)
def test_other_classes_are_named_and_refused(grow: Path, change: Callable[[Path], None], told: str) -> None:
    run = interrupted(grow)
    copy = shutil.copytree(grow, grow.parent / "copy")
    change(grow)
    with pytest.raises(InputError, match=told) as refused:
        execute(run)
    assert "\n" not in str(refused.value)
    assert run.state == "failed"
    shutil.rmtree(grow)
    copy.rename(grow)  # put back, it goes on
    execute(run)
    assert run.state == "completed"


def test_a_run_that_continues_another_keeps_its_split(grow: Path) -> None:
    first = create_run(config_of(grow))
    execute(first)
    known = split_by_content(first)
    add(grow, "a", range(20, 40))
    add(grow, "new", range(20))
    config = config_of(grow, weights=first.id, strategy="fine-tuning")
    planned = resolve_run(config).dataset
    second = create_run(config)
    execute(second)
    found = split_by_content(second)
    assert len(found) == 100
    assert {content: found[content] for content in known} == known
    assert {split for content, split in found.items() if content not in known} == {"train", "validation", "test"}
    assert planned.sizes() == {s: len(c) for s, c in read_split(second).splits.items()}
    assert "60 pictures are known to run" in second.message
    assert "40 pictures are new" in second.message
    # a third generation, on the new pictures alone, remembers what the first was trained on
    shutil.rmtree(grow / "b")
    other = grow.parent / "other"
    add(other, "a", range(40, 60))
    add(other, "c", range(40, 60))
    third = create_run(config_of(other, weights=second.id, strategy="fine-tuning"))
    execute(third)
    assert split_of(second).trained_on < split_of(third).trained_on
    shutil.rmtree(first.path)
    shutil.rmtree(second.path)
    fourth = resolve_run(config_of(grow, weights=third.id, strategy="fine-tuning")).dataset
    trained = {known_to for known_to, split in found.items() if split == "train"}
    assert not trained & {fourth.contents[i] for s in ("validation", "test") for i in fourth.splits[s]}


def test_splits_that_the_data_gives_stay_and_what_was_trained_on_is_told(grow: Path, tmp_path: Path) -> None:
    first = create_run(config_of(grow))
    execute(first)
    kept = read_split(first)
    given = tmp_path / "given"
    for split in ("train", "test"):
        for name in "abc":
            (given / split / name).mkdir(parents=True)
    for i, item in enumerate(kept.ids):
        name, file = item.split("/")
        shutil.copy(grow / item, given / ("test" if i % 4 == 0 else "train") / name / file)
    config = config_of(given, weights=first.id, strategy="fine-tuning")
    resolved = resolve_run(config)
    dataset, notes = resolved.dataset, resolved.notes
    trained = sum(dataset.contents[i] in split_of(first).trained_on for i in dataset.splits["test"])
    assert trained > 5
    assert any(f"was trained on {trained} of the 15 test pictures" in note for note in notes)
    assert not {dataset.contents[i] for i in dataset.splits["validation"]} & split_of(first).trained_on


def test_nothing_left_to_validate_on_is_refused(grow: Path, tmp_path: Path) -> None:
    first = create_run(config_of(grow))
    execute(first)
    kept = read_split(first)
    for i, item in enumerate(kept.ids):
        if i not in kept.splits["train"]:
            (grow / item).unlink()
    with pytest.raises(InputError, match="was trained on all pictures of grow"):
        resolve_run(config_of(grow, weights=first.id, strategy="fine-tuning"))


def without_split(run: Run) -> Run:
    """The run as the lab wrote it before it kept splits: drawn by position, known by the ids that data.json notes."""
    (run.path / "split.json").unlink()
    return run


def test_an_old_run_keeps_the_split_that_it_noted(grow: Path) -> None:
    run = without_split(interrupted(grow))
    noted = {"validation": [f"a/p00{i}.png" for i in range(4)], "test": ["b/p003.png", "c/p003.png"]}
    run.write("data.json", {**run.data.as_dict(), "drawn": noted})
    assert {s: sorted(open_run_data(run).ids[i] for i in open_run_data(run).splits[s]) for s in noted} == noted
    execute(run)
    assert run.state == "completed"
    assert {split: sorted(run.predictions(split).ids) for split in noted} == noted
    assert "since this run began" not in run.message
    assert read_split(run) is not None


def test_an_old_run_that_noted_nothing_is_drawn_as_it_was(grow: Path) -> None:
    run = without_split(interrupted(grow))
    run.write("data.json", {"task": run.data.as_dict()["task"]})
    wanted = splits_by_position(open_dataset(str(grow)), 0)
    execute(run)
    kept = read_split(run)
    assert {name: chosen.tolist() for name, chosen in kept.splits.items()} == {k: v.tolist() for k, v in wanted.items()}
    (run.path / "split.json").unlink()  # completed, its predictions tell
    run.write("data.json", {"task": run.data.as_dict()["task"]})
    data = open_run_data(run)
    assert {data.ids[i] for i in data.splits["test"]} == set(run.predictions("test").ids)


def test_an_old_run_with_other_classes_is_refused_too(grow: Path) -> None:
    run = without_split(interrupted(grow))
    rename(grow)
    with pytest.raises(InputError, match="added: x; removed: b"):
        execute(run)


def test_a_damaged_split_is_refused_in_a_sentence(grow: Path) -> None:
    run = interrupted(grow)
    path = run.path / "split.json"
    whole = path.read_text()
    values = json.loads(whole)
    splits, labels = values["splits"], values["labels"]
    damaged = [
        {"splits": {**splits, "test": [*splits["test"], splits["train"][0]]}},
        {"splits": {**splits, "test": [10_000]}},
        {"splits": {**splits, "test": ["a"]}},
        {"labels": [7, *labels[1:]]},
        {"labels": labels[1:]},
        {"ids": [values["ids"][1], *values["ids"][1:]]},
        {"contents": 3},
        {"task": 3},
        {"version": 9},
    ]
    for text in ("", "[]", "{}", whole[:-30], *(json.dumps({**values, **change}) for change in damaged)):
        path.write_text(text)
        with pytest.raises(InputError, match=r"split\.json is damaged"):
            open_run_data(run)
    with pytest.raises(InputError, match=r"split\.json is damaged"):
        execute(run)
    path.write_text(whole)
    execute(run)
    assert run.state == "completed"


@pytest.mark.parametrize("spec", ["shapes-multi-label:count=60,side=16", "shapes-hierarchical:count=60,side=16"])
def test_other_tasks_and_drawn_pictures_keep_their_split_too(spec: str) -> None:
    config = make({
        "data": spec, "architecture": "lenet5", "strategy": "scratch",
        "recipe": {"epochs": 2, "batch_size": 16, "image_size": 16},
    })  # fmt: skip
    run = create_run(config)
    execute(run)
    found, drawn = open_run_data(run), open_dataset(spec)
    assert found.ids == drawn.ids
    assert np.array_equal(found.targets, drawn.targets)
    assert found.task == drawn.task
    assert np.array_equal(found.masks, drawn.masks)
    assert {s: c.tolist() for s, c in found.splits.items()} == {s: c.tolist() for s, c in drawn.splits.items()}
    assert {found.ids[i] for i in found.splits["test"]} == set(run_folder.open_run(run.id).predictions("test").ids)


def test_all_that_opens_a_runs_data_again_sees_its_own_split_and_names(grow: Path) -> None:
    run = create_run(config_of(grow))
    execute(run)
    was = predicted(run)["test"]
    before = api.evaluate(run.id, split="test", views="flip").metrics
    near = {name: embedding_space(run, "test").nearest(name) for name in sorted(was)[:2]}
    add(grow, "a", range(20, 60))
    add(grow, "new", range(5))
    for path in sorted((grow / "b").iterdir()):
        path.rename(path.with_name(f"moved-{path.name}"))
    assert api.evaluate(run.id, split="test", views="flip").metrics == before
    again = embedding_space(run, "test")
    assert again.items.keys() == was
    assert {name: again.nearest(name) for name in near} == near
    data = open_run_data(run)
    renamed = next(name for name in sorted(was) if name.startswith("b/"))
    assert data.paths[data.ids.index(renamed)].name.startswith("moved-")
    assert "data:image" in run_html(run)  # its errors, with their pictures
    shutil.rmtree(grow / "c")  # a class that is gone takes nothing else with it
    assert open_run_data(run).task == run.predictions("test").task
    shutil.rmtree(grow)
    with pytest.raises(InputError, match="there is no such folder"):
        open_run_data(run)
    for name in "ab":
        add(grow, name, range(70, 80))
    with pytest.raises(InputError, match="none of the pictures of run"):
        open_run_data(run)


@pytest.mark.parametrize("reading", ["outer", "keep-case"])
def test_an_older_run_reads_its_data_as_it_did_then(tmp_path: Path, reading: str) -> None:
    """Its SPEC names no reading, and the data can be read in several ways: the run's classes tell which one it was."""
    folder = tmp_path / "data"
    names = {"outer": ("a/x", "a/y", "b/x", "b/y"), "keep-case": ("a", "A", "b")}[reading]
    for k, name in enumerate(names):
        add(folder, name, range(12 * k, 12 * k + 12), color="abca"[k])
    run = create_run(config_of(folder).changed(data=f"{reading}:{folder}"))
    execute(run, orphaned=breaking_off(run, after=2, every=2))
    classes = open_run_data(run).classes
    config = json.loads((run.path / "config.json").read_text())
    (run.path / "config.json").write_text(json.dumps({**config, "data": str(folder)}))
    (run.path / "split.json").unlink()
    assert open_run_data(run).classes == classes
    execute(run)
    assert run.state == "completed"


def test_a_pipe_in_the_place_of_a_split_is_refused_and_not_waited_for(finished_run: Run) -> None:
    (finished_run.path / "split.json").unlink()
    os.mkfifo(finished_run.path / "split.json")
    with pytest.raises(InputError, match=r"split\.json is damaged \(it is no file\)"):
        read_split(finished_run)
