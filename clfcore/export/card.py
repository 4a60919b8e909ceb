"""Model card of an export in a few facts: what a stranger who is handed the file should know of the model."""

from dataclasses import dataclass

from clfcore.evaluation.compare import hits
from clfcore.evaluation.intervals import wilson
from clfcore.export.exportable import Exportable
from clfcore.runs.about import about
from clfcore.runs.cautions import cautions
from clfcore.runs.data_title import data_title
from clfcore.runs.folder import Run
from clfcore.training.phases import count_parameters

RIGHT = {
    "single-label": "right",
    "multi-label": "right in every label",
    "hierarchical": "right at the finest level",
}


@dataclass(frozen=True)
class Fact:
    """A fact of a model: its title, and the text beside it."""

    title: str
    text: str


@dataclass(frozen=True)
class Card:
    """Title of a model, what it does in a sentence, its facts, and what makes its score flatter or vague."""

    title: str
    purpose: str
    facts: tuple[Fact, ...]
    cautions: tuple[str, ...] = ()


def card_of(source: Exportable) -> Card:
    """Card of a run, or of an architecture with its published weights. Raises InputError where the run is damaged."""
    classifier = source.classifier
    task, preprocess = classifier.task, classifier.preprocess
    parts = {
        "crop": "the middle square of a picture",
        "pad": "all of a picture, on an even ground",
        "squash": "all of a picture, squeezed into a square",
    }
    seen = Fact("It sees", f"{parts[preprocess.fit]}, {preprocess.size} x {preprocess.size} pixels")
    count = f"{count_parameters(classifier.module) / 1e6:,.1f} million parameters"
    what = {
        "single-label": f"Tells {len(task.classes):,} classes apart",
        "multi-label": f"Finds which of {len(task.classes):,} labels a picture has",
        "hierarchical": f"Names a picture on {len(task.levels)} levels, from {task.levels[0].name} "
        f"to {task.levels[-1].name}",
    }[task.kind]
    if classifier.folder is None:
        published = (Fact("Network", f"{classifier.name}, {count}"), Fact("Data", "ImageNet-1k, as published"), seen)
        return Card(f"{classifier.name} on ImageNet", f"{what}, those of ImageNet.", published)
    run = Run(classifier.folder)
    config, name = run.config, data_title(run)
    sizes = ", ".join(f"{count:,} {split}" for split, count in run.data.splits.items() if count)
    begun = "from scratch" if config.weights == "none" else f"by {(config.strategy or '').replace('-', ' ')}"
    facts = (
        Fact("Network", f"{config.architecture}, {count}, trained {begun}"),
        Fact("Data", f"{name}: {sizes} images" if sizes else name),
        *_accuracy(run),
        seen,
        Fact("Run", run.id),
    )
    return Card(about(run).name or f"{config.architecture} on {name}", f"{what}.", facts, cautions(run))


def _accuracy(run: Run) -> tuple[Fact, ...]:
    """Share of right answers with its 95% interval, on test, else on validation; nothing where there is neither."""
    split = next((name for name in ("test", "validation") if name in run.splits), None)
    if split is None:
        return ()
    predictions = run.predictions(split)
    right = hits(predictions)
    count = int(right.sum())
    interval = wilson(count, len(right))
    if interval is None:
        return ()
    low, high = (f"{100 * end:.1f}" for end in interval)
    kind = RIGHT[predictions.task.kind]
    of = f"{count:,} of {len(right):,} {split} images"
    return (Fact("Accuracy", f"{100 * right.mean():.1f}% {kind}: {of}, 95% interval {low} to {high}"),)
