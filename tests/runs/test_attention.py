"""A run with an attention head: trained, resumed, opened and refused like any other."""

import numpy as np
import pytest

from clfcore import presets
from clfcore.classifier import predict_dataset
from clfcore.config import make
from clfcore.data.catalogue import open_dataset
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.resolve_run import resolve_run


def test_it_trains_and_opens_as_it_was() -> None:
    recipe = {"epochs": 2, "image_size": 24, "class_weights": "effective-number", "ema": 0.9}
    values = {"data": "shapes:count=120,side=24", "architecture": "lenet5", "head": "attention", "recipe": recipe}
    run = create_run(make(values))
    execute(run)
    assert run.state == "completed"
    dataset = open_dataset("shapes:count=120,side=24")
    predictions = predict_dataset(classifier_of(run), dataset)
    kept = run.predictions("test")
    rows = [predictions.ids.index(name) for name in kept.ids]
    assert np.allclose(predictions.logits[rows], kept.logits, atol=1e-4)


def test_it_is_fine_tuned_without_a_fitted_head() -> None:
    source = create_run(make({"data": "shapes:count=80,side=24", "architecture": "lenet5", "strategy": "scratch",
                                "recipe": {"epochs": 1, "image_size": 24}}))  # fmt: skip
    execute(source)
    values = {"data": "shapes:count=80,side=24", "architecture": "lenet5", "weights": source.id, "head": "attention"}
    run = create_run(make({**values, "strategy": "fine-tuning", "recipe": {"epochs": 2, "image_size": 24}}))
    execute(run)
    assert run.state == "completed"
    assert run.classifier.head == "attention"
    classifier_of(run)


def test_embeddings_have_no_maps() -> None:
    config = make({"data": "digits", "architecture": "efficientnet_lite0", "head": "attention",
                   "strategy": "feature-extraction"})  # fmt: skip
    with pytest.raises(InputError, match="reads maps"):
        resolve_run(config)


def test_the_medical_preset_is_as_published_beside_it() -> None:
    chosen = presets.preset_for("medical, imbalanced")
    recipe = chosen.recipe
    assert chosen.head == "attention"
    assert (recipe.optimizer, recipe.learning_rate, recipe.weight_decay) == ("adam", 1e-4, 1e-4)
    assert (recipe.augmentation, recipe.class_weights) == ("conservative", "inverse-frequency")
    make({"data": "digits", "architecture": "lenet5", "recipe": recipe.model_dump(), **chosen.made_for})
