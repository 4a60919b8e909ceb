"""Small pictures on disk: what the data tests import, decode and damage."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def _picture(seed: int = 0, *, size: tuple[int, int] = (40, 30), kind: str = "JPEG") -> bytes:
    generator = np.random.default_rng(seed)
    small = Image.fromarray(generator.integers(0, 256, (3, 3, 3), dtype=np.uint8))
    out = io.BytesIO()
    small.resize(size, Image.Resampling.BILINEAR).save(out, kind)
    return out.getvalue()


def _tree(root: Path, counts: dict[str, int], *, seed: int = 0) -> Path:
    for i, (folder, count) in enumerate(counts.items()):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            (root / folder / f"{k:02d}.jpg").write_bytes(_picture(seed + 1000 * i + k))
    return root


def _zip(path: Path, files: dict[str, bytes], *, packed: bool = True) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.fixture(scope="session")
def make_picture() -> Callable[..., bytes]:
    """The bytes of a picture of its own content, smooth enough that JPEG keeps it; size is width x height."""
    return _picture


@pytest.fixture(scope="session")
def make_tree() -> Callable[..., Path]:
    """Folders with so many pictures each, all different."""
    return _tree


@pytest.fixture(scope="session")
def make_zip() -> Callable[..., Path]:
    return _zip


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of 20 photos each."""
    return _tree(tmp_path / "photos", {"cat": 20, "dog": 20})
