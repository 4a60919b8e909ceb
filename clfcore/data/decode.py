"""Decoding a dataset: one pass reads, checks and caches its pictures; the next call decodes nothing.

Pictures of files go to an entry of the cache folder (`decode_cache`). None is stored larger than its source: small ones
are enlarged when they are taken. An entry is filled under another name and renamed, so it exists whole or not at all;
a pass that was killed or stopped goes on from the shards it recorded (`decode_shards`).
What finds no room in the cache is decoded from its file whenever it is taken. Arrays stay in memory.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from filelock import Timeout

from clfcore import cache
from clfcore.data import file_index
from clfcore.data.bit_depth import Extremes, ValueRange, shared_range
from clfcore.data.checks import findings
from clfcore.data.dataset import ImageDataset
from clfcore.data.decode_cache import ITEMS, ArrayKind, entry_key, geometry, not_cached_note, read_entry, write_items
from clfcore.data.decode_shards import PassState, ShardRecorder
from clfcore.data.held_pixels import most_held
from clfcore.data.image_file import depth
from clfcore.data.pixel_sources import InFiles, InMemory, Pictures, resized
from clfcore.data.pixel_store import PixelStore, PixelWriter
from clfcore.data.pixels import Preprocess
from clfcore.data.scan import CHUNK, DecodeReport, read_file, scan_arrays
from clfcore.data.thread_pool import as_completed
from clfcore.errors import InputError
from clfcore.progress import Progress

KEY_VERSION = 3  # of what the pixels are; a change makes results of before look like those of other data


@dataclass(frozen=True, eq=False)
class Decoded:
    """The decoded pictures of a dataset's items, in its order.

    pictures: of M >= N items, as squares of the preprocessing's stored side. rows: where each of the N items stands
    among them. digests: one an item, of its content. key: of the whole, content and geometry. note: a sentence where
    the cache could not keep them, else empty. extremes: one an item where a picture has more than 8 bits, None for one
    of 8 bits among them, whose values stand there as they are.
    """

    pictures: Pictures
    rows: np.ndarray
    digests: tuple[str, ...]
    key: str
    note: str = ""
    extremes: tuple[Extremes | None, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def dtype(self) -> np.dtype:
        """uint8, or uint16 or float32 where a picture has more than 8 bits."""
        return self.pictures.dtype

    @property
    def deep(self) -> bool:
        """Whether `take` gives values of more than 8 bits, which `tones` brings to a value range."""
        return self.dtype != np.uint8

    def value_range(self, indices: np.ndarray) -> ValueRange | None:
        """That of some items (the training split); None where all have 8 bits."""
        return shared_range([one for i in indices if (one := self.extremes[i])]) if self.deep else None

    def digest(self, indices: np.ndarray, known: Mapping[str, object]) -> str:
        """Digest of some items' contents, in their order, and of what else a computation on them depends on."""
        content = hashlib.blake2b(digest_size=16)
        for index in indices:
            content.update(self.digests[index].encode())
        key = {**known, "values": str(self.dtype)} if self.deep else known
        content.update(json.dumps(key, sort_keys=True).encode())
        return content.hexdigest()

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Some items' squares, n x S x S x C, as a copy in memory: exactly as `Preprocess.resized` makes them.

        Raises InputError where a picture that is not kept has gone or changed.
        """
        return self.pictures.take(self.rows[indices])

    def tones(self, indices: np.ndarray, preprocess: Preprocess) -> np.ndarray:
        """Some items as a network takes them: n x S x S x C bytes, or tones (float32 of 0 to 255) of deeper pictures.

        As `Preprocess.stored` makes them: a picture of 8 bits among deeper ones keeps its own tones.
        """
        taken = self.take(indices)
        if not self.deep:
            return taken
        shallow = np.array([self.extremes[i] is None for i in indices], bool)
        if shallow.all():
            return np.minimum(taken, 255).astype(np.float32)
        tones = np.empty(taken.shape, np.float32)
        tones[~shallow] = preprocess.tones(taken[~shallow])
        tones[shallow] = np.minimum(taken[shallow], 255)
        return tones


@dataclass(frozen=True)
class _Places:
    """Where an entry stands in the cache: of one preprocessing's squares, or of small pictures kept whole."""

    squares: Path
    whole: Path


