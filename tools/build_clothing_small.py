"""Makes assets/clothing-small from a copy of clothing-dataset-small: `python -m tools.build_clothing_small FOLDER`.

Of each of the ten classes 10 photos for training, 4 for validation and 6 for testing, each from the folder of that
split, so that no photo changes sides. Drawn by the hash of their content: made twice, it is the same set. The shorter
side becomes 256 pixels; Exif is dropped.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from PIL import Image, ImageOps

TARGET = Path(__file__).parents[1] / "assets" / "clothing-small"
COUNTS = {"train": 10, "validation": 4, "test": 6}
SIDE = 256


def build(source: Path, target: Path = TARGET) -> None:
    for split, count in COUNTS.items():
        for folder in sorted(path for path in (source / split).iterdir() if path.is_dir()):
            photos = sorted(folder.iterdir(), key=lambda file: hashlib.sha256(file.read_bytes()).hexdigest())
            for number, photo in enumerate(photos[:count], 1):
                _shrink(photo, target / "photos" / split / folder.name / f"{folder.name}-{number:02}.jpg")
    shutil.copy(source / "LICENSE", target / "LICENSE")


def _shrink(photo: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(photo) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    scale = SIDE / min(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    image.resize(size, Image.Resampling.LANCZOS).save(target, quality=82, optimize=True, progressive=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
