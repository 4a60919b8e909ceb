"""The dataset in another tool's format, written beside nothing of yours and saved by the browser as one zip."""

import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.api.datasets import ExportedDataset
from clfcore.data.formats.table import FORMATS
from clfcore.data.library.specs import display_name, named_spec
from clfcore.files import safe_name
from clfcore.progress import Progress
from ui.formatting import count, size_text
from ui.jobs import background, result_if_ready
from ui.review.checks import identity_of
from ui.runs.use_model import as_one_file
from ui.session import SessionValue, kept

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset

_SIDES = (None, 512, 384, 256, 128)
_ASKED = SessionValue[set[tuple[str, str, int | None]]]("data exports")


@dataclass(frozen=True, eq=False)
class _Download:
    """A dataset that is ready to be saved; its files are removed with it."""

    file: Path
    written: ExportedDataset


@background(entries=2)
def _exporting(progress: Progress, spec: str, digest: str, *, name: str, format: str, side: int | None) -> _Download:
    place = Path(tempfile.mkdtemp(prefix="clflab-data-"))
    try:
        written = api.export_dataset(spec, place / name, format=format, side=side, progress=progress)
        file = as_one_file(written.out)
        shutil.rmtree(written.out)
        download = _Download(file, written)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    weakref.finalize(download, shutil.rmtree, place, ignore_errors=True)
    return download


def data_export(dataset: "ImageDataset", spec: str) -> None:
    """The formats that can hold the data, what each loses, and the zip to save."""
    known = [name for name, form in FORMATS.items() if dataset.task.kind in form.tasks]
    st.write("Labels, splits and copies of the images for another tool. The lab opens each of these again as data.")
    format = st.radio("Format", known, format_func=lambda name: FORMATS[name].title, **kept("data export format"))
    form, name = FORMATS[format], f"{safe_name(display_name(spec))}-{format}"
    if form.loses:
        st.caption(f"It cannot hold {' and '.join(form.loses)}; everything else stays.")
    side = st.selectbox(
        "Photos",
        _SIDES,
        format_func=lambda side: f"shorter side at most {side} pixels" if side else "as they are",
        help="Smaller copies store and decode faster: networks see 224 pixels, or up to 384. Each keeps its format.",
        disabled=dataset.paths is None,
        width=400,
        **kept("data export side"),
    )
    smaller = f" --side {side}" if side else ""
    command = f"clflab datasets export {quote(named_spec(spec))} --format {format}{smaller} --out {quote(name)}"
    st.code(command, language="bash", wrap_lines=True)
    asked = (identity_of(dataset), format, side)
    begun = _ASKED.get() or set()
    if asked not in begun:
        if not st.button("Export", key="export data", help=f"Writes {count(len(dataset), 'image')} and their labels."):
            return
        _ASKED.set({*begun, asked})
        st.rerun()
    job = _exporting(spec, asked[0], name=name, format=format, side=side)
    download = result_if_ready(job, key="export data again", words="Writing the dataset")
    if download is None:
        return
    left_out = (
        f"; {count(download.written.left_out, 'image')} of no split left out" if download.written.left_out else ""
    )
    st.write(f"{count(download.written.items, 'image')} written{left_out}.")
    st.download_button(
        f"Download {download.file.name} ({size_text(download.file.stat().st_size)})",
        data=download.file.read_bytes,
        file_name=download.file.name,
        mime="application/zip",
        type="primary",
        on_click="ignore",
        icon=":material/download:",
    )
