"""Decoded pictures: one pass reads, checks and keeps them; the next call decodes nothing.

Pictures of files go to `decoded/KEY/` of the cache folder: pixels.npy (N x S x S x 3 uint8, or x 1 or x 3 uint16 where
pictures have more than 8 bits; read memory-mapped) and items.json (digests, sizes, faults). The folder is filled beside
and renamed, so it is there whole or not at all; the least recently used ones are removed where all would pass
LIMIT_BYTES. Arrays stay in memory.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore.data.checks import Seen, findings
from clfcore.data.dataset import ImageDataset
from clfcore.data.deep import depth, white_of
from clfcore.data.pixels import Preprocess
from clfcore.errors import Failure, InputError
from clfcore.files import cache_folder, cannot_write

Progress = Callable[[int, int], None]

VERSION = 2  # of what is kept; a change makes older entries unused
LIMIT_BYTES = 32 << 30
IN_MEMORY = 1 << 30  # bytes of an array's resized pixels that are held; beyond, they are resized when taken
SPARE_BYTES = 512 << 20  # of disk that is left free
MOST_THREADS = 16

_CHUNK = 16  # pictures a task: few enough to cancel soon, many enough that handing out costs nothing
_STALE = 24 * 3600  # seconds after which a part that a killed process left is removed


@dataclass(frozen=True, eq=False)
class Decoded:
    """The decoded pictures of a dataset's items, in its order.

    pixels: M x S x S x C uint8 (uint16 where a picture has more than 8 bits), S the preprocessing's stored side, C 1 or
    3, in memory or memory-mapped. rows: where
    each of the N items stands in it. digests: one an item, of its content. key: of the whole, content and geometry.
    later: set where `pixels` are still as they were (small images enlarged would fill the memory); `take` resizes them.
    """

    pixels: np.ndarray
    rows: np.ndarray
    digests: tuple[str, ...]
    key: str
    later: Preprocess | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def white(self, indices: np.ndarray) -> float:
        """What counts as white in some items (the training split), as a share of 16 bits; 1 where there are 8 bits."""
        if self.pixels.dtype != np.uint16:
            return 1.0
        parts = (self.pixels[self.rows[indices[i : i + 256]]].max(initial=0) for i in range(0, len(indices), 256))
        return white_of(max(map(int, parts), default=0))

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Some items' pixels, n x S x S x C of their type, as a copy in memory."""
        taken = self.pixels[self.rows[indices]]
        return taken if self.later is None else _resized(taken, self.later)


def decode(
    dataset: ImageDataset, preprocess: Preprocess, *, progress: Progress | None = None
) -> tuple[ImageDataset, Decoded]:
    """The dataset without what cannot be read and with all that was found, and its decoded pictures.

    `progress` is called with how many pictures are done, from this thread; what it raises ends the pass and leaves
    nothing behind. Raises InputError where no picture can be read, Failure where the disk has no room.
    """
    later = None
    if dataset.pixels is not None:
        pixels, seen = dataset.pixels, _seen_of(dataset.pixels)
        if len(pixels) * preprocess.stored_side**2 * pixels.shape[3] <= IN_MEMORY:
            pixels = _resized(pixels, preprocess)
        else:
            later = preprocess
    else:
        pixels, seen = _of_files(dataset, preprocess, progress)
    kept = np.array([i for i, fault in enumerate(seen.faults) if not fault], np.int64)
    if not len(kept):
        raise InputError(f"none of the {len(dataset)} pictures of {dataset.name} can be read: {seen.faults[0]}")
    found = findings(dataset, seen)
    digests = tuple(seen.digests[i] for i in kept)
    whole = hashlib.blake2b(json.dumps([VERSION, _geometry(preprocess), *digests]).encode(), digest_size=16)
    return found, Decoded(pixels, kept, digests, whole.hexdigest(), later)


def _geometry(preprocess: Preprocess) -> dict[str, object]:
    """What of the preprocessing the stored pixels depend on."""
    known = {"side": preprocess.stored_side, "fit": preprocess.fit, "interpolation": preprocess.interpolation}
    return {**known, "ground": list(preprocess.mean)} if preprocess.fit == "pad" else known


def _seen_of(pictures: np.ndarray) -> Seen:
    flat = np.ascontiguousarray(pictures).reshape(len(pictures), -1)
    digests = tuple(hashlib.blake2b(row, digest_size=16).hexdigest() for row in flat)
    height, width = pictures.shape[1:3]
    return Seen(digests, np.tile(np.array([[width, height]], np.int64), (len(pictures), 1)), ("",) * len(pictures))


def _resized(pictures: np.ndarray, preprocess: Preprocess) -> np.ndarray:
    """n x H x W x C uint8 -> n x S x S x C: each as `stored` makes it."""
    side = preprocess.stored_side
    if pictures.shape[1:3] == (side, side):
        return pictures
    out = np.empty((len(pictures), side, side, pictures.shape[3]), np.uint8)
    for i, picture in enumerate(pictures):
        out[i] = preprocess.stored(picture)
    return out


