"""Finished runs on disk: written without training, or trained on a few shapes."""

import json
import shutil
from pathlib import Path

import numpy as np

from clfcore.config import make
from clfcore.files import runs_folder
from clfcore.predictions import Predictions
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from clfcore.task import multi_label, single_label

DIGITS = tuple(f"digit {i}" for i in range(3))


def stored_run(
    seed: int,
    *,
    right: float,
    classes: tuple[str, ...] = DIGITS,
    splits: tuple[str, ...] = ("validation", "test"),
    data: str = "digits",
) -> Run:
    """A finished run as it lies on disk, its answers right with a given share, without any training."""
    run = create_run(make({"data": data, "architecture": "lenet5", "recipe": {"seed": seed}}))
    rng, n = np.random.default_rng(seed), 200
    for split in splits:
        targets = np.arange(n) % len(classes)
        answers = np.where(rng.random(n) < right, targets, (targets + 1) % len(classes))
        logits = (3.0 * np.eye(len(classes))[answers] + rng.normal(0, 0.3, (n, len(classes)))).astype(np.float32)
        ids = tuple(f"digits/{i:04}" for i in range(n))
        Predictions(single_label(classes), split, ids, targets, logits).save(run.path / f"predictions-{split}.npz")
    run.write("metrics.json", {"best_epoch": 2, "seconds": 12.0, "parameters": {"total": 1000 + seed}, "metrics": {}})
    lines = [{"epoch": e, "validation_loss": 1 / e, "validation_accuracy": 0.5, "memory": 900} for e in (1, 2)]
    (run.path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run.set_state("completed")
    return run


def short(run: Run) -> str:
    return f"lenet5 {run.id[-4:]}"


def of_labels(seed: int, threshold: float) -> Run:
    """A finished run of two labels, whose thresholds are its own."""
    run = stored_run(seed, right=0.5)
    task, rng = multi_label(["cat", "dog"]), np.random.default_rng(0)
    for split in ("validation", "test"):
        ids = run.predictions(split).ids
        targets = (rng.random((len(ids), 2)) < 0.5).astype(np.uint8)
        logits = (2.0 * targets - 1 + rng.normal(0, 1, targets.shape)).astype(np.float32)
        Predictions(task, split, ids, targets, logits).save(run.path / f"predictions-{split}.npz")
    run.write("classifier.json", {"task": task.as_dict()})
    run.write("thresholds.json", {"values": {"cat": threshold, "dog": 0.5}})
    return run


_trained: dict[str, Run] = {}  # by configuration; a folder of each that no test changes


def run_of(task: str, **values: object) -> Run:
    """A run of a few shapes in this test's own runs folder; each configuration is trained once a session."""
    from clfcore.runs.execute import execute

    data = f"shapes-{task}:count=150,side=24"
    recipe = {"epochs": 2, "image_size": 24}
    config = make({"data": data, "architecture": "lenet5", "recipe": recipe, **values})
    key = config.model_dump_json()
    if key not in _trained:
        run = create_run(config)
        execute(run)
        _trained[key] = Run(Path(shutil.copytree(run.path, run.path.parents[1] / "trained" / run.id)))
        return run
    return Run(Path(shutil.copytree(_trained[key].path, runs_folder() / _trained[key].id)))
