"""Predictions for a folder, a zip or a CSV manifest of pictures, as a table."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clfcore.errors import InputError
from clfcore.files import typed_path
from clfcore.inference.many import check_kind, write_table
from clfcore.inference.pictures import open_pictures
from clfcore.inference.predictor import predictor_of
from clfcore.inference.table import MOST_RANKS, columns_of
from clfcore.outputs import MADE_BY, output_path
from clfcore.progress import Progress
from clfcore.results import JsonObject, Result


@dataclass(frozen=True)
class PredictionTable(Result):
    """A table of predictions that was written.

    files: its rows; predicted, errors: those with and without a prediction; unlike: those unlike the training images,
    or of which no class is likely; None where that cannot be told. resumed: rows that an interrupted start had
    written. classes: how often each was predicted, of a hierarchy those of the finest level.
    """

    model: str
    out: Path
    files: int
    predicted: int
    errors: int
    unlike: int | None
    resumed: int
    classes: JsonObject
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether every picture has a prediction."""
        return not self.errors


def predict_many(
    name: str,
    sources: Sequence[str],
    *,
    out: str | Path,
    k: int = 2,
    views: str | None = None,
    sure: float = 0.0,
    calibrated: bool = False,
    coverage: float | None = None,
    overwrite: bool = False,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> PredictionTable:
    """Predictions for the pictures of folders, zips and CSV manifests (column `path`), as CSV or Parquet at `out`.

    Columns by task: `file`; `label`, `probability`, `second`, … (k of them), or `labels` and a probability a class, or
    a column a level; `set`, where a coverage is given or the run keeps one (`sets`); `unlike`; `error`, why a file has
    no prediction. Interrupted, the table is at `out`.part, and the
    same call goes on after its last complete row. Raises InputError where a source has no pictures.
    """
    if not 1 <= k <= MOST_RANKS:
        raise InputError(f"top is {k}: a table has from 1 to {MOST_RANKS} classes a picture")
    if not 0 <= sure <= 1:
        raise InputError(f"sure is {sure:g}: it must be from 0 to 1")
    from clfcore.runs.open_classifier import open_classifier  # brings torch along

    started = time.monotonic()
    with open_pictures(sources) as pictures:
        check_kind(typed_path(out, "out"))
        predictor = predictor_of(
            open_classifier(name, runs), views=views, calibrated=calibrated, coverage=coverage, progress=progress
        )
        rule = predictor.sets
        columns = columns_of(predictor.task, k, sets=rule is not None)
        target = output_path(out, inputs=sources, marks=(columns.header[:200], MADE_BY), overwrite=overwrite)
        about: JsonObject = {
            "model": predictor.name,
            "sources": list(sources),
            "top": k,
            "views": views,
            "sure": sure,
            "temperature": predictor.temperature,
            "sets": None if rule is None else [rule.level, rule.threshold],
            "thresholds": None if predictor.thresholds is None else list(predictor.thresholds),
        }
        table = write_table(predictor, pictures, target, columns=columns, about=about, sure=sure, progress=progress)
    counts = table.counts
    return PredictionTable(
        predictor.name,
        target,
        counts.files,
        counts.files - counts.errors,
        counts.errors,
        None if predictor.judge is None else counts.unlike,
        table.resumed,
        counts.classes,
        time.monotonic() - started,
    )
