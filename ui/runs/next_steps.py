"""What a finished run leads to: predict, explain, evaluate, compare, train further, and its use elsewhere."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import streamlit as st

from clfcore import api
from clfcore.api.exports import Exported
from clfcore.numerals import decimal
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.index import Listed, finished_runs
from ui.formatting import count, percent
from ui.jobs import Job, background, result_if_ready
from ui.messages import refusals
from ui.session import SessionValue, go_to

FORMATS = {
    "onnx": ("ONNX", "model.onnx", "One file that ONNX Runtime reads, in most languages."),
    "onnx-int8": ("ONNX, 8-bit", "model-int8.onnx", "A quarter of the size, faster on most CPUs, slightly less exact."),
    "pt2": ("PyTorch", "model.pt2", "For torch.export.load, without this lab."),
    "web": (
        "Web page",
        "page.html",
        "One file that classifies offline in any browser: download it, then open it there.",
    ),
    "script": ("Folder with a script", "model", "predict.py, which needs onnxruntime, Pillow and NumPy alone."),
}


_ASKED = SessionValue[set[str]]("exports asked for")


def next_steps(one: Listed, *, here: str = "") -> None:
    """The ways on from a run that has predictions. here: the page that is open, to which no way leads."""
    run = one.run
    with st.container(horizontal=True):
        if here != "evaluate" and st.button("Evaluate", key=f"evaluate {run.id}", type="primary"):
            go_to("pages/evaluate/page.py", {"run": run.id})
        if st.button("Predict with it", key=f"predict {run.id}"):
            go_to("pages/predict/page.py", {"model": run.id})
        if st.button("Explain", key=f"explain {run.id}", help="Where the network looked, beginning with its errors."):
            go_to("pages/explain/page.py", {"model": run.id, "pictures of": "A run's errors", "run": run.id})
        if st.button("Compare", key=f"compare {run.id}", help="With the newest other runs on the same data."):
            go_to("pages/compare/page.py", {"runs": [run.id, *_others(one)]})
        further_button(run)
    use_it(run)


def _others(one: Listed, most: int = 3) -> list[str]:
    """The newest other finished runs on the same data."""
    data = one.config.data if one.config else ""
    return [other.id for other in finished_runs() if other.id != one.id and other.config and other.config.data == data][
        :most
    ]


def further_button(run: Run) -> None:
    """On a finished run: the way to train it further, by any strategy that begins with weights."""
    if st.button("Train further", key=f"further {run.id}", help="A new run initialized with this one's weights."):
        go_to("pages/train/page.py", {"from": run.id})


def use_it(run: Run) -> None:
    """Use elsewhere: the run's folder, commands and Python to copy, and a verified export to download."""
    more = st.expander("Use this model", on_change="rerun", key=f"use {run.id}")
    if not more.open:
        return
    with more:
        left, right = st.columns(2, gap="large")
        with left:
            st.caption("Predict from a terminal")
            name = quote(run.id)
            st.code(f"clflab predict {name} photo.jpg", language="bash", wrap_lines=True)
            st.caption("A folder, a zip or a CSV of photos, into a table")
            st.code(f"clflab predict {name} photos/ --out predictions.csv", language="bash", wrap_lines=True)
            st.caption("Over HTTP on this machine: the Open Inference Protocol, POST /predict, and a page")
            st.code(f"clflab serve {name}", language="bash", wrap_lines=True)
            st.caption("Or from Python")
            st.code(
                "from clfcore.api import predict\n\n"
                f'answer = predict("{run.id}", ["photo.jpg"])\n'
                "print(answer.predictions[0])",
                language="python",
            )
            st.caption("The run's folder; a copy of it works on any machine with this lab")
            st.code(str(run.path), language=None, wrap_lines=True)
        with right:
            _export(run)


@dataclass(frozen=True, eq=False)
class _Download:
    """An export that is ready to be saved. place: its folder, which is removed with it."""

    place: tempfile.TemporaryDirectory[str]
    file: Path
    exported: Exported


@background(entries=4)
def _exporting(progress: Progress, run: str, format: str, *, changed: float) -> _Download:
    place = tempfile.TemporaryDirectory(prefix="clflab-export-")
    exported = api.export(run, format=format, out=Path(place.name) / FORMATS[format][1], progress=progress)
    file = exported.out
    if file.is_dir():
        file = Path(shutil.make_archive(str(file), "zip", file))
    return _Download(place, file, exported)


def _export(run: Run) -> None:
    format = st.selectbox("Format", list(FORMATS), format_func=lambda name: FORMATS[name][0], key=f"format {run.id}")
    _, name, what = FORMATS[format]
    st.caption(what)
    st.code(f"clflab export {quote(run.id)} --format {format} --out {name}", language="bash", wrap_lines=True)
    asked = f"exporting {run.id} {format}"
    if st.button("Export", key=f"export {run.id}", help="Written, then verified against the run on its own images."):
        _ASKED.set({*(_ASKED.get() or ()), asked})
    if asked not in (_ASKED.get() or ()):
        return
    job: Job[_Download] = _exporting(str(run.path), format, changed=run.predicted_at(run.splits[0]))
    found = result_if_ready(job, key=f"export again {run.id}")
    if found is not None:
        with refusals(stop=False):
            _proof(run, found)
    elif job.error is None:
        st.progress(job.done / job.total if job.total else 0.0, text="Exporting and verifying")


def _proof(run: Run, found: _Download) -> None:
    """What was verified, in words, and the file."""
    exported = found.exported
    parity, accuracy, latency = exported.parity, exported.accuracy, exported.latency
    same = round(parity.top1_agreement * parity.items)
    largest = "under 0.00001" if parity.max_abs_logit < 1e-5 else decimal(parity.max_abs_logit)
    words = [
        f"✓ Verified: {count(same)} of {count(parity.items)} {parity.split} images get the same answer; largest "
        f"difference of a logit {largest}."
    ]
    if accuracy is not None:
        words.append(f"Accuracy: run {percent(accuracy.run)}, export {percent(accuracy.export)}.")
    words.append(f"Latency: run {latency.run_ms:.1f} ms an image, export {latency.export_ms:.1f} ms.")
    st.write(" ".join(words))
    size = found.file.stat().st_size / 1e6
    st.download_button(
        f"Download {found.file.name} ({size:.1f} MB)",
        data=found.file.read_bytes,
        file_name=f"{run.id}-{found.file.name}",
        type="primary",
        on_click="ignore",
        icon=":material/download:",
    )
