"""What an export is made of and verified on: a run with its own images, or an architecture with photos that ship."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore.architectures.catalogue import architecture
from clfcore.architectures.pretrained import PACKAGED
from clfcore.classifier import Classifier
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import Split
from clfcore.errors import InputError
from clfcore.export.exportable import EnergyRule, Exportable, SetLimit
from clfcore.export.verify import Proof, proof_of, squares_of
from clfcore.predictions import Predictions
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import open_classifier
from clfcore.runs.prediction_sets import kept_set_rule
from clfcore.runs.run_data import open_run_data
from clfcore.runs.temperature import temperature_of
from clfcore.runs.unknown_file import kept_rule
from clfcore.task import Task
from clfcore.unlike import unlike_message

PHOTOS = "clothing-small"  # that an architecture's export is verified on


@dataclass(frozen=True, eq=False)
class Source:
    """A classifier to export, the images of its proof, and the predictions that its run keeps of them."""

    exportable: Exportable
    proof: Proof
    stored: Predictions | None = None


def open_source(name: str, runs: Path | None, *, progress: Progress | None = None) -> Source:
    """A run by id or folder, or an architecture's published weights. Raises InputError."""
    classifier = open_classifier(name, runs)
    if classifier.folder is None:
        return _with_photos(classifier, progress)
    run = Run(classifier.folder)
    config = run.config
    licence = "of your own training" if config.weights == "none" else _licence(config.architecture)
    dataset = open_run_data(run)
    held_out: tuple[Split, ...] = ("test", "validation")
    split = next((name for name in held_out if len(dataset.splits.get(name, ()))), None)
    if split is None:
        raise InputError(f"run {run.id} has no test or validation images any more: bring them back to verify an export")
    exportable = Exportable(
        classifier,
        temperature_of(run) or 1.0,
        licence,
        unknown=energy_rule(run, classifier.task),
        sets=set_limit(run),
    )
    stored = run.predictions(split) if split in run.splits else None
    return Source(exportable, proof_of(classifier, dataset, split, progress=progress), stored)


def energy_rule(run: Run, task: Task) -> EnergyRule | None:
    """What tells a run's strangers without training embeddings, which no export carries; None where it keeps none."""
    rule = kept_rule(run)
    limit = None if rule is None else rule.usable(distances=False)
    if rule is None or limit is None:
        return None
    return EnergyRule(limit.threshold, unlike_message(task, limit.score), rule.basis(limit))


def set_limit(run: Run) -> SetLimit | None:
    """Which classes are in the prediction set; None where the run keeps no coverage."""
    rule = kept_set_rule(run)
    return None if rule is None else SetLimit(rule.coverage, rule.threshold, rule.level)


def with_photos(name: str, runs: Path | None) -> Source:
    """A run or an architecture to be verified on the photos that ship, as where its own images are gone."""
    return _with_photos(open_classifier(name, runs), None)


def _with_photos(classifier: Classifier, progress: Progress | None) -> Source:
    licence = _licence(classifier.name) if classifier.folder is None else ""
    exportable = Exportable(classifier, licence=licence)
    return Source(exportable, proof_of(classifier, open_dataset(PHOTOS), "data", progress=progress))


def calibration_squares(source: Source, count: int) -> np.ndarray:
    """N x S x S x 3 squares of training images, drawn evenly; of an architecture the photos that ship."""
    proof = source.proof
    places = np.linspace(0, len(proof.train) - 1, min(count, len(proof.train))).round().astype(int)
    return squares_of(proof.classifier, proof.decoded, proof.train[np.unique(places)])


def _licence(name: str) -> str:
    """Of an architecture's published weights, as far as it is known."""
    if name in PACKAGED:
        return "weights: Apache-2.0"
    if name.startswith("timm/"):
        return "weights: as timm's configuration of the network says"
    return "weights: BSD-3-Clause, trained on ImageNet-1k" if architecture(name).weights else "of your own training"
