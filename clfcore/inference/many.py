"""Predictions for very many pictures, streamed into a table that an interrupted start goes on with."""

import csv
import importlib.util
import io
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from clfcore.data.thread_pool import threads
from clfcore.errors import InputError
from clfcore.file_lock import locked
from clfcore.files import cannot_write, shortened, write_json
from clfcore.inference.image_prediction import ImagePrediction
from clfcore.inference.pictures import PictureFile
from clfcore.inference.predictor import Predictor, Prepared
from clfcore.inference.table import Columns, Counts, counted, read_rows
from clfcore.outputs import MADE_BY
from clfcore.progress import Progress
from clfcore.results import JsonObject
from clfcore.spreadsheet import csv_line, unescaped

BATCH = 16
_AHEAD = 2 * BATCH  # pictures that are decoded before they are needed


@dataclass(frozen=True)
class Written:
    """A table: what is in it, and how many of its rows an interrupted start had written."""

    counts: Counts
    resumed: int


def predictions_of(
    predictor: Predictor, pictures: Sequence[PictureFile], k: int, *, sure: float = 0.0
) -> Iterator[tuple[ImagePrediction, ...]]:
    """Predictions for pictures in their order, a batch at a time; a damaged one has an error and no answer."""
    pool = ThreadPoolExecutor(threads(), thread_name_prefix="pictures")
    try:
        rest = iter(pictures)
        waiting: deque[Future[Prepared | ImagePrediction]] = deque()
        while True:
            while len(waiting) < _AHEAD and (picture := next(rest, None)) is not None:
                waiting.append(pool.submit(_prepared, predictor, picture))
            if not waiting:
                return
            batch = [waiting.popleft().result() for _ in range(min(BATCH, len(waiting)))]
            predictions = iter(predictor.predict([one for one in batch if isinstance(one, Prepared)], k, sure=sure))
            yield tuple(one if isinstance(one, ImagePrediction) else next(predictions) for one in batch)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepared(predictor: Predictor, picture: PictureFile) -> Prepared | ImagePrediction:
    try:
        return predictor.prepare(picture.read(), picture.name)
    except InputError as error:
        return ImagePrediction(picture.name, error=str(error))


def write_table(
    predictor: Predictor,
    pictures: Sequence[PictureFile],
    out: Path,
    *,
    columns: Columns,
    about: JsonObject,
    sure: float = 0.0,
    progress: Progress | None = None,
) -> Written:
    """The table of all pictures, whole at `out`, CSV or Parquet by its ending.

    Until it is whole it grows in `out`.part, with `out`.part.json beside it; a start of the same model with the same
    choices (`about`) goes on after its last complete row. Raises Failure where the disk takes no more, InputError where
    another process is at it.
    """
    part, note = out.with_name(f"{out.name}.part"), out.with_name(f"{out.name}.part.json")
    with _alone(part), _writing(out):
        there = _go_on(part, note, columns=columns, about=about, pictures=pictures)
        with part.open("ab") as file:
            done = there
            for batch in predictions_of(predictor, pictures[there:], columns.ranked, sure=sure):
                file.write(_encoded(*(csv_line(columns.row(prediction)) for prediction in batch)))
                file.flush()
                done += len(batch)
                if progress:
                    progress(done, len(pictures))
            os.fsync(file.fileno())
        counts = counted(read_rows(part), columns)
        if out.suffix.lower() == ".parquet":
            _to_parquet(part, columns)
        part.replace(out)
        note.unlink(missing_ok=True)
        return Written(counts, there)


def check_kind(out: Path) -> None:
    """Refuse, before any work, a file that cannot be written. Raises InputError."""
    if out.suffix.lower() == ".parquet":
        if importlib.util.find_spec("pyarrow") is None:
            raise InputError(f"out is {shortened(str(out))!r}: Parquet needs pyarrow (pip install pyarrow); take .csv")
    elif out.suffix.lower() != ".csv":
        raise InputError(f"out is {shortened(str(out))!r}: its name must end in .csv or .parquet")


def _alone(part: Path) -> AbstractContextManager[None]:
    """This process alone writes the part. Raises InputError where another one does."""
    part.parent.mkdir(parents=True, exist_ok=True)
    busy = InputError(f"another process is writing {part}: let it finish, or name another --out")
    return locked(part.with_name(f"{part.name}.lock"), busy=busy)


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(out, error) from error


def _go_on(part: Path, note: Path, *, columns: Columns, about: JsonObject, pictures: Sequence[PictureFile]) -> int:
    """How many rows of the part stay; it ends after them. Begun anew where it is of another model or other pictures."""
    there = _complete_rows(part, columns, pictures) if _stored(note) == about else None
    if there is None:
        write_json(note, about)
        part.write_bytes(_encoded(columns.header))
        return 0
    rows, end = there
    with part.open("rb+") as file:
        file.truncate(end)
    return rows


def _stored(note: Path) -> object:
    try:
        return json.loads(note.read_bytes())
    except (OSError, ValueError):
        return None


def _complete_rows(part: Path, columns: Columns, pictures: Sequence[PictureFile]) -> tuple[int, int] | None:
    """How many rows are complete and of the first pictures, and the byte that the last of them ends at; None where not
    even the header is there."""
    try:
        with part.open("rb") as file:
            rows = _whole_rows(file)
            header = next(rows, b"")
            if header != _encoded(columns.header):
                return None
            count, end = 0, len(header)
            for row in rows:
                cells = next(csv.reader(io.StringIO(row.decode("utf-8", "replace"), newline="")), [])
                if (
                    count == len(pictures)
                    or len(cells) != len(columns.names)
                    or unescaped(cells[0]) != pictures[count].name
                ):
                    break
                count, end = count + 1, end + len(row)
            return count, end
    except OSError:
        return None


def _whole_rows(file: BinaryIO) -> Iterator[bytes]:
    """The rows of a table, without the end of an interrupted write; a quoted cell may go over several lines."""
    row = b""
    for line in file:
        row += line
        if line.endswith(b"\n") and row.count(b'"') % 2 == 0:
            yield row
            row = b""


def _encoded(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode("utf-8", "backslashreplace")


def _to_parquet(part: Path, columns: Columns) -> None:
    """The table as Parquet in the part's place: text, and numbers where a column holds probabilities."""
    import pyarrow
    from pyarrow import parquet

    rows = list(read_rows(part))
    values: dict[str, object] = {}
    for i, name in enumerate(columns.names):
        cells = [row[i] for row in rows]
        if name in columns.probabilities:
            values[name] = pyarrow.array([float(cell) if cell else None for cell in cells], pyarrow.float64())
        else:
            values[name] = pyarrow.array([cell or None for cell in cells], pyarrow.string())
    whole = part.with_name(f"{part.name}.parquet")
    parquet.write_table(pyarrow.table(values).replace_schema_metadata({"software": MADE_BY}), whole)
    whole.replace(part)
