"""The formats of an export, a row each: what it is for, what it needs, how it is written, and how it is read again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore.export import (
    container,
    model_repository,
    onnx_model,
    quantized,
    ray_serve,
    script,
    timm_folder,
    torch_program,
    web,
)
from clfcore.export.exportable import Exportable
from clfcore.export.onnx_model import Predictor
from clfcore.export.verify import Verification


@dataclass(frozen=True)
class Format:
    """A way to leave the lab.

    folder: it is a folder of files, not one file. needs: packages of the extra `export`. exact: held to the tolerance
    of logits; else (8-bit integers) to the accuracy that it loses. write: source, path, calibration squares; read: the
    path -> squares to logits, by the library that will run it; closed afterwards where it has a `close`. logits,
    agreement: the largest difference of a logit as a share of the largest logit, and the least share of the same
    answers, where it is exact. prove: writes the proof into what was verified.
    """

    name: str
    title: str
    folder: bool
    needs: tuple[str, ...]
    exact: bool
    write: Callable[[Exportable, Path, np.ndarray | None], None]
    read: Callable[[Path], Predictor]
    logits: float = 1e-4
    agreement: float = 1.0
    prove: Callable[[Path, Verification], None] | None = None


def _quantized(source: Exportable, path: Path, calibration: np.ndarray | None) -> None:
    assert calibration is not None, "8-bit integers are calibrated"
    quantized.write(source, path, calibration)


FORMATS: Mapping[str, Format] = {
    row.name: row
    for row in (
        Format(
            "onnx", "ONNX, for onnxruntime and what is built on it", False, onnx_model.NEEDS, True,
            lambda source, path, _: onnx_model.write(source, path), onnx_model.read,
        ),
        Format(
            "onnx-int8", "ONNX in 8-bit integers: smaller, faster on CPUs with VNNI", False, onnx_model.NEEDS, False,
            _quantized, onnx_model.read,
        ),
        Format(
            "pt2", "torch.export's program, opens with torch alone", False, (), True,
            lambda source, path, _: torch_program.write(source, path), torch_program.read,
        ),
        Format(
            "script", "predict.py with its model: onnxruntime, pillow and numpy alone", True, onnx_model.NEEDS, True,
            lambda source, path, _: script.write(source, path), script.read,
        ),
        Format(
            "web", "a page that classifies in its visitor's browser, with no network", False, onnx_model.NEEDS, True,
            lambda source, path, _: web.write(source, path), web.read, logits=0.01, agreement=0.995, prove=web.prove,
        ),
        Format(
            "timm", "a folder that timm opens as local-dir:FOLDER", True, (), True,
            lambda source, path, _: timm_folder.write(source, path), timm_folder.read,
        ),
        Format(
            "container", "a folder to build a container from: a small server", True, container.NEEDS, True,
            lambda source, path, _: container.write(source, path), container.Server,
        ),
        Format(
            "triton", "a model repository for the Triton Inference Server", True, onnx_model.NEEDS, True,
            lambda source, path, _: model_repository.write_triton(source, path), model_repository.read_triton,
        ),
        Format(
            "kserve", "an inference service for KServe, with its model repository", True, onnx_model.NEEDS, True,
            lambda source, path, _: model_repository.write_kserve(source, path), model_repository.read_kserve,
        ),
        Format(
            "ray-serve", "an application for Ray Serve", True, onnx_model.NEEDS, True,
            lambda source, path, _: ray_serve.write(source, path), ray_serve.read,
        ),
    )
}  # fmt: skip