def _of_files(dataset: ImageDataset, preprocess: Preprocess, progress: Progress | None) -> tuple[np.ndarray, Seen]:
    folder = cache_folder() / "decoded"
    place = folder / _key(dataset.paths, preprocess)
    if (kept := _read(place)) is not None:
        return kept
    side, (dtype, channels) = preprocess.stored_side, _depth(dataset.paths)
    _make_room(folder, len(dataset) * side * side * channels * dtype.itemsize)
    partial = None
    try:
        partial = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
        pixels = np.lib.format.open_memmap(
            partial / "pixels.npy", mode="w+", dtype=dtype, shape=(len(dataset), side, side, channels)
        )
        seen = _pass(dataset, preprocess, pixels, progress)
        pixels.flush()
        del pixels
        stored = {"digests": seen.digests, "sizes": seen.sizes.tolist(), "faults": seen.faults}
        (partial / "items.json").write_text(json.dumps(stored), encoding="utf-8")
        with contextlib.suppress(OSError):  # another process was as quick: its pixels are the same
            partial.rename(place)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
    kept = _read(place)
    if kept is None:
        raise Failure(f"{place} was written and cannot be read again: check the disk, or name another CLFLAB_CACHE")
    return kept


def _depth(paths: tuple[Path, ...]) -> tuple[np.dtype, int]:
    """What one array must have to hold all pictures: its type and channels."""
    found = [depth(path) for path in paths]
    if not any(one.deep for one in found):
        return np.dtype(np.uint8), 3
    return np.dtype(np.uint16), 1 if all(one.grey for one in found) else 3


def _key(paths: tuple[Path, ...], preprocess: Preprocess) -> str:
    """Names, sizes and times of the files stand for their content: to read them all would cost what the cache saves."""
    digest = hashlib.blake2b(json.dumps([VERSION, _geometry(preprocess)]).encode(), digest_size=16)
    for path in paths:
        try:
            state = os.stat(path)  # noqa: PTH116 - Path.stat costs a third more, and there may be 100,000
            known = (state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        except OSError:
            known = (-1, 0, 0)
        digest.update(f"{path.absolute()}\0{known}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read(place: Path) -> tuple[np.ndarray, Seen] | None:
    """What is kept at a place, or None where nothing, or nothing whole, is there."""
    try:
        stored = json.loads((place / "items.json").read_text(encoding="utf-8"))
        pixels = np.load(place / "pixels.npy", mmap_mode="r")
        seen = Seen(tuple(stored["digests"]), np.array(stored["sizes"], np.int64), tuple(stored["faults"]))
        if not len(pixels) == len(seen.digests) == len(seen.faults):
            raise ValueError("its parts differ in length")
        os.utime(place)  # the time of last use
    except (OSError, ValueError, KeyError, TypeError):
        shutil.rmtree(place, ignore_errors=True)  # where it is there but damaged, it is made anew
        return None
    return pixels, seen


def _pass(dataset: ImageDataset, preprocess: Preprocess, pixels: np.ndarray, progress: Progress | None) -> Seen:
    """Read and decode each file once, in threads: Pillow works outside the interpreter's lock."""
    count, deep_channels = len(dataset), pixels.shape[3] if pixels.dtype == np.uint16 else None
    digests, faults, sizes = [""] * count, [""] * count, np.zeros((count, 2), np.int64)

    def work(start: int) -> int:
        stop = min(start + _CHUNK, count)
        for i in range(start, stop):
            try:
                data = dataset.paths[i].read_bytes()
                stored = preprocess.stored_file(data, dataset.ids[i], deep_channels=deep_channels)
            except InputError as error:
                faults[i] = str(error)
            except OSError as error:
                faults[i] = f"{dataset.ids[i]} cannot be read ({error.strerror or error}): mend it or leave it out"
            else:
                pixels[i], digests[i], sizes[i] = stored.pixels, stored.digest, (stored.width, stored.height)
        return stop - start

    done = 0
    for finished in _in_threads(work, range(0, count, _CHUNK)):
        done += finished
        if progress:
            progress(done, count)
    return Seen(tuple(digests), sizes, tuple(faults))


def _in_threads(work: Callable[[int], int], starts: range) -> Iterator[int]:
    """What `work` returns of each start, as it comes; a few are handed out at a time, so that an end is soon."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = min(cores, MOST_THREADS)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
    try:
        rest, running = iter(starts), set[Future[int]]()
        while True:
            while len(running) < 2 * threads and (start := next(rest, None)) is not None:
                running.add(pool.submit(work, start))
            if not running:
                return
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _make_room(folder: Path, needed: int) -> None:
    """Remove the least recently used until `needed` bytes fit limit and disk. Raises Failure where they cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        entries = []
        for entry in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process renamed or removed it meanwhile
                used = entry.stat().st_mtime
                if entry.name.startswith(".part-") and time.time() - used > _STALE:
                    shutil.rmtree(entry, ignore_errors=True)
                elif entry.is_dir():
                    entries.append((used, sum(file.stat().st_size for file in entry.iterdir()), entry))
        total, free = sum(size for _, size, _ in entries), shutil.disk_usage(folder).free
        for _, size, entry in sorted(entries, key=lambda found: found[0]):
            if total + needed <= LIMIT_BYTES and needed + SPARE_BYTES <= free:
                break
            if not entry.name.startswith(".part-"):
                shutil.rmtree(entry, ignore_errors=True)
                total, free = total - size, free + size
    except OSError as error:
        raise cannot_write(folder, error) from error
    if needed > LIMIT_BYTES or needed + SPARE_BYTES > free:
        raise Failure(
            f"the decoded pictures need {needed / 1e9:.1f} GB and {folder} can have "
            f"{max(0, min(LIMIT_BYTES, free - SPARE_BYTES)) / 1e9:.1f}: choose a smaller image size, or free some space"
        )
