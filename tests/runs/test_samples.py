"""Samples that suit a classifier: a run's own test images, digits for small gray networks, else photographs."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.architectures.catalogue import architecture
from clfcore.data.catalogue import open_dataset
from clfcore.errors import InputError
from clfcore.runs.run_data import open_run_data
from clfcore.runs.samples import digits, of_dataset, of_run, photographs, suits_digits


def test_a_runs_samples_are_its_own_test_images(finished_run) -> None:
    dataset = open_run_data(finished_run)
    found = of_run(finished_run)
    assert len(found) == 6
    tested = {dataset.ids[index]: index for index in dataset.splits["test"]}
    for sample in found:
        index = tested[sample.name]
        assert sample.title == dataset.finest_label(index)
        pixels = np.asarray(Image.open(io.BytesIO(sample.photo.data)))
        assert np.array_equal(pixels, dataset.pixels[index].squeeze(-1) if pixels.ndim == 2 else dataset.pixels[index])


def test_samples_are_spread_over_the_classes_and_are_the_files_themselves(photos: Path) -> None:
    dataset = open_dataset(str(photos))
    found = of_dataset(dataset, most=4)
    assert {sample.title for sample in found} == {"red", "blue"}
    assert all(sample.photo.data == (photos / sample.name).read_bytes() for sample in found)
    (photos / found[0].name).unlink()
    assert found[0].name not in [sample.name for sample in of_dataset(dataset, most=4)]


@pytest.mark.parametrize(("spec", "classes"), [("shapes-multi-label", ""), ("shapes-hierarchical", "fine")])
def test_samples_of_every_task_name_the_truth(spec: str, classes: str) -> None:
    dataset = open_dataset(spec)
    found = of_dataset(dataset)
    assert len(found) == 6
    if classes:
        assert {sample.title for sample in found} <= set(dataset.task.levels[-1].classes)  # the finest name alone
    assert all(sample.title for sample in found)


def test_digits_suit_small_and_gray_networks_and_photographs_the_others() -> None:
    assert suits_digits(architecture("lenet5"))
    assert suits_digits(architecture("resnet18"), channels=1)
    assert not suits_digits(architecture("resnet18"))
    assert not suits_digits(architecture("vgg11_bn_small"))
    assert len({sample.title for sample in digits()}) == 6
    assert "cat" in [sample.name for sample in photographs()]


def test_a_run_whose_data_is_gone_has_none(finished_run, photos: Path) -> None:
    (finished_run.path / "split.json").unlink()
    config = finished_run.path / "config.json"
    shutil.copy(config, config.with_suffix(".bak"))
    text = config.read_text()
    config.write_text(text.replace(open_run_data(finished_run).name, str(photos / "gone")))
    with pytest.raises(InputError):
        of_run(finished_run)
