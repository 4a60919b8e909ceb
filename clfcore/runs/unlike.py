"""What tells the pictures that are unlike a run's training images: made when the run ends, else on demand.

`training-embeddings.npz` of a run's folder holds a sample of the training images' embeddings and of the validation
images', a few MB at most; `unknown.json` the rule that was chosen on those (`clfcore.unlike`).
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.embeddings.left_out import leave_classes_out
from clfcore.embeddings.reference import (
    MOST_IMAGES,
    MOST_VALIDATION,
    Embedded,
    Reference,
    make_reference,
    sampled,
)
from clfcore.errors import Failure, InputError
from clfcore.files import write_whole
from clfcore.heavy_imports import load
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from clfcore.runs.unknown_file import UnknownFile, keep_rule, kept_rule
from clfcore.task import Task
from clfcore.unlike import (
    FALSE_ALARMS,
    PUBLISHED,
    Caught,
    Limit,
    Rule,
    Score,
    Unlike,
    best_first,
    energy,
    judge,
    limit_of,
)

if TYPE_CHECKING:
    from clfcore.classifier import Classifier

FILE = "training-embeddings.npz"
BATCH = 16
LARGEST = 64 << 20  # bytes of a file that is read

# Some items' embeddings, n x D; of a split, by their places in it.
Embed = Callable[[Split, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Judge:
    """A classifier's rule, and the training embeddings that it measures from; None where it has none."""

    rule: Rule
    reference: Reference | None

    @property
    def limit(self) -> Limit | None:
        """The limit that is applied."""
        return self.rule.usable(distances=self.reference is not None)

    @property
    def compares(self) -> bool:
        """Whether it looks at embeddings, beside the logits."""
        return self.reference is not None and self.limit is not None and self.limit.score == "neighbors"

    def of(self, classifier: "Classifier", square: np.ndarray) -> Unlike | None:
        """Whether a picture is unlike: its square, size x size x C, as the network sees it."""
        logits, embeddings = self.look(classifier, square[None])
        return self.of_outputs(classifier.task, logits, embeddings)[0]

    def look(self, classifier: "Classifier", squares: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Logits of N squares, N x columns, and the embeddings that are compared, None where none are."""
        seen = classifier.outputs(squares, embeddings=self.compares)
        return seen.logits, seen.embeddings

    def of_outputs(self, task: Task, logits: np.ndarray, embeddings: np.ndarray | None) -> tuple[Unlike | None, ...]:
        """Whether each of N pictures is unlike. logits: N x columns, as the network gives them; embeddings: N x D."""
        distances: list[float | None] = [None] * len(logits)
        if embeddings is not None and self.reference is not None and self._fits(embeddings):
            distances = [float(far) for far in self.reference.distance(embeddings)]
        return tuple(judge(self.rule, task, row, distance=far) for row, far in zip(logits, distances, strict=True))

    def _fits(self, embeddings: np.ndarray) -> bool:
        return self.compares and self.reference is not None and embeddings.shape[1] == self.reference.train.shape[1]


def judge_for(classifier: "Classifier", progress: Progress | None = None) -> Judge | None:
    """What tells a classifier's strangers: the rule that its run keeps, else one that is made now and kept.

    None of a run without validation predictions. Raises InputError where these are damaged.
    """
    if classifier.folder is None:
        return Judge(PUBLISHED, None)
    run = Run(classifier.folder)
    if "validation" not in run.splits:
        return None
    rule, without = kept_rule(run), ""
    reference = kept_reference(run)
    if reference is None and (rule is None or rule.chosen.score == "neighbors"):
        try:
            reference = reference_on_demand(run, classifier, progress)
        except InputError as error:
            without = f"its training images cannot be compared with: {error}"
    if rule is None:
        rule = make_rule(run, reference, without=without)
        if rule is None:
            return None
        if reference is not None:  # else the next start tries again
            with contextlib.suppress(Failure, OSError):
                keep_rule(run, rule)
    elif without:
        rule = replace(rule, why=without)
    return Judge(rule, reference)


def make_rule(
    run: Run, reference: Reference | None, *, false_alarms: float = FALSE_ALARMS, without: str = ""
) -> Rule | None:
    """A run's rule: limits at a rate of false alarms on its validation images, the better score first.

    without: why there is no reference. None where neither score applies. Raises InputError where the predictions are
    damaged.
    """
    stored = run.predictions("validation")
    if not len(stored):
        return None
    if reference is not None and not set(reference.validation_ids) & set(stored.ids):
        reference, without = None, "its validation images are others than those of its embeddings"
    left_out = None
    if reference is not None:
        left_out = leave_classes_out(stored.task, reference, false_alarms=false_alarms)
    near: Mapping[Score, Caught] = left_out.caught if left_out is not None else {}
    limits = []
    if reference is not None:
        limits.append(limit_of("neighbors", reference.validation, false_alarms, near=near.get("neighbors")))
    if has_energy(run, stored.task):
        energies = energy(stored.logits, stored.task)
        limits.append(limit_of("energy", energies, false_alarms, near=near.get("energy")))
    return Rule(best_first(tuple(limits)), false_alarms, without) if limits else None


def has_energy(run: Run, task: Task) -> bool:
    """Whether the run's logits have an energy: not where a hierarchy's were read along its paths."""
    return task.kind != "hierarchical" or run.config.decoding == "levels"


def kept_reference(run: Run) -> Reference | None:
    """What the run keeps; None where it keeps nothing, or the file is damaged: it is then made anew."""
    path = run.path / FILE
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            known = tuple(stored.get(name) for name in _LATER)
            reference = Reference(
                stored["train"], tuple(stored["validation_ids"].tolist()), stored["validation"], *known
            )
    except Exception:  # numpy and zipfile raise a dozen kinds on damaged files
        return None
    return reference if _is_whole(reference) else None


_LATER = ("train_targets", "validation_embeddings", "validation_targets")  # arrays that older runs did not keep


def _is_whole(reference: Reference) -> bool:
    """Whether the arrays have the kinds, shapes and finite values that they should."""
    train, distances, names = reference.train, reference.validation, reference.validation_ids
    whole = (
        train.dtype == np.float16
        and train.ndim == 2
        and len(train) > 0
        and distances.dtype == np.float32
        and distances.shape == (len(names),)
        and all(isinstance(name, str) for name in names)
        and np.isfinite(train).all()
        and np.isfinite(distances).all()
    )
    later = (reference.train_targets, reference.validation_embeddings, reference.validation_targets)
    if not whole or all(values is None for values in later):
        return bool(whole)
    of_train, embeddings, of_validation = later
    if of_train is None or embeddings is None or of_validation is None:
        return False
    return bool(
        len(of_train) == len(train)
        and embeddings.shape == (len(names), train.shape[1])
        and np.isfinite(embeddings).all()
        and len(of_validation) == len(names)
        and of_train.dtype.kind in "iub"
        and of_validation.dtype.kind in "iub"
    )


def reference_on_demand(
    run: Run, classifier: "Classifier", progress: Progress | None = None, *, with_targets: bool = False
) -> Reference:
    """What the run keeps, else made from its data, and kept. Raises InputError where its data is gone or unsuited.

    with_targets: what an older run kept without them is made anew.
    """
    kept = kept_reference(run)
    if kept is not None and (kept.train_targets is not None or not with_targets):
        return kept
    dataset = open_run_data(run)

    def squares(indices: np.ndarray) -> np.ndarray:
        return np.stack([square_of_item(classifier, dataset, int(i)) for i in indices])

    made = _made(
        dataset, lambda split, rows: embed_squares(classifier, squares, dataset.splits[split][rows], progress=progress)
    )
    if made is None:
        raise InputError(f"the embeddings of {run.id} cannot be compared: they are too few, too large or no numbers")
    keep(run, made)
    return made


def square_of_item(classifier: "Classifier", dataset: ImageDataset, index: int) -> np.ndarray:
    """An item of any data as a classifier sees it, size x size x C."""
    pixels = dataset.image(index, least_side=classifier.preprocess.stored_side)
    if pixels.dtype == np.uint8 and pixels.shape[-1] == 1:
        pixels = np.repeat(pixels, 3, axis=-1)  # as a gray file is read
    return classifier.square(pixels)


def keep_reference(run: Run, dataset: ImageDataset, embed: Embed) -> None:
    """Make and keep what a finished run compares pictures with, and its rule. Raises what `embed` does."""
    (run.path / UnknownFile.file).unlink(missing_ok=True)  # of what was predicted before
    made = _made(dataset, embed)
    if made is None:
        return
    keep(run, made)
    rule = make_rule(run, made)
    if rule is not None:
        with contextlib.suppress(Failure, OSError):
            keep_rule(run, rule)


def keep(run: Run, reference: Reference) -> None:
    """Write it to the run's folder, whole or not at all; a folder that cannot be written keeps nothing."""

    def write(partial: Path) -> None:
        with partial.open("wb") as file:
            np.savez(
                file,
                train=reference.train,
                validation_ids=np.array(reference.validation_ids, np.str_),
                validation=reference.validation,
                **{name: values for name in _LATER if (values := getattr(reference, name)) is not None},
            )

    with contextlib.suppress(Failure, OSError):
        write_whole(run.path / FILE, write)


def embed_squares(
    classifier: "Classifier",
    squares: Callable[[np.ndarray], np.ndarray],
    indices: np.ndarray,
    *,
    progress: Progress | None = None,
) -> np.ndarray:
    """Embeddings of some items, n x D. squares: indices -> n x size x size x C, as the network sees them."""
    load("torch")
    from clfcore.explain.examples import embedded

    parts = []
    for start in range(0, len(indices), BATCH):
        parts.append(embedded(classifier, squares(indices[start : start + BATCH])).embeddings)
        if progress:
            progress(min(start + BATCH, len(indices)), len(indices))
    return np.concatenate(parts)


def _made(dataset: ImageDataset, embed: Embed) -> Reference | None:
    train, validation = (dataset.splits.get(split, np.empty(0, np.int64)) for split in ("train", "validation"))
    if not len(train) or not len(validation):
        return None
    of_train = sampled(dataset.targets[train], MOST_IMAGES)
    of_validation = np.random.default_rng(0).permutation(len(validation))[:MOST_VALIDATION]
    return make_reference(
        _embedded(dataset, train[of_train], embed("train", of_train)),
        _embedded(dataset, validation[of_validation], embed("validation", of_validation)),
    )


def _embedded(dataset: ImageDataset, items: np.ndarray, embeddings: np.ndarray) -> Embedded:
    return Embedded(embeddings, dataset.targets[items], tuple(dataset.ids[int(i)] for i in items))
