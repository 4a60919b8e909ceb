"""The rate finder, the ranking on a sample and the learning curve: what they find, and what they leave alone."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

from clfcore import cache
from clfcore.cli.main import main
from clfcore.config import make
from clfcore.data.catalogue import open_dataset
from clfcore.embeddings.baselines import k_nearest, nearest_class_mean
from clfcore.errors import InputError
from clfcore.evaluation.intervals import Interval
from clfcore.experiments.compare_strategies import compare_strategies, sample_split
from clfcore.experiments.learning_curve import Point, suggestion
from clfcore.experiments.lr_finder import find_rate, rate_of, smoothed, suggest
from clfcore.files import runs_folder
from clfcore.runs.folder import Run
from clfcore.training.embedding_rows import HeldRows, StoredRows

SHAPES = {"data": "shapes:count=160,side=20", "architecture": "lenet5"}


def test_the_rate_rises_by_the_same_factor_from_step_to_step() -> None:
    rates = [rate_of(step, lowest=1e-4, highest=1.0, steps=5) for step in range(5)]
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0])


def test_the_suggestion_is_where_the_loss_falls_steepest() -> None:
    """A logistic fall around 1e-2, then a rise: the steepest point of the fall is its middle."""
    rates = [rate_of(step, lowest=1e-5, highest=10.0, steps=61) for step in range(61)]
    losses = [2.3 - 2 / (1 + math.exp(-4 * math.log10(r / 1e-2))) + (0 if r < 1 else 5 * (r - 1)) for r in rates]
    assert suggest(rates, losses) == pytest.approx(1e-2, rel=0.2)
    assert suggest(rates, [1.0] * 61) is None
    assert smoothed([2.0, 2.0, 2.0]) == pytest.approx([2.0, 2.0, 2.0])


def test_the_finder_trains_nothing_of_a_run(finished_run: Run) -> None:
    before = (finished_run.path / "best.safetensors").read_bytes()
    config = make({**SHAPES, "weights": str(finished_run.path), "recipe": {"batch_size": 16}})
    found = find_rate(config, steps=60, highest=10.0)
    assert 1e-6 < found.suggestion < 10 if found.suggestion else found.sentence.startswith("The loss did not fall")
    assert len(found.rates) == len(found.losses) <= 60
    assert (finished_run.path / "best.safetensors").read_bytes() == before
    assert [path.name for path in runs_folder().iterdir()] == [finished_run.id]


def test_feature_extraction_needs_no_rate(photos: Path) -> None:
    with pytest.raises(InputError, match="needs no search"):
        find_rate(make({"data": str(photos), "architecture": "efficientnet_lite0", "recipe": {"image_size": 32}}))


def test_all_strategies_are_tried_ranked_and_leave_no_run(photos: Path) -> None:
    config = {"data": str(photos), "architecture": "efficientnet_lite0", "recipe": {"image_size": 32}}
    found = compare_strategies(make(config), seconds=4, sample=16)
    assert {one.strategy for one in found.tried} == {
        "feature-extraction",
        "fine-tuning",
        "progressive-unfreezing",
        "scratch",
    }
    scores = [one.score for one in found.tried if one.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert all(one.interval[0] <= one.score <= one.interval[1] for one in found.tried if one.score is not None)
    assert sum(one.seconds for one in found.tried) < 90  # a step and a look at validation may be over it
    assert not runs_folder().exists()


def test_a_part_of_a_split_keeps_the_shares_of_the_classes() -> None:
    dataset = open_dataset("digits")
    chosen = sample_split(dataset, "train", 200, seed=0)
    assert set(chosen) <= set(dataset.splits["train"])
    shares = np.bincount(dataset.targets[chosen]) / len(chosen)
    np.testing.assert_allclose(shares, dataset.counts("train") / len(dataset.splits["train"]), atol=0.01)


def test_the_learning_curve_speaks_of_the_last_doubling() -> None:
    steep = [Point(0.5, 100, 0.80, Interval(0.75, 0.85)), Point(1.0, 200, 0.85, Interval(0.80, 0.89))]
    assert "the last doubling gained 5.0 points, though the intervals overlap" in suggestion(steep)
    flat = [Point(0.5, 100, 0.90, Interval(0.87, 0.93)), Point(1.0, 200, 0.904, Interval(0.87, 0.93))]
    assert suggestion(flat).startswith("Probably not: 90.4%")


@pytest.mark.parametrize("block", [3, 32, 100])  # fewer rows than neighbors, several blocks, one
def test_neighbors_agree_with_sklearn(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.training.embedding_rows.BLOCK", block)
    rng = np.random.default_rng(0)
    train, x, y = rng.normal(size=(90, 4)).astype(np.float32), rng.normal(size=(40, 4)), rng.integers(0, 3, 90)
    rows, others = StoredRows([train[:50], train[50:]]), HeldRows(torch.from_numpy(x))
    np.testing.assert_array_equal(nearest_class_mean(rows, y, others), NearestCentroid().fit(train, y).predict(x))
    wanted = KNeighborsClassifier(5, algorithm="brute").fit(train, y).predict(x)
    np.testing.assert_array_equal(k_nearest(rows, y, others), wanted)


def test_the_commands_answer_in_json_and_in_words(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--data", str(photos), "--architecture", "efficientnet_lite0", "--image-size", "32"]
    assert main(["advise", *flags, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["strategy"] == "feature-extraction"
    assert main(["more-pictures", *flags, "--json"]) == 0
    points = json.loads(capsys.readouterr().out)["points"]
    assert [point["share"] for point in points] == [0.1, 0.25, 0.5, 1.0]
    assert points[-1]["items"] == 16
    assert main(["cache", "--json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert held["embeddings"]["files"] == 2
    assert held["bytes"] == sum(held[kind]["bytes"] for kind in cache.KINDS)
    assert main(["cache", "clear"]) == 0
    assert "freed" in capsys.readouterr().out
    assert main(["find-rate", "--data", "shapes:count=60", "--architecture", "lenet5", "--steps", "20"]) == 0
    assert "rate" in capsys.readouterr().out
