"""Verified exports: a classifier leaves the lab only together with the proof that it answers as it was evaluated."""

import hashlib
import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.errors import Failure, InputError, unknown
from clfcore.files import shortened, typed_path
from clfcore.progress import Progress
from clfcore.results import Result

if TYPE_CHECKING:
    from clfcore.export.formats import Format
    from clfcore.export.onnx_model import Predictor
    from clfcore.export.verify import Accuracy, Latency, Parity, Verification

FORMAT_NAMES = (  # as `formats.FORMATS` has them, without importing torch
    "onnx",
    "onnx-int8",
    "pt2",
    "script",
    "web",
    "timm",
    "container",
    "triton",
    "kserve",
    "ray-serve",
)
WITHOUT_EXTRA = ("pt2", "timm")  # these need torch and timm alone
PACKAGES = ("onnx", "onnxscript", "onnxruntime")  # the extra `export`, which all others need
POINTS = 0.02  # of accuracy that 8-bit integers may lose
CALIBRATE = 200  # training images that set the ranges of 8-bit integers


def missing_packages(format: str) -> tuple[str, ...]:
    """Packages of the extra `export` that a format needs and that are not installed."""
    needed = () if format in WITHOUT_EXTRA else PACKAGES
    return tuple(name for name in needed if importlib.util.find_spec(name) is None)


@dataclass(frozen=True)
class ExportedFile(Result):
    """A file of an export."""

    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Exported(Result):
    """An export and its proof. stored: parity with the predictions that the run keeps, which may have been made in
    another precision; accuracy: None where the images have no labels."""

    run: str
    format: str
    out: Path
    files: tuple[ExportedFile, ...]
    parity: "Parity"
    stored: "Parity | None"
    accuracy: "Accuracy | None"
    latency: "Latency"


def export(
    run: str,
    *,
    format: str,
    out: str | Path,
    calibrate: int = CALIBRATE,
    tolerance: float | None = None,
    overwrite: bool = False,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write a run, or an architecture with its ImageNet weights, as `format`, verified on the run's own images.

    The proof is made on the test split (else validation; for an architecture on the photos that ship). out: a file for
    onnx, onnx-int8, pt2 and web, else a folder. calibrate: training images that set the ranges of 8-bit integers.
    tolerance: the largest difference of a logit as a share of the largest logit (default 1e-4; of web, whose weights
    are float16, 0.01); for onnx-int8 the share of accuracy that may be lost (default 0.02). Raises Failure where parity
    is missed, and nothing stands at `out`; InputError for what cannot be.
    """
    if format not in FORMAT_NAMES:
        raise unknown("format", format, FORMAT_NAMES)
    if calibrate < 1:
        raise InputError(f"calibrate is {calibrate}: it must be at least 1 image")
    if tolerance is not None and not 0 <= tolerance <= 1:
        raise InputError(f"tolerance is {tolerance:g}: it must be from 0 to 1")
    from clfcore.export.formats import FORMATS
    from clfcore.export.onnx_model import check_packages
    from clfcore.export.sources import calibration_squares, open_source
    from clfcore.export.verify import verify

    row = FORMATS[format]
    check_packages(row.needs)
    target = _free(out, folder=row.folder, overwrite=overwrite)
    source = open_source(run, runs, progress=progress)
    squares = None if row.exact else calibration_squares(source, calibrate)
    with _whole(target) as partial:
        row.write(source.exportable, partial, squares)
        with _opened(_reader(row, partial, source.exportable.classifier.name)) as predict:
            verification = verify(
                source.exportable.classifier, source.proof, predict, stored=source.stored, progress=progress
            )
        _check(verification, source.exportable.classifier.name, row=row, tolerance=tolerance)
        if row.prove is not None:
            row.prove(partial, verification)
    files = sorted(path for path in target.rglob("*") if path.is_file()) if row.folder else [target]
    return Exported(
        source.exportable.classifier.name,
        format,
        target,
        tuple(ExportedFile(path, path.stat().st_size, _sha256(path)) for path in files),
        verification.parity,
        verification.stored,
        verification.accuracy,
        verification.latency,
    )


def _reader(row: "Format", partial: Path, name: str) -> "Predictor":
    """What answers by the file that was just written. Raises Failure where its own library does not open it."""
    try:
        return row.read(partial)
    except InputError as error:
        reason = str(error).replace(str(partial), "the file")
        raise Failure(
            f"{name} was not exported: what was written as {row.name} does not open here ({reason})"
        ) from error


def _check(verification: "Verification", name: str, *, row: "Format", tolerance: float | None) -> None:
    """Raises Failure where the proof is missed."""
    parity, accuracy = verification.parity, verification.accuracy
    if row.exact:
        most = (row.logits if tolerance is None else tolerance) * parity.largest_logit
        if parity.max_abs_logit > most or (parity.top1_agreement < row.agreement and tolerance is None):
            raise Failure(
                f"{name} was not exported: {parity.describe()} (allowed {most:.2g}), worst on {parity.worst_item}; "
                "nothing was written"
            )
        return
    lost = 1 - parity.top1_agreement if accuracy is None else accuracy.run - accuracy.export
    allowed = POINTS if tolerance is None else tolerance
    if lost > allowed:
        images = f"{parity.items:,} {parity.split} images"
        what = f"lose {100 * lost:.1f} points of accuracy on {images}"
        if accuracy is None:
            what = f"change the answer of {100 * lost:.1f}% of {images}"
        raise Failure(
            f"{name} was not exported: 8-bit integers {what} (allowed {100 * allowed:.1f}); raise "
            "--calibrate, accept it by --tolerance, or take onnx; nothing was written"
        )


def _free(out: str | Path, *, folder: bool, overwrite: bool) -> Path:
    """The path to write. Raises InputError where something stands there."""
    path = typed_path(out, "out")
    named = f"out is {shortened(str(path))!r}"
    if path.exists() and not overwrite:
        raise InputError(f"{named}, which is there already: name another, or give --overwrite to replace it")
    if path.exists() and path.is_dir() != folder:
        raise InputError(f"{named}, which is a {'file' if folder else 'folder'}: name another")
    if path.is_dir() and not (path / "preprocess.json").is_file() and any(path.iterdir()):
        raise InputError(f"{named}, a folder that no export wrote: name another")
    return path


@contextmanager
def _opened(predict: "Predictor") -> Iterator["Predictor"]:
    """What answers for an export; a server ends with the proof."""
    try:
        yield predict
    finally:
        getattr(predict, "close", lambda: None)()


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A temporary place beside the target that becomes it at the end: whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        partial = temporary / target.name
        yield partial
        if target.is_dir():
            shutil.rmtree(target)
        partial.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
