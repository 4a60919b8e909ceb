"""`evaluate RUN --data SPEC`: some of the run's classes are enough, and what was trained on is counted."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import api
from clfcore.classifier import predict_dataset
from clfcore.cli.run_views import run_text
from clfcore.config import make
from clfcore.data.catalogue import open_dataset
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.split_record import read_split


def trained_on(folder: Path) -> Run:
    recipe = {"epochs": 2, "batch_size": 16, "image_size": 16}
    run = create_run(make({"data": str(folder), "architecture": "lenet5", "strategy": "scratch", "recipe": recipe}))
    execute(run)
    return run


@pytest.fixture
def three(photos: Path) -> Path:
    shutil.copytree(photos / "red", photos / "green")
    for i, path in enumerate(sorted((photos / "green").iterdir())):
        with Image.open(path) as image:
            Image.fromarray(np.asarray(image)[..., [1, 0, 2]]).save(path, quality=90 - i)
    return photos


def test_folders_of_one_class_and_of_some_classes_are_taken(three: Path, tmp_path: Path) -> None:
    run = trained_on(three)
    everything = api.evaluate(run.id, data=str(three))
    assert (everything.items, everything.trained_on) == (36, len(read_split(run).splits["train"]))
    one = tmp_path / "one" / "green"
    shutil.copytree(three / "green", one)
    above, itself = (api.evaluate(run.id, data=str(path)) for path in (one.parent, one))
    assert above.metrics == itself.metrics
    assert above.items == itself.items == 12
    train = [read_split(run).ids[i] for i in read_split(run).splits["train"]]
    assert above.trained_on == itself.trained_on == sum(name.startswith("green/") for name in train)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", one.parent)
    assert api.evaluate(run.id, data=packed).metrics == above.metrics
    listed = one / "list.csv"
    listed.write_text("path,label\n" + "".join(f"{i:02}.jpg,green\n" for i in range(5)))
    assert api.evaluate(run.id, data=str(listed)).items == 5
    (tmp_path / "only" / "test").mkdir(parents=True)
    for name in ("red", "green"):
        shutil.copytree(three / name, tmp_path / "only" / "test" / name)
    assert api.evaluate(run.id, data=str(tmp_path / "only" / "test")).items == 24


def test_what_was_trained_on_is_said_in_text_and_new_pictures_are_not_counted(three: Path, tmp_path: Path) -> None:
    run = trained_on(three)
    fresh = tmp_path / "fresh" / "red"
    fresh.mkdir(parents=True)
    Image.fromarray(np.full((40, 40, 3), 200, np.uint8)).save(fresh / "x.png")
    result = api.evaluate(run.id, data=str(fresh.parent))
    assert (result.items, result.trained_on) == (1, 0)
    assert "the run was trained on none of these pictures" in run_text(result.as_json())
    learned = read_split(run).ids[read_split(run).splits["train"][0]]
    shutil.copy(three / learned, fresh.parent / "red" / "copy.jpg")
    target = learned.split("/")[0]
    if target != "red":
        (fresh.parent / target).mkdir()
        (fresh.parent / "red" / "copy.jpg").rename(fresh.parent / target / "copy.jpg")
    result = api.evaluate(run.id, data=str(fresh.parent))
    assert result.trained_on == 1
    assert "the run was trained on 1 of these 2 pictures: the metrics flatter" in run_text(result.as_json())
    assert json.loads(json.dumps(result.as_json()))["trained_on"] == 1
    # an older run kept no split, and its data has gone: nobody knows
    (run.path / "split.json").unlink()
    three.rename(tmp_path / "elsewhere")
    result = api.evaluate(run.id, data=str(fresh.parent))
    assert result.trained_on is None
    assert "not known any more" in run_text(result.as_json())


def test_classes_that_the_run_does_not_know_are_refused_by_name(three: Path, tmp_path: Path) -> None:
    run = trained_on(three)
    for name in ("gren", "other"):
        shutil.copytree(three / "green", tmp_path / "data" / name)
    with pytest.raises(InputError, match=r"has the class 'gren' \(and 'other'\), which the run does not know.*green"):
        api.evaluate(run.id, data=str(tmp_path / "data"))
    with pytest.raises(InputError, match="has the class 'gren', which the run does not know"):
        api.evaluate(run.id, data=str(tmp_path / "data" / "gren"))
    shutil.rmtree(tmp_path / "data" / "other")
    with pytest.raises(InputError, match="one class, 'gren': a classifier needs at least two"):  # to train on
        open_dataset(str(tmp_path / "data"))


def test_the_finest_classes_of_a_hierarchy_are_enough(tmp_path: Path) -> None:
    config = {"data": "shapes-hierarchical:count=60,side=16", "architecture": "lenet5", "strategy": "scratch"}
    run = create_run(make({**config, "recipe": {"epochs": 1, "batch_size": 16, "image_size": 16}}))
    execute(run)
    dataset = open_dataset(run.config.data)
    (tmp_path / "star").mkdir()
    stars = [i for i in range(len(dataset)) if dataset.label(i).endswith("star")]
    for i in stars:
        Image.fromarray(dataset.pixels[i]).save(tmp_path / "star" / f"{i}.png")
    found = predict_dataset(classifier_of(run), open_dataset(str(tmp_path), evaluation_only=True))
    assert np.array_equal(found.targets, dataset.targets[stars])


def test_the_ids_are_gone_through_a_few_times_only(finished_run: Run) -> None:
    walks = []

    class Counted(tuple):
        def __iter__(self) -> Iterator[str]:
            walks.append(1)
            return super().__iter__()

    dataset = open_dataset(finished_run.config.data)
    predict_dataset(classifier_of(finished_run), replace(dataset, ids=Counted(dataset.ids)))
    assert len(walks) < 10
