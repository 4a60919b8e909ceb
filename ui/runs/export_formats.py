"""Formats of an export as the page offers them: what each is for, and lines that use its file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ExportChoice:
    """A format as the page offers it.

    ending: of its file's name, after the run's id; use: lines that use the file NAME, in `language`.
    """

    title: str
    what: str
    ending: str
    use: str
    language: str = "bash"


_PHOTO = """
side, size = about["input"]["stored_side"], about["input"]["size"]
assert about["input"]["fit"] == "crop"  # predict.py of the format script has lines for the other two

photo = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("RGB")
fitted = ImageOps.fit(photo, (side, side), Image.Resampling[about["input"]["interpolation"].upper()])
cut = (side - size) // 2
square = np.array(fitted.crop((cut, cut, cut + size, cut + size)))
"""
_ANSWER = """
names = [name for level in about["task"]["levels"] for name in level["classes"]]
for probability, name in sorted(zip(probabilities[0], names), reverse=True)[:5]:
    print(f"{name} {probability:.1%}")"""
_ONNX = f"""import json

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession("NAME")
about = {{key: json.loads(text) for key, text in session.get_modelmeta().custom_metadata_map.items()}}{_PHOTO}
logits, probabilities = session.run(["logits", "probabilities"], {{"image": square[None]}}){_ANSWER}"""
_PT2 = f"""import json

import numpy as np
import torch
from PIL import Image, ImageOps

files = {{"preprocess.json": ""}}
network = torch.export.load("NAME", extra_files=files).module()
about = json.loads(files["preprocess.json"]){_PHOTO}
logits, probabilities = network(torch.from_numpy(square[None]))[:2]{_ANSWER}"""
_TIMM = f"""import json
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image, ImageOps

network = timm.create_model("local-dir:NAME", pretrained=True).eval()
about = json.loads(Path("NAME", "preprocess.json").read_text()){_PHOTO}
mean, deviation = torch.tensor(about["input"]["mean"]), torch.tensor(about["input"]["deviation"])
pixels = (torch.from_numpy(square) / 255 - mean) / deviation
logits = network(pixels.permute(2, 0, 1)[None])[0].tolist()

names = [name for level in about["task"]["levels"] for name in level["classes"]]
for logit, name in sorted(zip(logits, names), reverse=True)[:5]:
    print(f"{{name}} {{logit:.2f}}")"""
EXPORT_CHOICES = {
    "onnx": ExportChoice("ONNX", "One file that ONNX Runtime reads, in most languages.", ".onnx", _ONNX, "python"),
    "onnx-int8": ExportChoice(
        "ONNX, 8-bit",
        "A quarter of the size, faster on most CPUs, slightly less accurate.",
        "-int8.onnx",
        _ONNX,
        "python",
    ),
    "pt2": ExportChoice(
        "PyTorch",
        "For torch.export.load, without this lab.",
        ".pt2",
        _PT2,
        "python",
    ),
    "script": ExportChoice(
        "Script",
        "A folder: predict.py for onnxruntime, Pillow and NumPy alone, and train.py, which trains the run again.",
        "-script",
        "pip install -r NAME/requirements.txt\npython NAME/predict.py photo.jpg",
    ),
    "web": ExportChoice(
        "Web page",
        "One file that classifies in any browser, offline: download it, then open it.",
        ".html",
        "python -m webbrowser NAME",
    ),
    "timm": ExportChoice(
        "timm",
        "A folder that timm opens as its own network.",
        "-timm",
        _TIMM,
        "python",
    ),
    "container": ExportChoice(
        "Container",
        "A folder to build a container from: a small server without torch.",
        "-container",
        "cd NAME\ndocker build -t classifier .\n"
        "docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8000:8000 classifier",
    ),
    "triton": ExportChoice(
        "Triton",
        "A model repository for the Triton Inference Server.",
        "-triton",
        "# YY.MM: a release of Triton\n"
        'docker run --rm -p 127.0.0.1:8000:8000 -v "$PWD/NAME":/models:ro \\\n'
        "  nvcr.io/nvidia/tritonserver:YY.MM-py3 tritonserver --model-repository=/models",
    ),
    "kserve": ExportChoice(
        "KServe",
        "An inference service on Kubernetes, with its model repository.",
        "-kserve",
        "# first copy NAME/models to your storage, and write its address as storageUri\n"
        "kubectl apply -f NAME/inferenceservice.yaml",
    ),
    "ray-serve": ExportChoice(
        "Ray Serve",
        "An application that Ray Serve runs on many machines.",
        "-ray-serve",
        "cd NAME\npip install -r requirements.txt\nserve run serve.yaml",
    ),
}
