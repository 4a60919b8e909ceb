"""Policies saved by a test stay in a folder of its own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLFLAB_POLICIES", str(tmp_path / "policies"))
