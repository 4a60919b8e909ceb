"""timm: a folder that `timm.create_model("local-dir:FOLDER", pretrained=True)` opens, weights as safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import timm
import torch
from torch import nn

from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.export import script
from clfcore.export.exportable import Exportable
from clfcore.export.onnx_model import Predictor
from clfcore.runs.folder import Run
from clfcore.task import Task
from clfcore.training.batches import normalized

CROP_MODES: Mapping[str, str] = {"crop": "center", "pad": "border", "squash": "squash"}  # ours -> timm's


def write(source: Exportable, folder: Path) -> None:
    """config.json, model.safetensors and preprocess.json. Raises InputError where timm cannot express it."""
    model = _timm_model(source)
    preprocess = source.classifier.preprocess
    side = (preprocess.channels, preprocess.size, preprocess.size)
    published = _config(model)
    config = {
        "input_size": side,
        "test_input_size": None,
        "mean": preprocess.mean,
        "std": preprocess.deviation,
        "interpolation": preprocess.interpolation,
        "crop_pct": preprocess.crop_fraction,
        "test_crop_pct": None,
        "crop_mode": CROP_MODES[preprocess.fit],
    }
    arguments: dict[str, object] = {} if preprocess.channels == 3 else {"in_chans": preprocess.channels}
    if published.get("fixed_input_size") and tuple(published["input_size"][1:]) != side[1:]:
        arguments["img_size"] = preprocess.size
    timm.models.save_for_hf(
        model,
        str(folder),
        model_config={"label_names": label_names(source.classifier.task), "pretrained_cfg": config},
        model_args=arguments,
        safe_serialization=True,
    )
    script.describe(source, folder)


def read(folder: Path) -> Predictor:
    """The folder as timm opens it, normalized by timm's own configuration."""
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    config = _config(model)
    preprocess = Preprocess(config["input_size"][-1], mean=tuple(config["mean"]), deviation=tuple(config["std"]))

    def predict(squares: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(squares)).permute(0, 3, 1, 2)
            return model(normalized(pixels, preprocess)).numpy()

    return predict


def _config(model: nn.Module) -> Mapping[str, Any]:
    """What timm knows of a network's weights: of any values, on every network that it made."""
    return cast(Mapping[str, Any], model.pretrained_cfg)


def label_names(task: Task) -> list[str]:
    """A name for each logit; those of a hierarchy begin with their level."""
    if len(task.levels) == 1:
        return list(task.classes)
    return [f"{level.name}/{name}" for level in task.levels for name in level.classes]


def _timm_model(source: Exportable) -> nn.Module:
    """The classifier's module where timm made it; else timm's network of that name with the same tensors."""
    classifier = source.classifier
    name = classifier.name if classifier.folder is None else Run(classifier.folder).classifier.architecture
    if classifier.head in ("mlp", "attention"):
        raise InputError(
            f"format is 'timm': timm's networks end in a linear layer, {classifier.name} in a head of kind "
            f"{classifier.head}: take onnx or pt2"
        )
    module = classifier.module
    if isinstance(getattr(module, "pretrained_cfg", None), dict):
        return module
    refusal = InputError(f"format is 'timm': timm has no {name} with the same layers: take onnx or pt2")
    if not timm.is_model(name):
        raise refusal
    twin = timm.create_model(name, num_classes=classifier.task.columns, in_chans=classifier.preprocess.channels)
    try:
        twin.load_state_dict(module.state_dict(), strict=True)
    except RuntimeError:  # other names or shapes
        raise refusal from None
    return twin.eval()
