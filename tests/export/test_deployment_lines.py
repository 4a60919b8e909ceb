"""The lines of docs/deployment.md that use an exported file run as they stand, and answer as the lab does."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from clfcore import api
from clfcore.architectures.build import build
from clfcore.classifier import Classifier
from clfcore.data.pixels import Preprocess
from clfcore.export import Exported, container, timm_folder, torch_program
from clfcore.export.exportable import Exportable
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.task import single_label
from ui.runs.export_formats import EXPORT_CHOICES

TEXT = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text(encoding="utf-8")


def block(language: str, word: str) -> str:
    """The lines of a language that a word stands in."""
    (lines,) = [
        text
        for text in re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
        if re.search(word, text, flags=re.MULTILINE)
    ]
    return lines


@pytest.fixture(scope="module")
def place(folders: dict[str, Exported], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photo.jpg and exports by the names that the lines have."""
    place = tmp_path_factory.mktemp("place")
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(pixels).save(place / "photo.jpg", quality=95)
    for name in ("script", "container"):
        shutil.copytree(folders[name].out, place / name)
    shutil.copyfile(place / "script" / "model.onnx", place / "model.onnx")
    return place


def label(model: str | Path, place: Path) -> str:
    """What `predict` says of the photo."""
    (prediction,) = api.predict(str(model), [str(place / "photo.jpg")]).predictions
    assert prediction.top is not None
    return prediction.top[0].label


def run_python(lines: str, names: dict[str, object], capsys: pytest.CaptureFixture[str]) -> str:
    """The first word that the lines print."""
    exec(compile(lines, "deployment.md", "exec"), names)
    return capsys.readouterr().out.split()[0]


def run_shell(lines: str, place: Path) -> str:
    """What the lines print, with this Python; a server that they start ends with them."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")} | {"PATH": path}
    with (place / "output.txt").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            ["sh", "-ec", lines],
            cwd=place,
            env=environment,
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            assert process.wait(60) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return (place / "output.txt").read_text(encoding="utf-8")


def test_an_onnx_file_and_a_server_answer_as_the_run(
    place: Path,
    server: container.Server,
    trained: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("tritonclient.http")
    monkeypatch.chdir(place)
    expected, names = label(trained.path, place), dict[str, object]()
    assert run_python(block("python", "^import onnxruntime"), names, capsys) == expected
    asking = block("python", "^import tritonclient").replace("8000", str(server.port))
    assert run_python(asking, names, capsys) == expected


def test_a_torch_program_answers_as_the_run(
    place: Path, trained: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    torch_program.write(Exportable(classifier_of(trained)), place / "model.pt2")
    assert run_python(block("python", "torch.export.load"), {}, capsys) == label(trained.path, place)


def test_a_timm_folder_answers_as_its_network(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    torch.manual_seed(0)
    module = build("timm/test_resnet", columns=2, image_size=32).module.eval()
    network = Classifier("net", module, Preprocess(32), single_label(["left", "right"]))
    timm_folder.write(Exportable(network), place / "network")
    logits = network.logits(network.square(np.asarray(Image.open("photo.jpg")))[None])
    expected = ("left", "right")[int(logits[0].argmax())]
    assert run_python(block("python", "^import timm"), {}, capsys) == expected


def test_a_script_answers_as_the_run(place: Path, trained: Run) -> None:
    expected = label(trained.path, place)
    assert run_shell(block("sh", "predict.py"), place).startswith(f"photo.jpg: {expected} ")
    (answer,) = json.loads((place / "answer.json").read_text(encoding="utf-8"))["predictions"]
    assert answer["top"][0]["label"] == expected


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_containers_server_answers_as_the_run(place: Path, trained: Run) -> None:
    lines = block("sh", "server.py").replace("8000", str(container.free_port()))
    (answer,) = json.loads(run_shell(lines, place))["predictions"]
    assert answer["top"][0]["label"] == label(trained.path, place)


@pytest.mark.parametrize(("format", "name"), [("onnx", "model.onnx"), ("pt2", "model.pt2"), ("timm", "network")])
def test_the_page_has_the_same_lines(format: str, name: str) -> None:
    assert f"```python\n{EXPORT_CHOICES[format].use.replace('NAME', name)}\n```" in TEXT
