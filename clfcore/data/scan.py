"""Scan of a dataset's pictures: digests, sizes, faults and extremes, without keeping a pixel."""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore.data import file_index
from clfcore.data.bit_depth import Extremes, deep_as_json, deep_of_json
from clfcore.data.dataset import ImageDataset
from clfcore.data.file_index import Sound
from clfcore.data.image_file import open_picture
from clfcore.data.regular_file import open_regular
from clfcore.data.thread_pool import as_completed
from clfcore.errors import InputError
from clfcore.progress import Progress

CHUNK = 16  # pictures a task: few enough to cancel soon, many enough that handing out costs nothing


@dataclass(frozen=True, eq=False)
class DecodeReport:
    """The result of one pass over N pictures.

    digests: of the content, empty where unreadable; sizes: N x 2 int64, width and height; faults: empty where there is
    none. Of files also the extremes of pictures of more than 8 bits, and notes on what the reader left out or assumed.
    """

    digests: tuple[str, ...]
    sizes: np.ndarray
    faults: tuple[str, ...]
    extremes: tuple[Extremes | None, ...] = ()
    notes: tuple[tuple[str, ...], ...] = ()

    def sound(self) -> list[Sound | None]:
        rows = zip(self.digests, self.sizes.tolist(), self.extremes, self.notes, strict=True)
        return [
            Sound(digest, width, height, extremes, notes) if digest else None
            for digest, (width, height), extremes, notes in rows
        ]

    def deep(self) -> dict[str, list]:
        """Extremes and notes, as JSON holds them, of those that have some."""
        return deep_as_json(self.extremes, self.notes)

    @staticmethod
    def restored(
        *, digests: tuple[str, ...], sizes: np.ndarray, faults: Sequence[str], deep: Mapping[str, list]
    ) -> "DecodeReport":
        """What `deep` made of one that was kept. Raises ValueError, KeyError or TypeError of damage."""
        return DecodeReport(digests, sizes, tuple(faults), *deep_of_json(deep, len(faults)))


def scan_arrays(pictures: np.ndarray) -> DecodeReport:
    """Of N x H x W x C in memory."""
    flat = np.ascontiguousarray(pictures).reshape(len(pictures), -1)
    digests = tuple(hashlib.blake2b(row.data, digest_size=16).hexdigest() for row in flat)
    height, width = pictures.shape[1:3]
    return DecodeReport(
        digests, np.tile(np.array([[width, height]], np.int64), (len(pictures), 1)), ("",) * len(pictures)
    )


def scan_files(dataset: ImageDataset, progress: Progress | None = None) -> DecodeReport:
    """Read and decode each file that the index does not know; what was found stays in the index.

    `progress` is called from this thread with how many are done; what it raises ends the pass, and what was read until
    then is remembered.
    """
    paths = dataset.paths or ()
    now = file_index.states(paths)
    sounds = file_index.known(paths, now)
    faults = [""] * len(paths)
    rest = [i for i, sound in enumerate(sounds) if sound is None]
    if not rest:
        return _report(sounds, faults)

    def work(start: int) -> int:
        for i in rest[start : start + CHUNK]:
            try:
                data = read_file(paths[i], dataset.ids[i])
                picture = open_picture(data, dataset.ids[i], 1)
            except InputError as error:
                faults[i] = str(error)
            else:
                digest = hashlib.blake2b(data, digest_size=16).hexdigest()
                sounds[i] = Sound(digest, picture.width, picture.height, picture.extremes, picture.notes)
        return len(rest[start : start + CHUNK])

    try:
        done = len(paths) - len(rest)
        for finished in as_completed(work, range(0, len(rest), CHUNK)):
            done += finished
            if progress:
                progress(done, len(paths))
    finally:
        with contextlib.suppress(InputError):  # a bound that is no number is reported where pixels are stored
            file_index.remember(paths, now, sounds)
    return _report(sounds, faults)


def read_file(path: Path, name: str) -> bytes:
    """A picture file's bytes. Raises InputError, which names it, where it is gone, or no regular file."""
    try:
        with open_regular(path, name) as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror or error}): mend it or leave it out") from None


def _report(sounds: Sequence[Sound | None], faults: Sequence[str]) -> DecodeReport:
    sizes = np.array([(sound.width, sound.height) if sound else (0, 0) for sound in sounds], np.int64).reshape(-1, 2)
    digests = tuple(sound.digest if sound else "" for sound in sounds)
    extremes = tuple(sound.extremes if sound else None for sound in sounds)
    return DecodeReport(
        digests, sizes, tuple(faults), extremes, tuple(sound.notes if sound else () for sound in sounds)
    )
