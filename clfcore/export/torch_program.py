"""PT2: the network as torch.export's program, for those who stay with torch; opens without clfcore.

Inside is preprocess.json, too, which `torch.export.load(file, extra_files={"preprocess.json": ""})` gives back.
"""

import json
from pathlib import Path

import numpy as np
import torch

from clfcore.errors import Failure
from clfcore.export.exportable import Exportable, ExportedClassifier, description
from clfcore.export.onnx_model import INPUT, Predictor


def write(source: Exportable, path: Path) -> None:
    """Raises Failure where the network cannot be traced."""
    batch = torch.export.Dim("N", min=1, max=65_535)
    try:
        program = torch.export.export(
            ExportedClassifier(source).eval(), (source.example(),), dynamic_shapes={INPUT: {0: batch}}
        )
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise Failure(f"{source.classifier.name} cannot be written by torch.export ({reason})") from error
    about = json.dumps(description(source), ensure_ascii=False)
    with path.open("wb") as file:
        torch.export.save(program, file, extra_files={"preprocess.json": about})


def read(path: Path) -> Predictor:
    """The saved program on the CPU."""
    with path.open("rb") as file:
        module = torch.export.load(file).module()

    def predict(squares: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return module(torch.from_numpy(np.ascontiguousarray(squares)))[0].numpy()

    return predict
