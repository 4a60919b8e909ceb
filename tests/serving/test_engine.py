"""A served network begins with torch and takes ONNX Runtime once that gave the same answers here, and faster."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from clfcore import api
from clfcore.api.serving import serving_app
from clfcore.errors import InputError
from clfcore.inference.predictor import Outputs
from clfcore.runs.folder import Run
from clfcore.serving.app import Application
from clfcore.serving.engine import Trial, _compute, engine_of, trial, try_onnxruntime, with_onnxruntime
from clfcore.serving.served import Served, open_served
from tests.support.color_predictor import COLORS, color_predictor

FASTER = Trial(200, 1e-6, (2.0, 1.5))


def tried(code: str) -> tuple[list[str], list[Path], list[Trial]]:
    """What is told and used when the trial is these lines of Python, whose path to write is `out`."""
    told: list[str] = []
    files: list[Path] = []
    trials: list[Trial] = []

    def use(file: Path, result: Trial) -> None:
        files.append(file)
        trials.append(result)

    made = trial((sys.executable, "-c", f"import sys; out = sys.argv[-1]; {code}"), use=use, announce=told.append)
    made.start()
    made.wait(60)
    made.close()
    return told, files, trials


def test_a_trial_says_what_was_taken_and_why() -> None:
    told, files, trials = tried(f"open(out, 'w'); print({json.dumps(FASTER.as_json())!r})")
    assert told == [
        "ONNX Runtime computes from now on (200 of 200 images get the same answer, 2.0 and 1.5 times as fast as by "
        "torch in batches of 1 and 8)"
    ]
    assert [file.name for file in files] == ["model.onnx"]
    assert trials == [FASTER]
    assert not replace(FASTER, ratios=(2.0, 0.9)).faster
    assert replace(FASTER, ratios=(2.0, 0.9)).describe().startswith("torch computes: ONNX Runtime is no faster (200 of")


def test_a_trial_that_fails_leaves_torch_and_says_why() -> None:
    told, files, _ = tried("sys.exit('net cannot be written as ONNX')")
    assert told == ["torch computes: net cannot be written as ONNX"]
    assert files == []


def test_a_server_that_ends_first_says_nothing() -> None:
    told: list[str] = []
    made = trial(
        (sys.executable, "-c", "import time; time.sleep(60)"), use=lambda file, result: None, announce=told.append
    )
    made.start()
    assert made.making
    made.close()
    assert told == []


def test_the_engine_is_changed_between_batches() -> None:
    plain = color_predictor(COLORS)

    def other(squares: list[np.ndarray]) -> Outputs:
        outputs = plain.compute(squares)
        return Outputs(-outputs.logits, outputs.single)

    before = Served(plain, "pytorch_module")
    after = Served(replace(plain, compute=other), "onnxruntime_onnx")
    app = Application(before, hosts=None)
    with TestClient(app.asgi()) as client:
        body = {
            "name": "image",
            "shape": [1, 8, 8, 3],
            "datatype": "UINT8",
            "data": [200, 0, 0] * 64,
        }

        def answer() -> float:
            outputs = client.post("/v2/models/colors/infer", json={"inputs": [body]}).json()["outputs"]
            return outputs[0]["data"][0]

        assert (answer(), client.get("/v2/models/colors").json()["platform"]) == (2.0, "pytorch_module")
        app.use(after)
        assert (answer(), client.get("/v2/models/colors").json()["platform"]) == (-2.0, "onnxruntime_onnx")


def test_onnxruntime_gives_the_logits_and_the_embeddings_of_torch(trained: Run, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    result = try_onnxruntime(str(trained.path), None, file)
    assert result.items == len(trained.predictions("test"))
    assert len(result.ratios) == 2
    network = open_served(str(trained.path))
    fast = with_onnxruntime(network, file)
    assert (engine_of(network), engine_of(fast)) == ("torch", "onnxruntime")
    tensor = np.random.default_rng(0).integers(0, 256, (3, *network.square), np.uint8)
    mine, theirs = (served.predictor.compute(served.squares(tensor)) for served in (network, fast))
    assert theirs.logits == pytest.approx(mine.logits, abs=1e-4 * float(np.abs(mine.logits).max()))
    assert mine.embeddings is not None
    assert theirs.embeddings == pytest.approx(mine.embeddings, abs=1e-4 * float(np.abs(mine.embeddings).max()))


def test_a_gray_networks_squares_reach_the_file_with_three_channels() -> None:
    seen: list[np.ndarray] = []

    class Session:
        def run(self, names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
            seen.append(given["image"])
            return [np.zeros((2, 3), np.float32), np.zeros((2, 5), np.float32)][: len(names)]

    squares = [np.full((4, 4, 1), shade, np.uint8) for shade in (1, 2)]
    outputs = _compute(Session(), np.dtype(np.uint8), squares, compared=5)  # type: ignore[arg-type] # stands for onnxruntime's
    assert seen[0].shape == (2, 4, 4, 3)
    assert seen[0].reshape(2, -1).min(axis=1).tolist() == seen[0].reshape(2, -1).max(axis=1).tolist() == [1, 2]
    assert outputs.embeddings is not None
    assert _compute(Session(), np.dtype(np.uint8), squares, compared=7).embeddings is None  # type: ignore[arg-type] # as above


def test_an_engine_that_cannot_be_is_refused(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"engine is 'onnx': it must be one of auto, torch, onnxruntime"):
        api.serve(str(trained.path), engine="onnx")  # type: ignore[arg-type] # what is wrong
    monkeypatch.setattr("clfcore.export.PACKAGES", ("no_such_package",))
    with pytest.raises(InputError, match=r"pip install 'clflab\[export\]'"):
        api.serve(str(trained.path), engine="onnxruntime")
    told: list[str] = []
    with TestClient(serving_app(str(trained.path), announce=told.append), base_url="http://127.0.0.1") as client:
        assert client.get("/v2/health/live").status_code == 200
    assert told == ["torch computes: ONNX Runtime, which is often faster, comes with pip install 'clflab[export]'"]
