"""Triton's model repository, and KServe's service around it: the folders that these servers take as they are."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.errors import Failure
from clfcore.export import onnx_model, script
from clfcore.export.exportable import Exportable
from clfcore.export.onnx_model import Predictor
from clfcore.export.timm_folder import label_names

if TYPE_CHECKING:
    from onnxruntime import NodeArg

LARGEST_BATCH = 64
DATATYPES = {"tensor(uint8)": "TYPE_UINT8", "tensor(float)": "TYPE_FP32"}  # onnxruntime's -> Triton's


def write_triton(source: Exportable, folder: Path) -> None:
    """NAME/config.pbtxt, NAME/labels.txt, NAME/1/model.onnx, preprocess.json and README.md."""
    folder.mkdir(parents=True)
    write_repository(source, folder)
    script.describe(source, folder)
    name = script.address_name(source.classifier.name)
    image = "nvcr.io/nvidia/tritonserver:YY.MM-py3"
    (folder / "README.md").write_text(
        f'1. Serve: `docker run --rm -p 127.0.0.1:8000:8000 -v "$PWD":/models:ro {image} tritonserver '
        "--model-repository=/models` (YY.MM: a release of Triton)\n"
        f"2. Check: `curl http://127.0.0.1:8000/v2/models/{name}/config`\n"
        "3. Ask: a tensor `image` of squares as preprocess.json describes them; normalization is inside the model\n",
        encoding="utf-8",
    )


def write_kserve(source: Exportable, folder: Path) -> None:
    """inferenceservice.yaml, models/ (what storageUri points to), preprocess.json and README.md."""
    models = folder / "models"
    models.mkdir(parents=True)
    write_repository(source, models)
    script.describe(source, folder)
    name = script.host_name(source.classifier.name)
    (folder / "inferenceservice.yaml").write_text(_SERVICE.replace("NAME", name), encoding="utf-8")
    (folder / "README.md").write_text(
        "1. Store: copy what is in `models/` to a volume claim or a bucket, and write its address as `storageUri`\n"
        "2. Deploy: `kubectl apply -f inferenceservice.yaml`\n"
        f"3. Check: `kubectl get inferenceservice {name}`; the model's name in addresses is "
        f"`{script.address_name(source.classifier.name)}`\n",
        encoding="utf-8",
    )


_SERVICE = """apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: "NAME"
spec:
  predictor:
    minReplicas: 1
    model:
      modelFormat:
        name: onnx
        version: "1"
      runtime: kserve-tritonserver
      protocolVersion: v2
      storageUri: "pvc://models/NAME"
      resources:
        requests:
          cpu: "1"
          memory: 2Gi
        limits:
          cpu: "2"
          memory: 4Gi
"""


def write_repository(source: Exportable, folder: Path) -> None:
    """The model's folder in a repository of Triton's."""
    name = script.address_name(source.classifier.name)
    (folder / name / "1").mkdir(parents=True)
    model = folder / name / "1" / "model.onnx"
    onnx_model.write(source, model)
    labels = [re.sub(r"\s+", " ", label) for label in label_names(source.classifier.task)]
    (folder / name / "labels.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
    session = onnx_model.open_session(model)
    blocks = [("input", node, "") for node in session.get_inputs()]
    for node in session.get_outputs():
        blocks.append(("output", node, '\n    label_filename: "labels.txt"' if node.name == "probabilities" else ""))
    text = (
        f'name: {json.dumps(name)}\nbackend: "onnxruntime"\nmax_batch_size: {LARGEST_BATCH}\ndynamic_batching {{ }}\n'
    )
    text += "".join(_block(kind, node, more) for kind, node, more in blocks)
    (folder / name / "config.pbtxt").write_text(text, encoding="utf-8")


def _block(kind: str, node: "NodeArg", more: str) -> str:
    """An input or output of config.pbtxt; the batch is not among its dims, and -1 is any size."""
    dims = ", ".join(str(size) if isinstance(size, int) else "-1" for size in node.shape[1:])
    datatype = DATATYPES[node.type]
    return (
        f"{kind} [\n  {{\n    name: {json.dumps(node.name)}\n    data_type: {datatype}\n    dims: [ {dims} ]{more}\n"
        "  }\n]\n"
    )


def read_triton(folder: Path) -> Predictor:
    """The model that the repository's configuration names."""
    configs = list(folder.glob("*/config.pbtxt"))
    if len(configs) != 1:
        raise Failure(f"{folder.name} holds {len(configs)} models, not one")
    name = re.search(r'^name: "(.*)"$', configs[0].read_text(encoding="utf-8"), re.MULTILINE)
    if name is None or name[1] != configs[0].parent.name:
        raise Failure("config.pbtxt does not name its own folder, as Triton demands")
    return onnx_model.read(configs[0].parent / "1" / "model.onnx")


def read_kserve(folder: Path) -> Predictor:
    """The model that the service would serve."""
    return read_triton(folder / "models")
