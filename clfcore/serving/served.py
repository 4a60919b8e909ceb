"""What is served: a run, an architecture's weights or an export, with the tensors that it takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore.data.pixels import gray
from clfcore.errors import InputError
from clfcore.files import safe_name, typed_path
from clfcore.inference.exported import exported_file, open_exported
from clfcore.inference.predictor import Outputs, Predictor, predictor_of
from clfcore.predictions import probabilities
from clfcore.progress import Progress
from clfcore.results import JsonObject

INPUT = "image"
OUTPUTS = ("logits", "probabilities")
VERSION = "1"


@dataclass(frozen=True, eq=False)
class Served:
    """A model to be served. platform: what computes it, in the protocol's words."""

    predictor: Predictor
    platform: str

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return safe_name(self.predictor.name, most=80)

    @property
    def is_network(self) -> bool:
        """Whether it is a run or an architecture, computed by torch, not an export."""
        return self.platform.startswith("pytorch")

    @property
    def dtype(self) -> np.dtype:
        """Of the input: bytes, or of pictures with more than 8 bits float32 tones from 0 to 255."""
        return np.dtype(np.uint8 if self.predictor.preprocess.value_range is None else np.float32)

    @property
    def datatype(self) -> str:
        """The same in the protocol's words."""
        return {"uint8": "UINT8", "float32": "FP32"}[self.dtype.name]

    @property
    def square(self) -> tuple[int, int, int]:
        """The shape of one picture."""
        size = self.predictor.preprocess.size
        return size, size, 3

    def metadata(self) -> JsonObject:
        """The model as the protocol describes one."""
        columns = self.predictor.task.columns
        return {
            "name": self.name,
            "versions": [VERSION],
            "platform": self.platform,
            "inputs": [{"name": INPUT, "datatype": self.datatype, "shape": [-1, *self.square]}],
            "outputs": [{"name": name, "datatype": "FP32", "shape": [-1, columns]} for name in OUTPUTS],
            "properties": {"task": self.predictor.task.as_dict()},
        }

    def squares(self, tensor: np.ndarray) -> Sequence[np.ndarray]:
        """N x S x S x 3 as the model takes each of them."""
        if self.is_network and self.predictor.preprocess.channels == 1:
            return list(gray(tensor))
        return list(tensor)

    def tensors(self, outputs: Outputs) -> dict[str, np.ndarray]:
        """The protocol's outputs by name, float32."""
        p = probabilities(outputs.logits / self.predictor.temperature, self.predictor.task)
        return {"logits": np.asarray(outputs.logits, np.float32), "probabilities": np.asarray(p, np.float32)}


def open_served(
    name: str, *, calibrated: bool = False, runs: Path | None = None, progress: Progress | None = None
) -> Served:
    """A run or architecture by name, or the path of an export (.onnx, or a script folder), which loads no torch.

    calibrated: of a run, with the temperature that `calibrate` stored; an export has its own. Raises InputError.
    """
    file = exported_file(typed_path(name, "model"))
    if file is not None:
        if calibrated:
            raise InputError(f"{name} is an export, whose probabilities are calibrated already: leave --calibrated out")
        return Served(open_exported(file), "onnxruntime_onnx")
    from clfcore.runs.open_classifier import open_classifier  # brings torch along

    return Served(predictor_of(open_classifier(name, runs), calibrated=calibrated, progress=progress), "pytorch_module")
