"""What tests share: a home of their own, small photos on disk, a finished run."""

import functools
import gc
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.config import RunConfig
from clfcore.files import runs_folder
from clfcore.parse_config import parse_config
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run

# Before torch: tests run side by side, and threads of several would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

FOLDERS = (
    ("CLFLAB_RUNS", "runs"),
    ("CLFLAB_DATASETS", "datasets"),
    ("CLFLAB_CACHE", "cache"),
    ("CLFLAB_POLICIES", "policies"),
    ("CLFLAB_VERDICTS", "verdicts"),
    ("CLFLAB_CRASHES", "crashes"),
    ("CLFLAB_LESSONS", "lessons"),
    ("TORCH_HOME", "torch"),  # whose weights are on the machine decides nothing
    ("HF_HOME", "huggingface"),
)
SMALL = {"data": "shapes:count=160,side=20", "architecture": "lenet5", "strategy": "scratch"}


def pytest_collection_finish() -> None:
    """What was imported and collected lives to the end: the collector need not walk over it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test keeps runs, datasets and caches in a folder of its own, so that none sees another's or the user's."""
    home = tmp_path_factory.mktemp("home")
    for variable, name in FOLDERS:
        monkeypatch.setenv(variable, str(home / name))


@pytest.fixture(scope="session")
def packages_scanned_once() -> Iterator[None]:
    """Every AppTest reads what all installed packages say of themselves, half of its time: here it is read once."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patched:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patched.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


def small_config(**recipe: object) -> RunConfig:
    """A run of a second: LeNet-5 on a few drawn shapes."""
    return parse_config({**SMALL, "recipe": {"epochs": 2, "batch_size": 16, "image_size": 20, **recipe}})


def breaking_off(run: Run, *, after: int, every: int) -> Callable[[], bool]:
    """An `orphaned` for `execute`: once `after` epochs are done, it says yes when it is asked the `every`th time."""
    asked = itertools.count(1)
    return lambda: next(asked) % every == 0 and len(run.history) == after


def trained_at(home: Path, config: RunConfig) -> Run:
    """A finished run whose folders lie in `home`."""
    from clfcore.runs.execute import execute

    with pytest.MonkeyPatch.context() as patched:
        for variable, name in FOLDERS:
            patched.setenv(variable, str(home / name))
        run = create_run(config)
        execute(run)
    return run


def copied(run: Run) -> Run:
    """A run's copy in this test's own runs folder."""
    return Run(Path(shutil.copytree(run.path, runs_folder() / run.id)))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One finished run for the whole session; use `finished_run`, a copy that a test may change."""
    return trained_at(tmp_path_factory.mktemp("trained"), small_config())


@pytest.fixture
def finished_run(trained: Run) -> Run:
    """A completed run in this test's own runs folder."""
    return copied(trained)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of two classes, twelve small JPEG photos each: noise around red, noise around blue."""
    generator = np.random.default_rng(0)
    for name, color in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for i in range(12):
            pixels = np.clip(generator.normal(color, 30, (40 + i, 50, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{i:02}.jpg", quality=95)
    return tmp_path / "photos"
