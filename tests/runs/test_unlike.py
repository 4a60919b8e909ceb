"""Unlike what was trained on: the limits keep validation images, strangers are told, and old runs are not left out."""

from pathlib import Path

import numpy as np
import pytest

from clfcore import api
from clfcore.embeddings.left_out import leave_classes_out
from clfcore.embeddings.reference import MOST_BYTES, Embedded, Reference, make_reference, sampled, unit
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.run_data import open_run_data
from clfcore.runs.unknown_file import UnknownFile, kept_rule
from clfcore.runs.unlike import FILE, judge_for, keep, kept_reference
from clfcore.task import Level, hierarchical, multi_label, single_label
from clfcore.unlike import (
    FALSE_ALARMS,
    PUBLISHED,
    Caught,
    Limit,
    best_first,
    confidence,
    energy,
    judge,
    least_items,
    threshold_at,
)
from tests.support.stored_runs import run_of

NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def make_all_far(run: Run) -> None:
    """As if validation had lain upon the training images, so that every picture is far from them."""
    kept = kept_reference(run)
    assert kept is not None
    keep(run, Reference(kept.train, kept.validation_ids, np.zeros_like(kept.validation)))
    (run.path / UnknownFile.file).unlink(missing_ok=True)


@pytest.mark.parametrize("task", ["multi-label", "hierarchical"])
def test_the_share_that_is_said_to_be_kept_is_kept(task: str) -> None:
    run = run_of(task)
    assert (run.path / FILE).stat().st_size < MOST_BYTES
    classifier, dataset = classifier_of(run), open_run_data(run)
    judged = judge_for(classifier)
    assert judged is not None
    assert judged.rule == kept_rule(run)
    squares = [classifier.square(dataset.image(int(i))) for i in dataset.splits["validation"]]
    known = [judged.of(classifier, square) for square in squares]
    assert all(one is not None for one in known)
    limit = judged.rule.chosen
    assert sum(one.unlike for one in known if one is not None) == limit.alarms <= FALSE_ALARMS * limit.items
    make_all_far(run)
    strange = judge_for(classifier)
    assert strange is not None
    verdict = strange.of(classifier, squares[0])
    assert verdict is not None
    assert "far" in verdict.reasons


def test_a_run_from_before_is_compared_on_demand_by_the_same_embeddings(finished_run: Run) -> None:
    kept, rule = kept_reference(finished_run), kept_rule(finished_run)
    assert kept is not None
    assert rule is not None
    (finished_run.path / FILE).unlink()
    (finished_run.path / UnknownFile.file).unlink()
    judged = judge_for(classifier_of(finished_run))
    assert judged is not None
    again = kept_reference(finished_run)
    assert again is not None
    assert again.validation_ids == kept.validation_ids
    np.testing.assert_allclose(again.validation, kept.validation, atol=0.01)
    np.testing.assert_allclose(again.train.astype(np.float32), kept.train.astype(np.float32), atol=0.02)
    assert kept_rule(finished_run) == judged.rule
    assert judged.rule.chosen.threshold == pytest.approx(rule.chosen.threshold, abs=0.01)


def test_a_file_of_an_older_version_is_read_and_measured_once_it_is_asked_for(finished_run: Run) -> None:
    kept = kept_reference(finished_run)
    assert kept is not None
    keep(finished_run, Reference(kept.train, kept.validation_ids, kept.validation))
    (finished_run.path / UnknownFile.file).unlink()
    judged = judge_for(classifier_of(finished_run))
    assert judged is not None
    assert judged.rule.chosen.near is None
    assert "classes left out in turn" in judged.rule.basis(judged.rule.chosen)
    assert "has not been measured" in judged.rule.basis(judged.rule.chosen)
    measured = api.unknown(finished_run.id)
    assert measured.scores[0].near is not None
    assert kept_reference(finished_run).train_targets is not None


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


def test_where_the_data_is_gone_energy_alone_is_used_and_said(finished_run: Run) -> None:
    (finished_run.path / FILE).unlink()
    (finished_run.path / UnknownFile.file).write_text("{")
    (finished_run.path / "split.json").write_text("{}")
    classifier = classifier_of(finished_run)
    judged = judge_for(classifier)
    assert judged is not None
    limit = judged.limit
    assert limit is not None
    assert limit.score == "energy"
    assert "the energy of the logits (its training images cannot be compared with: " in judged.rule.basis(limit)
    verdict = judged.of(classifier, classifier.square(NOISE))
    assert verdict is not None
    assert verdict.score == "energy"


def test_a_command_says_it_before_the_classes(finished_run: Run, photos: Path, capsys: pytest.CaptureFixture) -> None:
    from clfcore.cli.main import main

    make_all_far(finished_run)
    image = str(photos / "red" / "00.jpg")
    found = api.predict(finished_run.id, [image]).predictions[0].unlike
    assert found is not None
    assert found.reasons
    assert found.of == len(finished_run.predictions("validation"))
    assert found.score == "neighbors"
    assert main(["predict", finished_run.id, image]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].strip() == found.message
    assert "%" in lines[2]
    assert lines[-1] == found.basis


def test_published_weights_say_that_none_of_their_classes_is_likely() -> None:
    task, flat = single_label([f"class {i}" for i in range(1000)]), np.zeros(1000, np.float32)
    none = judge(PUBLISHED, task, flat, distance=None)
    assert none is not None
    assert none.message == "None of its 1,000 classes is likely (the likeliest has 0%)."
    flat[3] = 9
    sure = judge(PUBLISHED, task, flat, distance=None)
    assert sure is not None
    assert (sure.unlike, sure.message) == (False, "")
    assert set(sure.as_json()) == {
        "unlike", "reasons", "message", "score", "value", "threshold", "probability", "basis",
    }  # fmt: skip


