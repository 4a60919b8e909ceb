"""A folder that predicts without the lab: predict.py, its ONNX file, how pictures are prepared, and what to install."""

import json
import shutil
from importlib import metadata
from pathlib import Path

from clfcore.export import onnx_model
from clfcore.export.exportable import Exportable, description
from clfcore.export.onnx_model import Predictor

TEMPLATE = Path(__file__).parent / "predict_script.py.txt"
RUNTIME = ("onnxruntime", "pillow", "numpy")


def write(source: Exportable, folder: Path) -> None:
    """predict.py, model.onnx, preprocess.json and requirements.txt with the versions that were verified here."""
    folder.mkdir(parents=True)
    onnx_model.write(source, folder / "model.onnx")
    about = json.dumps(description(source), ensure_ascii=False, indent=2)
    (folder / "preprocess.json").write_text(about + "\n", encoding="utf-8")
    shutil.copyfile(TEMPLATE, folder / "predict.py")
    versions = "".join(f"{name}=={metadata.version(name)}\n" for name in RUNTIME)
    (folder / "requirements.txt").write_text(versions, encoding="utf-8")


def read(folder: Path) -> Predictor:
    """The folder's model."""
    return onnx_model.read(folder / "model.onnx")
