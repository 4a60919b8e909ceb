"""The folders that other engines take: one exported model behind each, read back as its own reader reads it."""

import http.client
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import yaml
from PIL import Image

from clfcore import api
from clfcore.architectures.build import build
from clfcore.classifier import Classifier
from clfcore.data.pixels import Preprocess
from clfcore.errors import Failure, InputError
from clfcore.export import Exported, container, export, onnx_model, timm_folder
from clfcore.export.exportable import Exportable
from clfcore.export.verify import logits_of
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.task import multi_label, single_label
from tests.export.conftest import SERVED
from tests.export.test_export import HIERARCHY, classifier


def photo(mode: str = "RGB", side: int = 40) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    return file.getvalue()


def ask(server: container.Server, path: str, body: bytes | None = None) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET" if body is None else "POST", path, body)
    response = connection.getresponse()
    found = response.status, json.loads(response.read())
    connection.close()
    return found


@pytest.mark.parametrize("name", SERVED)
def test_each_folder_is_proved_on_every_test_image(name: str, folders: dict[str, Exported], trained: Run) -> None:
    result = folders[name]
    assert (result.parity.top1_agreement, result.parity.items) == (1, len(trained.predictions("test")))
    assert {file.path for file in result.files} == {path for path in result.out.rglob("*") if path.is_file()}
    assert (result.out / "preprocess.json").is_file()
    assert all("clfcore" not in path.read_text(encoding="utf-8") for path in result.out.rglob("*.py"))


def test_triton_reads_the_configuration(folders: dict[str, Exported], trained: Run) -> None:
    """By Triton's own protobuf, and with the dims and types that the model has."""
    model_config = pytest.importorskip("tritonclient.grpc.model_config_pb2")
    from google.protobuf import text_format

    place = folders["triton"].out / trained.id
    config = text_format.Parse((place / "config.pbtxt").read_text(encoding="utf-8"), model_config.ModelConfig())
    session = onnx_model.open_session(place / "1" / "model.onnx")
    assert config.name == trained.id
    assert config.max_batch_size > 1
    types = {model_config.TYPE_UINT8: "tensor(uint8)", model_config.TYPE_FP32: "tensor(float)"}
    for listed, nodes in ((config.input, session.get_inputs()), (config.output, session.get_outputs())):
        assert [(row.name, list(row.dims), types[row.data_type]) for row in listed] == [
            (node.name, node.shape[1:], node.type) for node in nodes
        ]
    labels = (place / "labels.txt").read_text(encoding="utf-8").splitlines()
    assert tuple(labels) == trained.task.classes


def test_kserve_and_ray_are_told_where_things_are(folders: dict[str, Exported], trained: Run) -> None:
    service = yaml.safe_load((folders["kserve"].out / "inferenceservice.yaml").read_text(encoding="utf-8"))
    assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", service["metadata"]["name"])
    model = service["spec"]["predictor"]["model"]
    assert model["modelFormat"]["name"] == "onnx"
    assert (folders["kserve"].out / "models" / trained.id / "1" / "model.onnx").is_file()
    ray = folders["ray-serve"].out
    application = yaml.safe_load((ray / "serve.yaml").read_text(encoding="utf-8"))["applications"][0]
    module, _, name = application["import_path"].partition(":")
    text = (ray / f"{module}.py").read_text(encoding="utf-8")
    assert f"\n{name} = serve.deployment({application['deployments'][0]['name']}).bind()" in text


