"""An exported file as a Predictor: an .onnx file or a `script` folder, by onnxruntime alone, without torch."""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clfcore.data.pixels import Preprocess
from clfcore.data.thread_pool import threads
from clfcore.errors import InputError
from clfcore.evaluation.conformal import SetRule
from clfcore.inference.predictor import Outputs, Predictor
from clfcore.predictions import moved_thresholds
from clfcore.runs.unlike import Judge
from clfcore.task import Task
from clfcore.unlike import Limit, Rule

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INPUT, OUTPUT = "image", "logits"


def exported_file(path: Path) -> Path | None:
    """The ONNX file of an export: itself, or the one in a folder that an export wrote; None where it is no export."""
    if path.is_dir() and (path / "preprocess.json").is_file() and (path / "model.onnx").is_file():
        return path / "model.onnx"
    return path if path.is_file() and path.suffix.lower() == ".onnx" else None


def open_session(file: Path) -> "InferenceSession":
    """A session on the CPU. Raises InputError where onnxruntime is missing or the file is none that it opens."""
    if importlib.util.find_spec("onnxruntime") is None:
        raise InputError("an export is served by onnxruntime: pip install 'clflab[export]'")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = 3
    # Threads that wait by spinning take the cores from whatever else runs: decoding, the server's own work, clients.
    # As long as between two layers is worth it; the default is much longer. Versions that do not know it ignore it.
    options.add_session_config_entry("session.intra_op.spin_duration_us", "20")
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise InputError(f"{file} is no ONNX file that onnxruntime {onnxruntime.__version__} opens") from error


def open_exported(file: Path) -> Predictor:
    """Raises InputError where the file was not written by `export`, or onnxruntime is missing."""
    session = open_session(file)
    stored = session.get_modelmeta().custom_metadata_map
    try:
        about: dict[str, Any] = {name: json.loads(stored[name]) for name in ("name", "task", "input")}
        about |= {
            name: json.loads(stored.get(name, "null"))
            for name in ("decoding", "temperature", "thresholds", "unknown", "sets")
        }
        fields = {k: v for k, v in about["input"].items() if k not in ("stored_side", "dtype")}
        preprocess, task = Preprocess.from_dict(fields), Task.from_dict(about["task"])
        dtype = np.dtype(about["input"]["dtype"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file} does not say how its pictures are prepared: write it with `export`") from error
    temperature, thresholds = about["temperature"] or 1.0, about["thresholds"]
    return Predictor(
        str(about["name"]),
        preprocess,
        task,
        about["decoding"] or "levels",
        # The file's are of its calibrated probabilities, a Predictor's of the logits as they are.
        None if thresholds is None else tuple(moved_thresholds(thresholds, 1 / temperature)),
        temperature,
        partial(_square, preprocess, dtype),
        partial(_compute, session),
        _judge(about["unknown"]),
        _sets(about["sets"], task),
    )


def _judge(stored: Mapping[str, Any] | None) -> Judge | None:
    """What tells strangers by the energy of the logits, as the file says; None where it says nothing, or nonsense."""
    try:
        threshold, basis = (None, "") if stored is None else (float(stored["threshold"]), str(stored["basis"]))
    except (KeyError, TypeError, ValueError):
        return None
    if threshold is None:
        return None
    return Judge(Rule((Limit("energy", threshold, 0, 0),), why=basis), None)


def _sets(stored: Mapping[str, Any] | None, task: Task) -> SetRule | None:
    """Which classes are in the prediction set, as the file says; None where it says nothing, or nonsense."""
    try:
        rule = None if stored is None else SetRule(float(stored["coverage"]), float(stored["threshold"]), 0,
                                                   str(stored["level"]))  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None
    return rule if rule is not None and rule.level in [level.name for level in task.levels] else None


def _square(preprocess: Preprocess, dtype: np.dtype, pixels: np.ndarray) -> np.ndarray:
    """S x S x 3 of the file's type."""
    square = preprocess.center(preprocess.stored(pixels)[None])[0]
    if dtype == np.uint8 and square.dtype != np.uint8:
        square = np.clip(np.rint(square), 0, 255)
    return np.ascontiguousarray(np.broadcast_to(square, (*square.shape[:2], 3)), dtype)


def _compute(session: "InferenceSession", squares: Sequence[np.ndarray]) -> Outputs:
    logits = np.asarray(session.run([OUTPUT], {INPUT: np.stack(squares)})[0], np.float32)
    return Outputs(logits, logits)
