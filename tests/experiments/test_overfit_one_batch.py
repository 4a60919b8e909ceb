"""Before a launch: one batch by heart, what the network sees, and whether policies help; test-time views."""

import json

import numpy as np
import pytest

from clfcore import api
from clfcore.augment.policies import policy
from clfcore.data.catalogue import open_dataset
from clfcore.errors import InputError
from clfcore.experiments import compare_policies as tried
from clfcore.experiments.compare_policies import compare_policies
from clfcore.experiments.overfit_one_batch import overfit_one_batch, preview_batch, write_contact_sheet
from clfcore.resolve import Resolved
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.prepare import Prepared, prepare
from clfcore.runs.resolve_run import resolve_run
from clfcore.runs.tta import predict_split
from tests.conftest import small_config


def test_a_sound_network_learns_one_batch_by_heart() -> None:
    found = overfit_one_batch(small_config())
    assert found.passed
    assert found.accuracy == 1.0
    assert found.losses[-1] < found.losses[0]
    assert found.verdict.startswith("The network overfits one batch")
    json.dumps(found.as_dict(), allow_nan=False)


def test_a_network_that_cannot_learn_is_told_apart() -> None:
    found = overfit_one_batch(small_config(learning_rate=1e-9))
    assert not found.passed
    assert "does not overfit one batch" in found.verdict


def test_the_first_batch_is_what_training_feeds() -> None:
    config = small_config(augmentation="basic")
    seen = preview_batch(config, count=4)
    prepared = prepare(resolve_run(config))
    x, y = next(iter(prepared.batches("train", training=True)(1)))
    np.testing.assert_array_equal(seen.pictures, prepared.preprocess.denormalize(x[:4].numpy()))
    assert list(seen.labels) == [prepared.dataset.classes[i] for i in y[:4]]
    dataset = open_dataset(config.data)
    assert [dataset.label(dataset.ids.index(name)) for name in seen.ids] == list(seen.labels)


def test_a_mixed_batch_names_both_labels_and_their_shares() -> None:
    seen = preview_batch(small_config(mixup=10.0, augmentation="none"), count=8)
    assert any("%" in label and "," in label for label in seen.labels)


def test_the_sheet_is_written_whole_and_an_unknown_kind_is_refused(tmp_path) -> None:
    from PIL import Image

    write_contact_sheet(np.full((5, 8, 8, 1), 7, np.uint8), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size == (4 * 8 * 14, 2 * 8 * 14)
    with pytest.raises(InputError, match=r"name a .png, .jpg or .webp file"):
        write_contact_sheet(np.zeros((1, 8, 8, 1), np.uint8), tmp_path / "a.tga")


def test_a_trial_gives_every_policy_the_same_epochs_from_the_same_weights() -> None:
    policies = {"a": policy("none"), "b": policy("none"), "c": policy("basic")}
    found = compare_policies(small_config(), policies, seconds=0.5, sample=40)
    lengths = {len(lines) for lines in found.histories.values()}
    assert len(lengths) == 1
    assert found.histories["a"] == found.histories["b"] != found.histories["c"]
    assert found.train_items == 40
    assert 0 < found.noise < 1
    json.dumps(found.as_dict(), allow_nan=False)


def test_a_trial_without_budget_or_policies_is_refused() -> None:
    with pytest.raises(InputError, match="no policy is named"):
        compare_policies(small_config(), {})
    with pytest.raises(InputError, match="seconds is 0"):
        compare_policies(small_config(), {"none": policy("none")}, seconds=0)


def test_plain_views_are_the_runs_own_answers_and_flips_are_averaged(finished_run: Run) -> None:
    classifier = classifier_of(finished_run)
    before = finished_run.predictions("test")
    plain = predict_split(finished_run, classifier, "test", kind="none")
    np.testing.assert_allclose(plain.probabilities(), before.probabilities(), atol=1e-4)
    flipped = predict_split(finished_run, classifier, "test", kind="flip").probabilities()
    dataset = open_dataset(finished_run.config.data)
    squares = np.stack([classifier.square(np.asarray(dataset.pixels[dataset.ids.index(n)])) for n in before.ids])
    by_hand = (classifier.probabilities(squares) + classifier.probabilities(squares[:, :, ::-1])) / 2
    np.testing.assert_allclose(flipped, by_hand, atol=1e-5)


def test_evaluate_takes_views_and_names_what_it_cannot_do(finished_run: Run) -> None:
    answer = api.evaluate(finished_run.id, split="test", views="flip")
    assert answer.views == "flip"
    assert 0 <= answer.metrics["test"]["accuracy"] <= 1
    with pytest.raises(InputError, match=r"test_time_augmentation is 'flop': .*did you mean flip"):
        api.evaluate(finished_run.id, views="flop")
    with pytest.raises(InputError, match="five-crops needs pictures larger than 20 pixels"):
        api.evaluate(finished_run.id, views="five-crops")


def test_predict_takes_views(finished_run: Run, photos) -> None:
    image = str(next((photos / "red").iterdir()))
    plain = api.predict(finished_run.id, [image]).predictions[0].top
    views = api.predict(finished_run.id, [image], views="flip").predictions[0].top
    assert sum(one.probability for one in views) == pytest.approx(sum(one.probability for one in plain), abs=0.2)
    assert views != plain


def test_each_policy_of_a_trial_is_judged_at_its_own_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = {}

    def noted(resolved: Resolved) -> Prepared:
        prepared = prepare(resolved)
        sides[policy(resolved.config.recipe.augmentation).name] = prepared.preprocess.stored_side
        return prepared

    monkeypatch.setattr(tried, "prepare", noted)
    policies = {name: policy(name) for name in ("none", "basic")}
    found = tried.compare_policies(small_config(), policies, seconds=0.1, sample=20)
    assert sides == {"none": 20, "basic": 24}  # of images of 20 pixels
    assert set(found.histories) == {"none", "basic"}
