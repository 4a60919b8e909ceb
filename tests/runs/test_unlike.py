"""Unlike what was trained on: the limits keep validation images, strangers are told, and old runs are not left out."""

from pathlib import Path

import numpy as np
import pytest

from clfcore import api
from clfcore.embeddings.reference import MOST_BYTES, Reference, make_reference, sampled, unit
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.run_data import open_run_data
from clfcore.runs.unlike import FILE, judge_for, keep, kept_reference
from clfcore.task import Level, hierarchical, multi_label, single_label
from clfcore.unlike import KEPT, choose_rule, confidence, judge
from tests.support.stored_runs import run_of

NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def make_all_far(run: Run) -> None:
    """As if validation had lain upon the training images, so that every picture is far from them."""
    kept = kept_reference(run)
    assert kept is not None
    keep(run, Reference(kept.train, kept.validation_ids, np.zeros_like(kept.validation)))


@pytest.mark.parametrize("task", ["multi-label", "hierarchical"])
def test_the_share_that_is_said_to_be_kept_is_kept(task: str) -> None:
    run = run_of(task)
    assert (run.path / FILE).stat().st_size < MOST_BYTES
    classifier, dataset = classifier_of(run), open_run_data(run)
    judged = judge_for(classifier)
    assert judged is not None
    squares = [classifier.square(dataset.image(int(i))) for i in dataset.splits["validation"]]
    known = [judged.of(classifier, square) for square in squares]
    assert sum(one.unlike for one in known) == judged.rule.of - judged.rule.kept <= (1 - KEPT) * len(known)
    make_all_far(run)
    strange = judge_for(classifier)
    assert strange is not None
    assert "far" in strange.of(classifier, squares[0]).reasons


def test_a_run_from_before_is_compared_on_demand_by_the_same_embeddings(finished_run: Run) -> None:
    kept = kept_reference(finished_run)
    assert kept is not None
    (finished_run.path / FILE).unlink()
    assert judge_for(classifier_of(finished_run)) is not None
    again = kept_reference(finished_run)
    assert again is not None
    assert again.validation_ids == kept.validation_ids
    np.testing.assert_allclose(again.validation, kept.validation, atol=0.01)
    np.testing.assert_allclose(again.train.astype(np.float32), kept.train.astype(np.float32), atol=0.02)


@pytest.mark.parametrize("damage", [b"", b"PK damaged", None])
def test_a_damaged_file_is_made_anew(finished_run: Run, damage: bytes | None) -> None:
    if damage is None:
        np.savez(finished_run.path / FILE, train=np.zeros((3, 2)), validation_ids=["a"], validation=[np.nan])
    else:
        (finished_run.path / FILE).write_bytes(damage)
    assert kept_reference(finished_run) is None
    judged = judge_for(classifier_of(finished_run))
    assert judged is not None
    assert judged.reference is not None


def test_where_the_data_is_gone_probability_alone_is_used_and_said(finished_run: Run) -> None:
    (finished_run.path / FILE).unlink()
    (finished_run.path / "split.json").write_text("{}")
    classifier = classifier_of(finished_run)
    judged = judge_for(classifier)
    assert judged is not None
    assert judged.rule.distance is None
    assert "the calibrated probability alone (its training images cannot be compared with: " in judged.rule.basis
    assert "has not been measured" in judged.rule.basis
    assert judged.of(classifier, classifier.square(NOISE)).distance is None


def test_a_command_says_it_before_the_classes(finished_run: Run, photos: Path, capsys: pytest.CaptureFixture) -> None:
    from clfcore.cli.main import main

    make_all_far(finished_run)
    image = str(photos / "red" / "00.jpg")
    found = api.predict(finished_run.id, [image]).predictions[0].unlike
    assert found is not None
    assert found.reasons
    assert found.of == len(finished_run.predictions("validation"))
    assert main(["predict", finished_run.id, image]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].strip() == found.message
    assert "%" in lines[2]
    assert lines[-1] == found.basis


def test_published_weights_say_that_none_of_their_classes_is_likely() -> None:
    from clfcore.unlike import PUBLISHED

    task, flat = single_label([f"class {i}" for i in range(1000)]), np.zeros(1000, np.float32)
    assert (
        judge(PUBLISHED, task, flat, distance=None).message
        == "None of its 1,000 classes is likely (the likeliest has 0%)."
    )
    flat[3] = 9
    sure = judge(PUBLISHED, task, flat, distance=None)
    assert (sure.unlike, sure.message) == (False, "")
    assert set(sure.as_json()) == {
        "unlike", "reasons", "message", "probability", "probability_limit", "distance", "distance_limit", "basis",
    }  # fmt: skip


def test_the_limits_keep_the_share_together() -> None:
    rng = np.random.default_rng(0)
    sure, far = rng.uniform(0.1, 0.4, 400), rng.uniform(0, 1, 400)
    rule = choose_rule(sure, far, temperature=1.0)
    assert 380 <= rule.kept <= 384
    assert rule.kept == ((sure >= rule.probability) & (far <= rule.distance)).sum()
    assert choose_rule(np.full(9, 0.99), None, temperature=1.0).probability == 0.5  # 60% is a likely class
    assert choose_rule(sure[:1], far[:1], temperature=1.0).kept == 1


def test_confidence_is_of_the_coarsest_level_and_of_labels_the_likeliest() -> None:
    logits = np.array([[4.0, 0.0, 0.0, 0.0, 0.0]])
    levels = hierarchical((Level("kind", ("a", "b")), Level("class", ("c", "d", "e"))), [(0, 0), (0, 1), (1, 2)])
    assert confidence(logits, levels)[0] == pytest.approx(1 / (1 + np.exp(-4)))
    assert confidence(logits, multi_label(list("abcde")))[0] == pytest.approx(1 / (1 + np.exp(-4)))
    assert confidence(logits, single_label(list("abcde")), temperature=1e6)[0] == pytest.approx(0.2, abs=1e-4)


def test_a_sample_holds_rare_classes_and_is_bounded() -> None:
    targets = np.array([0] * 500 + [1] * 3)
    assert np.bincount(targets[sampled(targets, 10)]).tolist() == [7, 3]
    labels = np.array([[0, 1]] * 50 + [[1, 1]] * 2)
    assert sorted(sampled(labels, 4).tolist())[-2:] == [50, 51]
    train = np.random.default_rng(0).normal(size=(2000, 2048))
    made = make_reference(train, ("a",), train[:1])
    assert made is not None
    assert made.train.nbytes <= MOST_BYTES
    assert make_reference(train[:3], ("a",), train[:1]) is None
    assert make_reference(np.full((20, 4), np.nan), ("a",), train[:1, :4]) is None


def test_the_distance_is_that_to_the_fifth_nearest() -> None:
    rng = np.random.default_rng(0)
    train, x = unit(rng.normal(size=(30, 8))), rng.normal(size=(4, 8))
    expected = np.sort(1 - unit(x) @ train.T, axis=1)[:, 4]
    found = Reference(train.astype(np.float16), (), np.zeros(0, np.float32)).distance(x)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_classes_are_listed_and_searched(finished_run: Run) -> None:
    known = api.list_classes("efficientnet_lite0", search="tabby")
    assert (known.known, known.classes) == (1000, ("tabby",))
    assert api.list_classes("efficientnet_lite0", search="jelyfish").nearest == "jellyfish"
    assert len(api.list_classes(finished_run.id).classes) == 6
