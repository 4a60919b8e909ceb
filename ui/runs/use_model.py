"""Use this model: commands and Python to copy, and a verified export in any format to try or download."""

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import streamlit as st

from clfcore import api
from clfcore.api.exports import Exported, missing_packages
from clfcore.export import CALIBRATE, POINTS
from clfcore.numerals import decimal
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.temperature import temperature_of
from ui.formatting import count, percent, size_text
from ui.jobs import Job, background, result_if_ready
from ui.messages import refusals
from ui.runs.export_formats import EXPORT_CHOICES, ExportChoice
from ui.session import SessionValue

PAGE_HEIGHT = 720  # pixels of the web page that is tried in place


@dataclass(frozen=True)
class _Model:
    """What is taken along. name: in commands, of a run its id; source: what is exported, of a run its folder; changed:
    when its predictions did; temperature: of its probabilities."""

    name: str
    source: str
    changed: float = 0.0
    temperature: float = 1.0


_ASKED = SessionValue[set[str]]("exports asked for")


def use_this_model(run: Run) -> None:
    """Use elsewhere: the run's folder, commands and Python to copy, and a verified export to download."""
    more = st.expander("Use this model", on_change="rerun", key=f"use {run.id}")
    if not more.open:
        return
    with more, refusals(stop=False):
        model = _Model(run.id, str(run.path), run.predicted_at(run.splits[0]), temperature_of(run) or 1.0)
        left, right = st.columns(2, gap="large")
        with left:
            st.subheader("In the lab", anchor=False)
            _commands(model)
            st.caption("The run's folder; a copy of it works on any machine with this lab")
            st.code(model.source, language=None, wrap_lines=True)
        with right:
            st.subheader("Take it with you", anchor=False)
            _export(model)


def use_this_architecture(name: str) -> None:
    """The same of an architecture with its published weights, in a narrow column."""
    more = st.expander("Use this model", on_change="rerun", key=f"use {name}")
    if not more.open:
        return
    with more:
        st.caption(f"{name} with its pretrained weights and their classes, as it is; no training.")
        _commands(_Model(name, name))
        st.subheader("Take it with you", anchor=False)
        _export(_Model(name, name))


def _commands(model: _Model) -> None:
    name = quote(model.name)
    st.caption("Predict from a terminal")
    st.code(f"clflab predict {name} photo.jpg", language="bash", wrap_lines=True)
    st.caption("A folder, a zip or a CSV of photos, into a table")
    st.code(f"clflab predict {name} photos/ --out predictions.csv", language="bash", wrap_lines=True)
    st.caption("Over HTTP on this machine: the Open Inference Protocol, POST /predict, and a page")
    st.code(f"clflab serve {name}", language="bash", wrap_lines=True)
    st.caption("Or from Python")
    st.code(
        f'from clfcore.api import predict\n\nanswer = predict("{model.name}", ["photo.jpg"])\n'
        "print(answer.predictions[0])",
        language="python",
        wrap_lines=True,
    )


@dataclass(frozen=True, eq=False)
class _Download:
    """An export that is ready to be saved, a folder as a zip; its files are removed with it."""

    file: Path
    exported: Exported


@background(entries=4)
def _exporting(
    progress: Progress, model: _Model, format: str, *, name: str, calibrate: int, tolerance: float | None
) -> _Download:
    place = Path(tempfile.mkdtemp(prefix="clflab-export-"))
    try:
        exported = api.export(
            model.source,
            format=format,
            out=place / name,
            calibrate=calibrate,
            tolerance=tolerance,
            progress=progress,
        )
        download = _Download(as_one_file(exported.out), exported)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    weakref.finalize(download, shutil.rmtree, place, ignore_errors=True)
    return download


def as_one_file(out: Path) -> Path:
    """An export as a browser saves it: a folder as a zip beside it, with that folder inside."""
    return Path(shutil.make_archive(str(out), "zip", out.parent, out.name)) if out.is_dir() else out


def _export(model: _Model) -> None:
    format = st.radio(
        "Format",
        list(EXPORT_CHOICES),
        format_func=lambda name: EXPORT_CHOICES[name].title,
        captions=[choice.what for choice in EXPORT_CHOICES.values()],
        key=f"format {model.name}",
    )
    choice = EXPORT_CHOICES[format]
    name = model.name.replace("/", "-") + choice.ending
    missing = missing_packages(format)
    if missing:
        st.info(f"This format needs {', '.join(missing)}. Install them, then start the lab again:")
        st.code("pip install 'clflab[export]'", language="bash")
        return
    calibrate, tolerance = _eight_bits(model) if format == "onnx-int8" else (CALIBRATE, None)
    flags = f" --calibrate {calibrate}" if calibrate != CALIBRATE else ""
    flags += f" --tolerance {tolerance:g}" if tolerance is not None else ""
    line = f"clflab export {quote(model.name)} --format {format} --out {quote(name)}{flags}"
    st.code(line, language="bash", wrap_lines=True)
    if st.button(
        "Export", key=f"export {model.name}", help="Written, then verified against the run on its own images."
    ):
        _ASKED.set({*(_ASKED.get() or ()), line})
    if line not in (_ASKED.get() or ()):
        return
    job: Job[_Download] = _exporting(model, format, name=name, calibrate=calibrate, tolerance=tolerance)
    download = result_if_ready(job, key=f"export again {model.name}", words="Exporting and verifying")
    if download is not None:
        _ready(download, choice, name)


def _eight_bits(model: _Model) -> tuple[int, float | None]:
    """How many training images set the ranges, and the share of accuracy that may be lost, None as by default."""
    left, right = st.columns(2)
    calibrate = left.number_input(
        "Calibration images",
        min_value=1,
        max_value=100_000,
        value=CALIBRATE,
        key=f"calibrate {model.name}",
        help="Training images that set the ranges of the integers. More of them cost seconds and may lose less.",
    )
    points = right.number_input(
        "Acceptable loss, points",
        min_value=0.0,
        max_value=100.0,
        value=100 * POINTS,
        step=0.5,
        format="%.1f",
        key=f"tolerance {model.name}",
        help="Percentage points of accuracy, on the images of the proof. An export that loses more is refused.",
    )
    return int(calibrate), None if points == 100 * POINTS else round(points / 100, 6)


def _ready(download: _Download, choice: ExportChoice, name: str) -> None:
    """The proof in words, the file to save, lines that use it; a web page to be tried in place."""
    st.write(proof_text(download.exported))
    st.download_button(
        f"Download ({size_text(download.file.stat().st_size)})",
        data=download.file.read_bytes,
        file_name=download.file.name,
        type="primary",
        on_click="ignore",
        icon=":material/download:",
        help=download.file.name,
    )
    st.caption("Use it" if download.file.suffix != ".zip" else "Unpack it, then")
    st.code(choice.use.replace("NAME", name), language=choice.language, wrap_lines=True)
    if download.exported.format == "web" and st.toggle("Try it here", key=f"try {name}"):
        st.iframe(download.file, height=PAGE_HEIGHT, alt="The exported web page")


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
