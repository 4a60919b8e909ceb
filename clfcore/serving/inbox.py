"""Inbox for labelling: photos that a served model was unsure of, or that are unlike its training images."""

import hashlib
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

from clfcore.errors import InputError
from clfcore.files import typed_path, write_json, write_whole
from clfcore.inference.image_prediction import ImagePrediction
from clfcore.unlike import LIKELY

MOST_PHOTOS = 1_000
MOST_BYTES = 1 << 30
_MARKS = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"GIF8": ".gif", b"RIFF": ".webp", b"BM": ".bmp"}
_MARKS |= {b"II*\0": ".tif", b"MM\0*": ".tif", b"P5": ".pgm", b"P6": ".ppm", b"\0\0\0": ".heic"}


class Inbox:
    """A folder of photos, each named by its content, with a JSON file of the same name beside it that says what the
    model answered. Bounded: once it is full, nothing more is kept."""

    def __init__(self, folder: str | Path, *, photos: int = MOST_PHOTOS, size: int = MOST_BYTES) -> None:
        self.folder = typed_path(folder, "keep-odd")
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"keep-odd is {str(self.folder)!r}, which is a file: name a folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._photos, self._size = photos, size
        self.kept = 0  # by this server
        there = [path for path in self.folder.iterdir() if path.suffix not in (".json", ".csv") and path.is_file()]
        self._count, self._bytes = len(there), sum(path.stat().st_size for path in there)

    def offer(self, data: bytes, prediction: ImagePrediction, model: str) -> bool:
        """Keep a photo where it is odd, new and there is room; whether it was kept. Raises Failure of a full disk."""
        why = reasons(prediction)
        if not why:
            return False
        name = hashlib.sha256(data).hexdigest()[:32]
        suffix = next((ending for mark, ending in _MARKS.items() if data.startswith(mark)), ".img")
        path = self.folder / f"{name}{suffix}"
        with self._lock:
            if path.exists() or self._count >= self._photos or self._bytes + len(data) > self._size:
                return False
            write_whole(path, lambda partial: partial.write_bytes(data))
            self._count, self._bytes, self.kept = self._count + 1, self._bytes + len(data), self.kept + 1
        write_json(
            path.with_suffix(".json"),
            {
                "model": model,
                "kept": datetime.now(UTC).isoformat(timespec="seconds"),
                "reasons": why,
                "prediction": json.loads(json.dumps(prediction.as_json())),
            },
        )
        return True


def reasons(prediction: ImagePrediction) -> list[str]:
    """Why a photo is worth a label: far, unsure; none where it is not."""
    why: list[str] = [] if prediction.unlike is None else list(prediction.unlike.reasons)
    if prediction.unlike is not None and prediction.unlike.score == "probability":
        return why  # of a thousand published classes the likeliest seldom has half
    several = prediction.labels is not None
    if not several and prediction.top and prediction.top[0].probability < LIKELY and "unsure" not in why:
        why.append("unsure")
    return why
