"""What tests of exports share: every served format of one run, and the container's server as a process."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clfcore.export import Exported, container, export, onnx_model
from clfcore.export.exportable import Exportable
from clfcore.runs.folder import Run

SERVED = ("script", "container", "triton", "kserve", "ray-serve")


@pytest.fixture(scope="session")
def folders(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    """Every served format of one run; the model is written once, for the exporter takes seconds."""
    home = tmp_path_factory.mktemp("served")
    first = export(str(trained.path), format="onnx", out=home / "model.onnx").out

    def copied(source: Exportable, path: Path) -> None:
        shutil.copyfile(first, path)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(onnx_model, "write", copied)
        return {name: export(str(trained.path), format=name, out=home / name) for name in SERVED}


@pytest.fixture(scope="session")
def server(folders: dict[str, Exported]) -> Iterator[container.Server]:
    """The container's server as it starts in its image: a process with nothing of the lab on its path."""
    running = container.Server(folders["container"].out)
    yield running
    running.close()