def decode(
    dataset: ImageDataset, preprocess: Preprocess, *, progress: Progress | None = None
) -> tuple[ImageDataset, Decoded]:
    """The dataset without what cannot be read and with all that was found, and its decoded pictures.

    `progress` is called with how many pictures are done, from this thread; what it raises ends the pass, and leaves the
    shards that are whole for the next one. Raises InputError where no picture can be read.
    """
    note = ""
    if dataset.pixels is not None:
        report, pixels = scan_arrays(dataset.pixels), dataset.pixels
        held = len(pixels) * preprocess.stored_side**2 * pixels.shape[3] <= most_held()
        pictures: Pictures = InMemory(resized(pixels, preprocess)) if held else InMemory(pixels, preprocess)
    else:
        pictures, report, note = _of_files(dataset, preprocess, progress)
    kept = np.array([i for i, fault in enumerate(report.faults) if not fault], np.int64)
    if not len(kept):
        raise InputError(f"none of the {len(dataset)} pictures of {dataset.name} can be read: {report.faults[0]}")
    digests = tuple(report.digests[i] for i in kept)
    whole = hashlib.blake2b(json.dumps([KEY_VERSION, geometry(preprocess), *digests]).encode(), digest_size=16)
    extremes = tuple(report.extremes[i] for i in kept) if report.extremes else ()
    return findings(dataset, report), Decoded(pictures, kept, digests, whole.hexdigest(), note, extremes)


def _of_files(
    dataset: ImageDataset, preprocess: Preprocess, progress: Progress | None
) -> tuple[Pictures, DecodeReport, str]:
    paths = dataset.paths or ()
    now = file_index.states(paths)
    places = _Places(*(cache.folder("decoded") / entry_key(paths, now, form) for form in (preprocess, None)))
    for place in (places.whole, places.squares):
        entry = read_entry(place, len(dataset))
        if entry is None or not entry.serves(preprocess):
            continue
        kind, stored, report = entry.kind.of_squares(preprocess), entry.store, entry.report
        again = _faults_again(dataset, preprocess, report)
        missing = _missing(stored.table, report)
        square = preprocess.stored_side**2 * kind.channels * kind.dtype.itemsize
        used = int(stored.table["length"].sum())
        if again is not None and not (missing and cache.could_hold(used, missing * square)):
            pictures = InFiles(dataset, preprocess, kind.dtype, kind.channels, again.digests, stored)
            return pictures, again, not_cached_note(missing, None) if missing else ""
        shutil.rmtree(place, ignore_errors=True)  # what could not be read, or kept, now can
        break
    kind = _kind([path for path, state in zip(paths, now, strict=True) if state is not None])
    store, report, note = _fresh(dataset, preprocess, kind=kind, places=places, progress=progress)
    file_index.remember(paths, now, report.sound())
    squares = kind.of_squares(preprocess)
    return InFiles(dataset, preprocess, squares.dtype, squares.channels, report.digests, store), report, note


def _kind(paths: Sequence[Path]) -> ArrayKind:
    """What the headers say that one array needs to hold the pictures of these files."""
    depths = [depth(path) for path in paths]
    if not any(header.deep for header in depths):
        return ArrayKind(np.dtype(np.uint8), 3)
    floats = any(header.dtype == "float32" for header in depths)
    gray = all(header.gray for header in depths)
    return ArrayKind(np.dtype(np.float32 if floats else np.uint16), 1 if gray else 3)


def _faults_again(dataset: ImageDataset, preprocess: Preprocess, report: DecodeReport) -> DecodeReport | None:
    """What was seen, its faults as they are today; None where one is gone: an extra was installed, a disk is back."""
    bad = [i for i, fault in enumerate(report.faults) if fault]
    if not bad:
        return report
    faults = list(report.faults)
    for i in bad:
        try:
            data = read_file(dataset.files[i], dataset.ids[i])
            preprocess.stored_file(data, dataset.ids[i])
        except InputError as error:
            faults[i] = str(error)
        else:
            return None
    return replace(report, faults=tuple(faults))


