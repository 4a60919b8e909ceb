"""A run, or an architecture with its ImageNet weights, opened as a Classifier."""

from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import load_model

from clfcore.architectures.adapt_weights import check_kinds, check_numbers
from clfcore.architectures.attention_pooling import with_attention_head
from clfcore.architectures.build import build, replace_head
from clfcore.architectures.catalogue import architecture
from clfcore.architectures.heads import embedding_width, make_head
from clfcore.architectures.imagenet_labels import imagenet_labels
from clfcore.classifier import Classifier, of_architecture
from clfcore.errors import InputError, nearest
from clfcore.files import typed_path
from clfcore.randomness import undrawn
from clfcore.runs import folder as run_folder
from clfcore.runs.folder import Run
from clfcore.task import Task, single_label


def open_classifier(name: str, folder: Path | None = None) -> Classifier:
    """A run (by id or folder) or an architecture's ImageNet weights. Raises InputError where it is neither.

    Opening costs seconds for a large network: callers keep what they opened.
    """
    known = run_folder.run_folders(folder)
    if _is_run(name, known):
        return classifier_of(run_folder.open_run(name, folder))
    try:
        architecture(name)
    except InputError:
        raise InputError(
            f"{name!r} is no run and no architecture{nearest(name, [run.id for run in known])}: "
            "see `runs` for runs and `architectures` for architectures"
        ) from None
    return of_architecture(name)


def task_of(name: str, folder: Path | None = None) -> Task:
    """What a run, or an architecture's ImageNet weights, can answer. Raises InputError where it is neither.

    Opens no weights but those of timm, whose label sets differ.
    """
    if _is_run(name, run_folder.run_folders(folder)):
        return run_folder.open_run(name, folder).task
    row = architecture(name)
    if row.weights and not row.name.startswith("timm/"):
        return single_label(imagenet_labels())
    return of_architecture(name).task


@undrawn()
def classifier_of(run: Run) -> Classifier:
    """A completed run with its best weights. Raises InputError where the run has none or they do not fit."""
    if not (run.path / "best.safetensors").exists() or not (run.path / "classifier.json").exists():
        raise InputError(f"run {run.id} is {run.state} and has no weights to open: let it finish, or resume it")
    spec = run.classifier
    preprocess, task = spec.preprocess, spec.task
    network = build(
        spec.architecture,
        columns=task.columns,
        channels=spec.channels,
        image_size=preprocess.size,
        options=spec.options,
        fit=preprocess.fit,
    )
    module = network.module
    if spec.head == "mlp":
        replace_head(module, make_head("mlp", embedding_width(module), task.columns))
    if spec.head == "attention":
        module = with_attention_head(module, task.columns, channels=spec.channels, side=preprocess.size)
    try:
        check_kinds(run.path / "best.safetensors", module)
        load_model(module, run.path / "best.safetensors")
        check_numbers(module, str(run.path / "best.safetensors"))
    except InputError:
        raise
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise InputError(f"{run.path / 'best.safetensors'} is damaged or of another network ({reason})") from error
    return Classifier(
        run.id,
        module.eval(),
        preprocess,
        task,
        folder=run.path,
        head=spec.head,
        decoding=spec.decoding,
        thresholds=run.thresholds,
    )


def _is_run(name: str, known: Sequence[Run]) -> bool:
    return (typed_path(name, "model") / "state.json").exists() or any(run.id.startswith(name) for run in known)
