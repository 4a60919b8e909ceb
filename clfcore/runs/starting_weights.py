"""Where a run's first weights come from, where they are one's own: another run's, or a file's. Imports no torch."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clfcore.architectures.catalogue import Architecture
from clfcore.config import RunConfig
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError, nearest
from clfcore.files import typed_path
from clfcore.runs.folder import Run, open_run


@dataclass(frozen=True)
class Source:
    """A file of tensors, and the run it belongs to where it is one's."""

    path: Path
    run: Run | None = None

    @property
    def name(self) -> str:
        return f"run {self.run.id}" if self.run else str(self.path)

    @property
    def preprocess(self) -> Preprocess | None:
        """A run's own; None for a file, which does not say."""
        return Preprocess.from_dict(self.run.classifier["preprocess"]) if self.run else None

    def digest(self) -> str:
        """The content of the tensors' file, so that what was computed with them is found again by it."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()

    def history(self) -> list[dict[str, Any]]:
        """The source and those it came from in its turn, the nearest first."""
        if self.run is None:
            return [{"file": str(self.path), "digest": self.digest()}]
        older = self.run.data.get("ancestry", {}).get("ancestors") or [{"weights": self.run.config.weights}]
        about = {"run": self.run.id, "data": self.run.config.data, "strategy": self.run.config.strategy}
        return [{**about, "digest": self.digest()}, *older]


def source_of(weights: str | None, row: Architecture) -> Source | None:
    """The run or file that `weights` names; None where it is none, default or published. Raises InputError."""
    known = ("none", "default", *row.weights)
    if weights is None or weights in known:
        return None
    path = typed_path(weights, "weights")
    if path.is_file():
        beside = path.name == "best.safetensors" and (path.parent / "classifier.json").exists()
        return Source(path.resolve(), Run(path.parent.resolve()) if beside else None)
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
    return Source(file, run)


def inherit(config: RunConfig, source: Source | None) -> RunConfig:
    """The configuration with what a source decides: options and image size of the run, and fine-tuning by default.

    Raises InputError where the run is of another network.
    """
    if source is None:
        return config
    values: dict[str, Any] = {"weights": str(source.run.path if source.run else source.path)}
    if config.strategy is None:
        values["strategy"] = "fine-tuning"
    if source.run is not None:
        stored = source.run.classifier
        for name in ("architecture", "options"):
            mine = getattr(config, name)
            if mine and mine != stored[name]:
                raise InputError(
                    f"{name} is {_said(mine)}: {source.name} has {_said(stored[name])}; take the same, or other weights"
                )
        values["options"] = stored["options"]
        if config.recipe.image_size is None:
            values["recipe"] = {"image_size": stored["preprocess"]["size"]}
    return config.changed(**values)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={option}" for key, option in value.items()) or "no options"
    return str(value)