def _fresh(
    dataset: ImageDataset, preprocess: Preprocess, *, kind: ArrayKind, places: _Places, progress: Progress | None
) -> tuple[PixelStore | None, DecodeReport, str]:
    """Decode all files; keep what the cache has room for, and say where that is not all."""
    partial = lock = None
    state = PassState(len(dataset))
    try:
        partial, lock = _being_filled(places.squares.name)
        squares = kind.of_squares(preprocess)
        most = len(dataset) * preprocess.stored_side**2 * squares.channels * squares.dtype.itemsize
        pixels, table = partial / cache.PIXELS, state.restore(partial)
        writer = PixelWriter(pixels, len(dataset), room=cache.make_room, most=most, table=table)
    except (OSError, Timeout) as error:
        _drop(partial, lock)
        state = PassState(len(dataset))
        return (
            None,
            _pass(dataset, preprocess, None, state=state, progress=progress),
            not_cached_note(len(dataset), error),
        )
    done = False
    try:
        try:
            report = _pass(dataset, preprocess, writer, state=state, folder=partial, progress=progress)
            done = True
        finally:
            writer.close(sync=done)
        if writer.error is not None:
            return None, report, not_cached_note(len(dataset), writer.error)
        missing, whole = _missing(writer.table, report), not state.partly.any()
        kept, place = (kind, places.whole) if whole else (squares, places.squares)
        reducible = int(state.reducible.max(initial=0)) * whole
        write_items(partial / ITEMS, kind=kept, table=writer.table, report=report, reducible=reducible)
        store = PixelStore(pixels, writer.table)  # stays readable where the folder is moved or removed
        with contextlib.suppress(OSError):  # another process was as quick: its pixels are the same
            partial.rename(place)
            for rest in (place / cache.LOCK, *place.glob(f"{cache.SHARD}*")):
                rest.unlink(missing_ok=True)
        return store, report, not_cached_note(missing, None) if missing else ""
    except (OSError, ValueError) as error:
        return None, report, not_cached_note(len(dataset), error)
    finally:
        _drop(partial, lock, keep=not done and cache.holds_shards(partial))


def _being_filled(name: str) -> tuple[Path, "cache.FileLock"]:
    """A folder to fill, locked: where no other process fills it, that of the entry's name, which may hold shards."""
    parent = cache.folder("decoded")
    parent.mkdir(parents=True, exist_ok=True)
    partial = parent / f"{cache.PART}{name}"
    partial.mkdir(exist_ok=True)
    os.utime(partial)  # as new: no other process takes it for abandoned
    lock = cache.lock_of(partial)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        partial = Path(tempfile.mkdtemp(prefix=cache.PART, dir=parent))
        lock = cache.lock_of(partial)
        lock.acquire()
    return partial, lock


def _missing(table: np.ndarray, report: DecodeReport) -> int:
    """How many sound pictures are not kept."""
    return sum(1 for at, digest in zip(table["offset"].tolist(), report.digests, strict=True) if digest and at < 0)


def _drop(partial: Path | None, lock: "cache.FileLock | None", *, keep: bool = False) -> None:
    if lock is not None:
        lock.release()
    if partial is not None and not keep:
        shutil.rmtree(partial, ignore_errors=True)


def _pass(
    dataset: ImageDataset,
    preprocess: Preprocess,
    writer: PixelWriter | None,
    *,
    state: PassState,
    folder: Path | None = None,
    progress: Progress | None,
) -> DecodeReport:
    """Read and decode each file once that `state` does not know, in threads: Pillow works outside the interpreter's
    lock. folder: where the shards are recorded.
    """
    count, starts = len(dataset), state.starts()

    def work(start: int) -> int:
        stop = min(start + CHUNK, count)
        pictures: list[np.ndarray | None] = []
        for i in range(start, stop):
            try:
                data = read_file(dataset.files[i], dataset.ids[i])
                stored = preprocess.stored_file(data, dataset.ids[i])
            except InputError as error:
                state.faults[i] = str(error)
                pictures.append(None)
            else:
                state.put(i, stored)
                pictures.append(stored.pixels)
        if writer is not None:
            writer.put(start, pictures)
        return start

    recorder = None if folder is None else ShardRecorder(state, folder, starts)
    done = count - sum(min(CHUNK, count - start) for start in starts)
    for start in as_completed(work, starts):
        done += min(CHUNK, count - start)
        if recorder is not None and writer is not None:
            recorder.done(start, writer.table)
        if progress:
            progress(done, count)
    return state.report()
