"""Explanation by example: the training pictures that a run's network finds most like a picture, class by class."""

import numpy as np
import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.errors import InputError
from clfcore.explain.examples import embedding
from clfcore.runs.folder import Run
from clfcore.runs.nearest_images import nearest_examples
from clfcore.runs.open_classifier import classifier_of
from tests.explain.small_classifiers import picture


def test_the_embedding_is_what_the_last_layer_reads(net) -> None:
    import torch

    square = picture(16)
    expected = net.module[:7](torch.from_numpy(net.preprocess.normalize(square[None])))[0].detach().numpy()
    np.testing.assert_allclose(embedding(net, square), expected, atol=1e-6)
    assert not any(part._forward_pre_hooks for part in net.module.modules())


def test_a_training_picture_is_its_own_nearest_example(finished_run: Run) -> None:
    classifier, dataset = classifier_of(finished_run), open_dataset(finished_run.config.data)
    item = int(dataset.splits["train"][5])
    found = nearest_examples(classifier, classifier.square(dataset.pixels[item]), n=2)
    assert set(found) == set(dataset.classes)
    first = next(iter(found))
    assert (first, found[first][0].id) == (dataset.label(item), dataset.ids[item])
    assert found[first][0].similarity == pytest.approx(1, abs=0.02)  # the pass over the data may be in bfloat16
    assert all(one.label == name for name, near in found.items() for one in near)


def test_refusals(finished_run: Run, net) -> None:
    with pytest.raises(InputError, match="examples is 0: it must be from 1 to 20"):
        nearest_examples(classifier_of(finished_run), picture(20), n=0)
    architecture = classifier_of(finished_run)
    object.__setattr__(architecture, "folder", None)
    with pytest.raises(InputError, match="is an architecture whose training images are not here: choose a run"):
        nearest_examples(architecture, picture(20))
