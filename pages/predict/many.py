"""Many photos: a folder or a zip, predicted in the background; a grid to filter and sort, and the table as CSV."""

import io
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import streamlit as st

from clfcore.data.bit_depth import shown
from clfcore.data.pixels import gray_square, read_image
from clfcore.errors import InputError
from clfcore.inference.image_prediction import ImagePrediction
from clfcore.inference.many import predictions_of
from clfcore.inference.pictures import PictureFile, zipped_pictures
from clfcore.inference.predictor import predictor_of
from clfcore.inference.table import columns_of
from clfcore.progress import Progress
from clfcore.spreadsheet import csv_text
from ui.cards import Card, Picture, cards, picture
from ui.formatting import count
from ui.jobs import background, result_beside
from ui.loaders import Files, classifier, files_of
from ui.messages import refusals
from ui.photos.tab import KINDS
from ui.pickers import model_name, views_chosen
from ui.session import CALIBRATED, SessionValue

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from clfcore.classifier import Classifier

MOST_MEGABYTES = 1024  # of a zip or folder: uploads are in memory
PER_PAGE = 48
Show = Literal["All", "Odd", "Errors"]
Order = Literal["Name", "Least sure first", "Surest first"]
BLANK = picture(gray_square(96))


@dataclass(frozen=True, eq=False)
class Dropped:
    """Photos that were dropped: which upload they are, and how each is read."""

    upload: tuple[str, ...]
    pictures: tuple[PictureFile, ...]


_DROPPED = SessionValue[Dropped]("many photos")


def many_photos(models: Sequence[str]) -> bool:
    """The uploader of a folder or a zip, and below it what the first classifier predicts; whether there is any."""
    with st.expander("Many photos: a folder or a zip", icon=":material/photo_library:"):
        zips, folders = st.columns(2, gap="medium")
        packed = zips.file_uploader("A zip", "zip", max_upload_size=MOST_MEGABYTES, key="many zip")
        loose = folders.file_uploader(
            "A folder", KINDS, accept_multiple_files="directory", max_upload_size=64, key="many folder"
        )
        st.caption(
            "Nothing is unpacked to disk, and nothing is kept. For more than memory holds, use the command line: "
            "`clflab predict MODEL FOLDER --out predictions.csv`, which goes on where it was interrupted."
        )
        with refusals(stop=False):
            dropped = _dropped([packed] if packed else loose)
            if dropped is not None and models:
                _results(models[0], dropped)
            return dropped is not None
    return False


def _dropped(files: "Sequence[UploadedFile]") -> Dropped | None:
    """The pictures of the uploads, opened once: threads read them side by side. Raises InputError of a broken zip."""
    upload = tuple(file.file_id for file in files)
    if not upload:
        _DROPPED.forget()
        return None
    before = _DROPPED.get()
    if before is not None and before.upload == upload:
        return before
    if len(files) == 1 and files[0].name.lower().endswith(".zip"):
        pictures = zipped_pictures(io.BytesIO(files[0].getvalue()), files[0].name, ExitStack())
        if not pictures:
            raise InputError(f"{files[0].name} holds no pictures: drop a zip of JPEG, PNG or other image files")
    else:
        pictures = [PictureFile(file.name, file.getvalue) for file in sorted(files, key=lambda file: file.name)]
    dropped = Dropped(upload, tuple(pictures))
    _DROPPED.set(dropped)
    return dropped


@background(entries=2)
def _predicting(
    progress: Progress,
    name: str,
    files: Files,
    *,
    upload: tuple[str, ...],
    views: str,
    calibrated: bool,
    _classifier: "Classifier",
    _pictures: Sequence[PictureFile],
) -> tuple[ImagePrediction, ...]:
    view = None if views == "none" else views
    predictor = predictor_of(_classifier, views=view, calibrated=calibrated, progress=progress)
    ranked = columns_of(predictor.task, 2).ranked
    predictions: list[ImagePrediction] = []
    for batch in predictions_of(predictor, _pictures, ranked):
        predictions += batch
        progress(len(predictions), len(_pictures))
    return tuple(predictions)