def test_a_photo_gets_the_answer_of_predict(server: container.Server, finished_run: Run, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(photo())
    status, theirs = ask(server, "/predict", photo())
    mine = api.predict(finished_run.id, [str(tmp_path / "photo.png")]).as_json()
    assert (status, theirs["model"]) == (200, mine["model"])
    pairs = zip(theirs["predictions"][0]["top"], mine["predictions"][0]["top"], strict=True)
    for a, b in pairs:
        assert a["label"] == b["label"]
        assert a["probability"] == pytest.approx(b["probability"], abs=1e-4)


def test_the_server_speaks_the_protocol(server: container.Server, trained: Run) -> None:
    assert ask(server, "/v2/health/live") == (200, {"live": True})
    side = trained.classifier.preprocess.size
    about = ask(server, f"/v2/models/{trained.id}")[1]
    assert about["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [-1, side, side, 3]}]
    squares = np.random.default_rng(1).integers(0, 256, (3, side, side, 3), np.uint8)
    tensor = {"name": "image", "datatype": "UINT8", "shape": list(squares.shape), "data": squares.ravel().tolist()}
    body = json.dumps({"id": "a", "inputs": [tensor], "outputs": [{"name": "logits"}]}).encode()
    status, answer = ask(server, f"/v2/models/{trained.id}/infer", body)
    assert (status, answer["id"], answer["outputs"][0]["shape"]) == (200, "a", [3, trained.task.columns])
    logits = np.array(answer["outputs"][0]["data"], np.float32).reshape(3, -1)
    assert np.allclose(logits, server(squares), atol=1e-6)
    assert np.allclose(logits, logits_of(classifier_of(trained), squares), atol=1e-3)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predict", b"no picture", 422),
        ("/predict", b"", 422),
        ("/v2/models/MODEL/infer", b"[", 400),
        ("/v2/models/MODEL/infer", b"[" * 100_000, 400),
        ("/v2/models/MODEL/infer", b'{"inputs": 3}', 400),
        ("/v2/models/MODEL/infer", b'{"inputs": [{"name": "image", "datatype": "UINT8", "shape": [9, 9]}]}', 400),
        ("/v2/models/other/infer", b"{}", 404),
    ],
)
def test_what_it_cannot_answer_it_refuses(
    server: container.Server, trained: Run, path: str, body: bytes, status: int
) -> None:
    found, answer = ask(server, path.replace("MODEL", trained.id), body)
    assert found == status
    assert answer["error"]


def test_the_image_is_locked_and_not_root(folders: dict[str, Exported]) -> None:
    folder = folders["container"].out
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+==\S+", line) for line in lines)
    names = {line.partition("==")[0] for line in lines}
    assert {"onnxruntime", "pillow", "numpy", "starlette", "uvicorn", "anyio", "h11"} <= names
    steps = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert steps[0] == f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    assert "USER 10001" in steps
    assert any(step.startswith("HEALTHCHECK") for step in steps)
    copied = next(step for step in steps if step.startswith("COPY model")).split()[1:-1]
    there = {path.name for name in copied for path in folder.glob(name)}
    assert there >= {"model.onnx", "preprocess.json", *(path.name for path in folder.glob("*.py"))}


def test_a_server_that_does_not_start_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text("raise SystemExit('no such port')", encoding="utf-8")
    with pytest.raises(Failure, match="does not start: no such port"):
        container.Server(tmp_path)


@pytest.mark.parametrize(
    ("task", "options"),
    [(single_label(["a", "b"]), {}), (multi_label(["a", "b", "c"]), {"channels": 1}), (HIERARCHY, {"fit": "pad"})],
)
def test_timm_opens_the_folder_and_answers_to_the_bit(task: object, options: dict, tmp_path: Path) -> None:
    channels = options.pop("channels", 3)
    values = {"size": 32, "mean": (0.4,) * channels, "deviation": (0.3,) * channels, "crop_fraction": 0.9} | options
    torch.manual_seed(0)
    module = build("timm/test_resnet", columns=task.columns, channels=channels, image_size=32).module.eval()
    source = Exportable(Classifier("net", module, Preprocess(**values), task))
    timm_folder.write(source, tmp_path / "net")
    squares = source.example(3)
    mine = logits_of(source.classifier, squares.numpy())
    assert np.abs(timm_folder.read(tmp_path / "net")(squares.numpy()) - mine).max() == 0.0
    opened = timm.create_model(f"local-dir:{tmp_path / 'net'}", pretrained=True)
    assert opened.pretrained_cfg["label_names"][-1].endswith(task.classes[-1])
    assert tuple(timm.data.resolve_model_data_config(opened)["mean"]) == values["mean"]
    assert timm.data.resolve_model_data_config(opened)["crop_pct"] == 0.9


def test_torchvisions_network_leaves_as_timms_of_that_name(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = build("resnet18", columns=2, image_size=32).module.eval()
    source = Exportable(Classifier("resnet18", module, Preprocess(32), single_label(["a", "b"])))
    timm_folder.write(source, tmp_path / "net")
    squares = source.example(2).numpy()
    assert np.abs(timm_folder.read(tmp_path / "net")(squares) - logits_of(source.classifier, squares)).max() == 0.0


def test_what_timm_lacks_is_one_line(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="timm has no lenet5 with the same layers: take onnx or pt2"):
        export(str(trained.path), format="timm", out=tmp_path / "net")
    with pytest.raises(InputError, match=r"in a head of kind attention"):
        timm_folder.write(Exportable(classifier(single_label(["a", "b"]), head="attention")), tmp_path / "net")
    assert list(tmp_path.iterdir()) == []
