"""Where a run's first weights come from, where they are one's own: another run's, or a file's. Imports no torch."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from clfcore.architectures.ancestry import Ancestor
from clfcore.architectures.catalogue import architecture
from clfcore.architectures.pretrained import at_hand, not_here
from clfcore.errors import InputError, nearest
from clfcore.files import typed_path
from clfcore.resolve import WeightsSource
from clfcore.runs.folder import Run, open_run
from clfcore.runs.records import StartingClassifier


def digest(path: Path) -> str:
    """The content of a file of tensors, so that what was computed with them is found again by it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def ancestors_of(source: WeightsSource) -> tuple[Ancestor, ...]:
    """The source and those it came from in its turn, the nearest first."""
    if source.folder is None:
        return (Ancestor(file=str(source.path), digest=digest(source.path)),)
    run = Run(source.folder)
    config = run.config
    older = run.data.ancestry.ancestors or (Ancestor(weights=config.weights),)
    nearest_run = Ancestor(run=run.id, data=config.data, strategy=config.strategy, digest=digest(source.path))
    return (nearest_run, *older)


def source_of(weights: str | None, published: Sequence[str]) -> WeightsSource | None:
    """The run or file that `weights` names; None where it is none, default or published. Raises InputError."""
    known = ("none", "default", *published)
    if weights is None or weights in known:
        return None
    path = typed_path(weights, "weights")
    if path.is_file():
        in_run_folder = path.name == "best.safetensors" and (path.parent / "classifier.json").exists()
        return (
            _of_run(Run(path.parent.resolve())) if in_run_folder else WeightsSource(path.resolve(), str(path.resolve()))
        )
    try:
        run = open_run(weights)
    except InputError as error:
        if " could be " in str(error):
            raise
        raise InputError(
            f"weights is {weights!r}: no run and no file has that name{nearest(weights, known)}; take "
            f"{', '.join(known[:3])}, a run (see `runs`) or a .safetensors file"
        ) from None
    file = run.path / "best.safetensors"
    if not file.exists() or not (run.path / "classifier.json").exists():
        raise InputError(f"weights is {weights!r}: that run is {run.state} and has no weights yet; let it finish first")
    return _of_run(run)


def absent_weights(name: str, weights: str | None) -> str | None:
    """The tag of the published weights that a run of network `name` would begin with and that are not here.

    weights: as a configuration has them; None where they are here, are one's own, none, or still open.
    """
    row = architecture(name)
    if weights is None or weights not in ("default", *row.weights) or not row.weights:
        return None
    tag = row.default_weights if weights == "default" else weights
    return None if at_hand(row, tag) else tag


def require_at_hand(name: str, weights: str | None) -> None:
    """Raises InputError where a run would begin with published weights that are not here: no run downloads any."""
    if (tag := absent_weights(name, weights)) is not None:
        raise not_here(architecture(name), tag)


def source_on_resume(run: Run, published: Sequence[str]) -> WeightsSource | None:
    """The run or file that a run began with; where it is gone, what the run recorded of it, if its checkpoint suffices.

    Feature extraction has no checkpoint that does: its embeddings come from the weights. Raises InputError.
    """
    try:
        return source_of(run.config.weights, published)
    except InputError:
        if run.config.strategy == "feature-extraction" or not (run.path / "checkpoint.pt").exists():
            raise
        ancestry = run.data.ancestry
        parent = next(iter(ancestry.ancestors), None)
        spec = run.read(StartingClassifier).spec
        if parent is None or run.config.weights is None or (parent.run is not None and spec is None):
            raise
        path = Path(run.config.weights)
        if parent.run is None:
            return WeightsSource(path, str(path), ancestry=ancestry)
        return WeightsSource(path / "best.safetensors", f"run {parent.run}", spec, path, ancestry)


def _of_run(run: Run) -> WeightsSource:
    return WeightsSource(run.path / "best.safetensors", f"run {run.id}", run.classifier, run.path)
