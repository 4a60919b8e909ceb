"""Use this model: commands and Python to copy, and a verified export in any format to download."""

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import streamlit as st

from clfcore import api
from clfcore.api.exports import Exported
from clfcore.numerals import decimal
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from ui.formatting import count, percent, size_text
from ui.jobs import Job, background, result_if_ready
from ui.session import SessionValue


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
        "ONNX, 8-bit", "A quarter of the size, faster on most CPUs, slightly less exact.", "-int8.onnx", _ONNX, "python"
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

_ASKED = SessionValue[set[str]]("exports asked for")


def use_this_model(run: Run) -> None:
    """Use elsewhere: the run's folder, commands and Python to copy, and a verified export to download."""
    more = st.expander("Use this model", on_change="rerun", key=f"use {run.id}")
    if not more.open:
        return
    with more:
        left, right = st.columns(2, gap="large")
        with left:
            st.subheader("In the lab", anchor=False)
            _commands(run)
        with right:
            st.subheader("Take it with you", anchor=False)
            _export(run)


def _commands(run: Run) -> None:
    st.caption("Predict from a terminal")
    name = quote(run.id)
    st.code(f"clflab predict {name} photo.jpg", language="bash", wrap_lines=True)
    st.caption("A folder, a zip or a CSV of photos, into a table")
    st.code(f"clflab predict {name} photos/ --out predictions.csv", language="bash", wrap_lines=True)
    st.caption("Over HTTP on this machine: the Open Inference Protocol, POST /predict, and a page")
    st.code(f"clflab serve {name}", language="bash", wrap_lines=True)
    st.caption("Or from Python")
    st.code(
        f'from clfcore.api import predict\n\nanswer = predict("{run.id}", ["photo.jpg"])\nprint(answer.predictions[0])',
        language="python",
        wrap_lines=True,
    )
    st.caption("The run's folder; a copy of it works on any machine with this lab")
    st.code(str(run.path), language=None, wrap_lines=True)


@dataclass(frozen=True, eq=False)
class _Download:
    """An export that is ready to be saved, a folder as a zip; its files are removed with it."""

    file: Path
    exported: Exported


@background(entries=4)
def _exporting(progress: Progress, run: str, format: str, name: str, *, changed: float) -> _Download:
    place = Path(tempfile.mkdtemp(prefix="clflab-export-"))
    try:
        exported = api.export(run, format=format, out=place / name, progress=progress)
        download = _Download(as_one_file(exported.out), exported)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    weakref.finalize(download, shutil.rmtree, place, ignore_errors=True)
    return download


def as_one_file(out: Path) -> Path:
    """An export as a browser saves it: a folder as a zip beside it, with that folder inside."""
    return Path(shutil.make_archive(str(out), "zip", out.parent, out.name)) if out.is_dir() else out


def _export(run: Run) -> None:
    format = st.radio(
        "Format",
        list(EXPORT_CHOICES),
        format_func=lambda name: EXPORT_CHOICES[name].title,
        captions=[choice.what for choice in EXPORT_CHOICES.values()],
        key=f"format {run.id}",
    )
    choice = EXPORT_CHOICES[format]
    name = run.id + choice.ending
    st.code(f"clflab export {quote(run.id)} --format {format} --out {quote(name)}", language="bash", wrap_lines=True)
    asked = f"exporting {run.id} {format}"
    if st.button("Export", key=f"export {run.id}", help="Written, then verified against the run on its own images."):
        _ASKED.set({*(_ASKED.get() or ()), asked})
    if asked not in (_ASKED.get() or ()):
        return
    job: Job[_Download] = _exporting(str(run.path), format, name, changed=run.predicted_at(run.splits[0]))
    download = result_if_ready(job, key=f"export again {run.id}", words="Exporting and verifying")
    if download is None:
        return
    st.write(proof_text(download.exported))
    st.download_button(
        f"Download {download.file.name} ({size_text(download.file.stat().st_size)})",
        data=download.file.read_bytes,
        file_name=download.file.name,
        type="primary",
        on_click="ignore",
        icon=":material/download:",
    )
    st.caption("Use it" if download.file.suffix != ".zip" else "Unpack it, then")
    st.code(choice.use.replace("NAME", name), language=choice.language, wrap_lines=True)


def proof_text(exported: Exported) -> str:
    """What was verified, in words: the same answers and the largest difference, or the price and the gain of 8 bits."""
    parity, accuracy, latency, stored = exported.parity, exported.accuracy, exported.latency, exported.stored
    same = f"{count(round(parity.top1_agreement * parity.items))} of {count(parity.items)} {parity.split} images"
    sentences = [f"✓ Verified: {same} get the same answer"]
    if exported.format != "onnx-int8":
        largest = "under 0.00001" if parity.max_abs_logit < 1e-5 else decimal(parity.max_abs_logit)
        sentences[0] += f"; largest difference of a logit {largest}"
        if accuracy is not None:
            sentences.append(f"Accuracy: run {percent(accuracy.run)}, export {percent(accuracy.export)}")
    elif accuracy is not None:
        low, high = (100 * end for end in accuracy.interval)
        sentences.append(
            f"Price: accuracy {percent(accuracy.export)}, of the run {percent(accuracy.run)} (95% interval of the "
            f"difference {low:+.1f} to {high:+.1f} points)".replace("-", "−")
        )
    if stored is not None and stored.top1_agreement < parity.top1_agreement:
        again = f"{count(round(stored.top1_agreement * stored.items))} of {count(stored.items)}"
        sentences.append(f"Of the run's stored predictions {again} are the same: they were made in another precision")
    times = f"{latency.export_ms:.1f} ms an image, of the run {latency.run_ms:.1f} ms"
    if exported.format != "onnx-int8":
        sentences.append(f"Latency here: {times}")
    elif latency.ratio > 1:
        sentences.append(f"Gain: {latency.ratio:.1f} times as fast here ({times}), and smaller")
    else:
        sentences.append(f"Gain: smaller, but no faster here ({times}): speed needs a CPU with VNNI")
    return ". ".join(sentences) + "."