@pytest.mark.parametrize("asked", [0.01, 0.05, 0.2])
def test_a_threshold_has_the_false_alarms_that_were_asked_for(asked: float) -> None:
    rng = np.random.default_rng(0)
    rates = [(rng.normal(size=300) > threshold_at(rng.normal(size=300), asked)).mean() for _ in range(300)]
    assert asked - 0.006 < np.mean(rates) <= asked + 0.003


def test_a_threshold_of_too_few_pictures_is_the_largest() -> None:
    assert least_items(0.05) == 19
    values = np.arange(19.0)
    assert threshold_at(values, 0.05) == 18
    assert threshold_at(values[:18], 0.05) == 17
    assert threshold_at(np.arange(100.0), 0.05) == 95


def test_energy_is_of_the_finest_level_and_of_labels_the_joint_one() -> None:
    logits = np.array([[4.0, 0.0, 0.0, 0.0, 0.0]])
    levels = hierarchical((Level("kind", ("a", "b")), Level("class", ("c", "d", "e"))), [(0, 0), (0, 1), (1, 2)])
    assert energy(logits, levels)[0] == pytest.approx(-np.log(3))
    assert energy(logits, single_label(list("abcde")))[0] == pytest.approx(-np.log(np.exp(4) + 4))
    assert energy(logits, multi_label(list("abcde")))[0] == pytest.approx(-np.log(1 + np.exp(4)) - 4 * np.log(2))
    assert np.isfinite(energy(logits * 1e4, single_label(list("abcde")))).all()
    assert confidence(logits, levels)[0] == pytest.approx(1 / (1 + np.exp(-4)))
    assert confidence(logits, multi_label(list("abcde")))[0] == pytest.approx(1 / (1 + np.exp(-4)))


def test_the_distance_is_chosen_unless_the_energy_catches_clearly_more() -> None:
    far = Limit("neighbors", 0.5, 5, 100, near=Caught(0.8, 20, 100))
    assert best_first((far, Limit("energy", 0.1, 5, 100, near=Caught(0.9, 25, 100))))[0].score == "neighbors"
    assert best_first((far, Limit("energy", 0.1, 5, 100, near=Caught(0.9, 45, 100))))[0].score == "energy"
    assert best_first((Limit("energy", 0.1, 5, 100), far))[0].score == "neighbors"


def gaussians(classes: int, dimensions: int, each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings around one direction a class, and their classes."""
    rng = np.random.default_rng(seed)
    targets = np.arange(classes * each) % classes
    return 5 * np.eye(dimensions)[targets] + rng.normal(0, 0.5, (len(targets), dimensions)), targets


def test_classes_far_from_each_other_are_caught_and_meaningless_ones_are_not() -> None:
    task = single_label(list("abcd"))
    (train, y), (validation, z) = gaussians(4, 8, 40, 0), gaussians(4, 8, 20, 1)
    names = tuple(map(str, range(len(z))))
    made = make_reference(Embedded(train, y, ()), Embedded(validation, z, names))
    assert made is not None
    told = leave_classes_out(task, made, false_alarms=0.05)
    assert told is not None
    assert (told.classes, told.caught["neighbors"].items) == (4, 80)
    assert told.caught["neighbors"].auroc > 0.99
    assert told.caught["neighbors"].caught >= 78
    assert told.caught["energy"].auroc > 0.9
    shuffled = np.random.default_rng(3).permutation
    mixed = make_reference(Embedded(train, shuffled(y), ()), Embedded(validation, shuffled(z), names))
    assert mixed is not None
    chance = leave_classes_out(task, mixed, false_alarms=0.05)
    assert chance is not None
    assert 0.35 < chance.caught["neighbors"].auroc < 0.65
    assert 0.35 < chance.caught["energy"].auroc < 0.65
    two = make_reference(Embedded(train, y % 2, ()), Embedded(validation, z % 2, names))
    assert two is not None
    assert leave_classes_out(single_label(["a", "b"]), two, false_alarms=0.05) is None


def test_of_several_labels_strangers_show_left_out_labels_alone() -> None:
    task = multi_label(list("abcd"))
    (train, y), (validation, z) = gaussians(4, 8, 40, 0), gaussians(4, 8, 20, 1)
    also = np.eye(4, dtype=np.uint8)
    of_train, of_validation = also[y], also[z]
    of_validation[:20, 0] = 1  # with two labels, one of which is known: no stranger of the other
    made = make_reference(
        Embedded(train, of_train, ()), Embedded(validation, of_validation, tuple(map(str, range(len(z)))))
    )
    assert made is not None
    told = leave_classes_out(task, made, false_alarms=0.05)
    assert told is not None
    assert told.caught["neighbors"].items == 80 - 15
    assert told.caught["neighbors"].auroc > 0.95


def test_a_sample_holds_rare_classes_and_is_bounded() -> None:
    targets = np.array([0] * 500 + [1] * 3)
    assert np.bincount(targets[sampled(targets, 10)]).tolist() == [7, 3]
    labels = np.array([[0, 1]] * 50 + [[1, 1]] * 2)
    assert sorted(sampled(labels, 4).tolist())[-2:] == [50, 51]
    train = np.random.default_rng(0).normal(size=(2000, 2048))
    one = Embedded(train[:1], targets[:1], ("a",))
    made = make_reference(Embedded(train, np.arange(2000), ()), one)
    assert made is not None
    assert made.train.nbytes <= MOST_BYTES
    assert len(made.train) == len(made.train_targets)
    assert make_reference(Embedded(train[:3], targets[:3], ()), one) is None
    nothing = Embedded(np.full((20, 4), np.nan), targets[:20], ())
    assert make_reference(nothing, Embedded(train[:1, :4], targets[:1], ("a",))) is None


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
