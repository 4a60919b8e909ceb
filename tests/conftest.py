"""What tests share: a home of their own, small datasets, a finished run."""

import pytest


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test keeps runs, datasets and caches in a folder of its own, so that none sees another's or the user's."""
    home = tmp_path_factory.mktemp("home")
    for variable, name in (("CLFLAB_RUNS", "runs"), ("CLFLAB_DATASETS", "datasets"), ("CLFLAB_CACHE", "cache")):
        monkeypatch.setenv(variable, str(home / name))
