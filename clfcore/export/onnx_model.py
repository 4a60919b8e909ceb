"""ONNX: one file that onnxruntime, and everything built on it, opens; dynamic batch, normalization inside."""

import importlib.util
import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from clfcore.errors import Failure, InputError
from clfcore.export import PACKAGES
from clfcore.export.exportable import Exportable, ExportedClassifier, description
from clfcore.files import shortened

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

OPSET = 20
INPUT = "image"
NEEDS = PACKAGES
Predictor = Callable[[np.ndarray], np.ndarray]  # N x S x S x 3 squares -> N x columns logits
_EXPORTING = threading.Lock()  # the exporter patches torch while it works


def check_packages(names: Sequence[str]) -> None:
    """Raises InputError with the one line that installs them, where packages of the extra are missing."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f"the export needs {', '.join(missing)}: pip install 'clflab[export]'")


def write(source: Exportable, path: Path) -> None:
    """The file, with what preprocess.json holds as its metadata. Raises Failure where a layer cannot be expressed."""
    check_packages(NEEDS)
    import onnx

    module = ExportedClassifier(source).eval()
    with _EXPORTING, _silent(), _plain_attention(module):
        try:
            program = torch.onnx.export(
                module,
                (source.example(),),
                dynamo=True,
                opset_version=OPSET,
                dynamic_shapes={INPUT: {0: torch.export.Dim("N", min=1, max=65_535)}},
                input_names=[INPUT],
                output_names=list(source.outputs),
                verbose=False,
            )
        except Exception as error:  # of the exporter's many parts, any
            reason = _reason(error)
            raise Failure(
                f"{source.classifier.name} cannot be written as ONNX ({reason}): take --format pt2, or another network"
            ) from error
    assert program is not None, "with dynamo the exporter returns the program"
    model = program.model_proto
    properties = {name: json.dumps(value, ensure_ascii=False) for name, value in description(source).items()}
    onnx.helper.set_model_props(model, properties)
    onnx.save_model(model, path)


def read(path: Path) -> Predictor:
    """The file as onnxruntime runs it on a CPU, with as many threads as torch has."""
    session = open_session(path)

    def predict(squares: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(["logits"], {INPUT: squares})[0], np.float32)

    return predict


def open_session(path: Path) -> "InferenceSession":
    """An inference session on the CPU. Raises InputError where the file is none."""
    check_packages(("onnxruntime",))
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise InputError(f"{path} is no ONNX file that onnxruntime {onnxruntime.__version__} opens") from error


def properties(session: "InferenceSession") -> dict[str, object]:
    """What the file says of itself: the keys of preprocess.json."""
    stored = session.get_modelmeta().custom_metadata_map
    return {name: json.loads(value) for name, value in stored.items()}


def _reason(error: BaseException) -> str:
    """The first line of what went wrong below the exporter, which names its own step alone."""
    while error.__cause__ is not None:
        error = error.__cause__
    return shortened((str(error).strip() or type(error).__name__).splitlines()[0], most=200)


@contextmanager
def _plain_attention(module: torch.nn.Module) -> Iterator[None]:
    """timm's attention as products and a softmax: of the fused one, with a bias of positions, the exporter expects
    other strides than torch gives."""
    fused = [part for part in module.modules() if getattr(part, "fused_attn", False) is True]
    for part in fused:
        setattr(part, "fused_attn", False)  # noqa: B010 # no attribute that nn.Module declares
    try:
        yield
    finally:
        for part in fused:
            setattr(part, "fused_attn", True)  # noqa: B010 # as above


@contextmanager
def _silent() -> Iterator[None]:
    """The exporter's own log says nothing that a person could act on."""
    names = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
