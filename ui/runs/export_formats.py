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


_SQUARES = "# squares: N x S x S x 3 bytes, prepared as {} says"
_ONNX = (
    'import onnxruntime\n\nsession = onnxruntime.InferenceSession("NAME")\n'
    + _SQUARES.format('session.get_modelmeta().custom_metadata_map["input"]')
    + '\nlogits, probabilities = session.run(["logits", "probabilities"], {"image": squares})'
)
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
        'import torch\n\nmodel = torch.export.load("NAME").module()\n'
        "# squares: N x S x S x 3 bytes, a tensor\nlogits, probabilities = model(squares)[:2]",
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
        'import timm\n\nmodel = timm.create_model("local-dir:NAME", pretrained=True)',
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