def _results(name: str, dropped: Dropped) -> None:
    model = classifier(name)
    job = _predicting(
        name,
        files_of(name),
        upload=dropped.upload,
        views=views_chosen(),
        calibrated=bool(CALIBRATED.get()),
        _classifier=model,
        _pictures=dropped.pictures,
    )
    predictions = result_beside(job, f"Predicting {count(len(dropped.pictures), 'photo')}")
    if predictions is None:
        return
    odd, errors = sum(map(is_odd, predictions)), sum(p.error is not None for p in predictions)
    st.caption(
        f"{count(len(predictions), 'photo')} by {model_name(name)}: {odd:,} odd, {errors:,} unreadable. "
        "Odd are those unlike the training images, or with no likely class."
    )
    labels = Counter(label_of(p) for p in predictions if p.error is None)
    left, middle, right = st.columns([2, 2, 2], gap="medium", vertical_alignment="bottom")
    label = left.selectbox(
        "Class", ["", *labels], format_func=lambda c: f"{c} ({labels[c]:,})" if c else "All classes", key="many class"
    )
    show = middle.segmented_control("Show", get_args(Show), default="All", required=True, key="many show")
    order = right.selectbox("Sort by", get_args(Order), key="many order")
    _grid(selected(predictions, label=label, show=show, order=order), dropped)
    columns = columns_of(model.task, 2, sets=any(p.set is not None for p in predictions))
    st.download_button(
        "Download table (CSV)",
        data=lambda: csv_text([columns.names, *(columns.row(p) for p in predictions)]),
        file_name="predictions.csv",
        mime="text/csv",
        on_click="ignore",
        key="many csv",
    )


def selected(
    predictions: Sequence[ImagePrediction], *, label: str, show: str, order: str
) -> list[tuple[ImagePrediction, int]]:
    """Those of a class (empty: all) that are to be shown, in order, each with its place among all.

    The surety of a photo without an answer is 0.
    """
    shows = {"All": lambda p: True, "Odd": is_odd, "Errors": lambda p: p.error is not None}
    chosen = [
        (p, at)
        for at, p in enumerate(predictions)
        if shows[show](p) and (not label or (p.error is None and label_of(p) == label))
    ]
    if order == "Name":
        return chosen
    return sorted(
        chosen, key=lambda row: row[0].top[0].probability if row[0].top else 0.0, reverse=order == "Surest first"
    )


def is_odd(prediction: ImagePrediction) -> bool:
    """Whether it is unlike the training images, or no class is likely."""
    return prediction.unlike is not None and prediction.unlike.unlike


def label_of(prediction: ImagePrediction) -> str:
    """The class, the labels that are present, or the finest place of a path."""
    if prediction.labels is not None:
        return ", ".join(prediction.labels) or "no label"
    if prediction.path is not None:
        return prediction.path[-1].label if prediction.path else "not sure"
    return prediction.top[0].label if prediction.top else ""


def _grid(chosen: Sequence[tuple[ImagePrediction, int]], dropped: Dropped) -> None:
    """A page of cards, 48 at a time."""
    if not chosen:
        st.write("No photo is like that.")
        return
    pages = -(-len(chosen) // PER_PAGE)
    page = st.pagination(pages, key="many page") if pages > 1 else 1
    cards(
        [
            Card(
                _thumbnail(dropped.upload, at, dropped.pictures[at]),
                prediction.error or prediction.image,
                truth=prediction.image.rpartition("/")[2],
                predicted=label_of(prediction) if prediction.error is None else "unreadable",
                probability=prediction.top[0].probability if prediction.top else None,
            )
            for prediction, at in chosen[(page - 1) * PER_PAGE : page * PER_PAGE]
        ],
        side=130,
    )


@st.cache_data(show_spinner=False, max_entries=2048)
def _thumbnail(upload: tuple[str, ...], at: int, _file: PictureFile) -> Picture:
    """A photo's thumbnail; an empty square where it cannot be read."""
    try:
        source = io.BytesIO(_file.read())
        source.name = _file.name
        return picture(shown(read_image(source, least_side=130), None), side=130)
    except InputError:
        return BLANK
