"""Photos and models chosen, and what each model makes of each photo, side by side."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from clfcore.architectures.catalogue import architectures, weights_at_hand
from clfcore.data.dicom_heic import readable_kinds
from clfcore.files import runs_folder
from clfcore.runs.folder import Run
from clfcore.runs.index import finished_runs
from pages.predict.answers import answer_html
from ui.cards import Picture, square
from ui.formatting import shorten
from ui.loaders import Photo, answer_of, classifier, photo_saliency, samples
from ui.messages import escape_markdown, refusals
from ui.pickers import from_address, listed_name, run_name, to_address

MOST = 4  # classifiers side by side
KINDS = readable_kinds()


def choose_photos() -> list[Photo]:
    """Photos dropped in, taken with the camera, or a sample; the sample stands in the address."""
    uploads = st.file_uploader(
        "Photos", KINDS, accept_multiple_files=True, max_upload_size=64, help="Read here and forgotten with the tab."
    )
    photos = [Photo(file.name, file.getvalue()) for file in uploads]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _choose_sample()
        shot = None
        with st.popover("Camera"):
            if st.toggle("Use the camera", key="camera on"):
                shot = st.camera_input("Take a picture", label_visibility="collapsed")
    if shot is not None:
        photos.append(Photo("camera.jpg", shot.getvalue()))
    chosen = st.query_params.get("sample")
    if not photos and chosen in samples():
        photos.append(samples()[chosen][0])
    return photos


def _choose_sample() -> None:
    for name, (_, small) in samples().items():
        if st.button(f"![{name}]({small.source}) {name}", key=f"sample {name}"):
            st.query_params["sample"] = name


def choose_models() -> list[str]:
    """One or several classifiers: ImageNet weights at hand and runs; kept in the address."""
    names = [row.name for row in architectures() if weights_at_hand(row.name)]
    runs = {one.id: listed_name(one) for one in finished_runs()}
    names += runs
    from_address("model", names, ["efficientnet_lite0"], most=MOST)
    chosen = st.multiselect(
        "Classifiers",
        names,
        format_func=lambda name: runs.get(name) or model_name(name),
        key="model",
        max_selections=MOST,
        wrap=True,
    )
    to_address("model", chosen)
    return chosen


def model_name(name: str) -> str:
    """What people call a classifier: `efficientnet_lite0, ImageNet` or `lenet5 on digits, …`."""
    run = runs_folder() / name
    return run_name(Run(run)) if run.is_dir() else f"{name}, ImageNet"


def answers_view(photo: Photo, models: Sequence[str]) -> None:
    """What each model makes of one photo: the exact square it sees, where it looked, its five most probable classes."""
    st.subheader(escape_markdown(shorten(photo.name, 60)), anchor=False)
    for column, name in zip(st.columns(len(models), gap="medium"), models, strict=True):
        with column:
            if len(models) > 1:
                st.markdown(f"**{escape_markdown(model_name(name))}**")
            _verdict(photo, name)


def _verdict(photo: Photo, name: str) -> None:
    place = st.empty()
    with refusals(stop=False):
        with (
            place,
            st.spinner(
                f"Loading {escape_markdown(model_name(name))}; the first time takes some seconds", show_time=True
            ),
        ):
            classifier(name)
        answer = answer_of(name, photo)
        bars, first = answer_html(answer, sure=st.session_state.get("sure", 0.0)), answer.top[0][0]
        sees = _figure(answer.square, f"{photo.name} as {name} sees it", f"What it sees: {answer.side} × {answer.side}")
        waiting = '<figure><div class="clf-square"></div><figcaption>Where it looked …</figcaption></figure>'
        place.html(f'<div class="clf-verdict"><div class="clf-seen">{sees}{waiting}</div>{bars}</div>')
        found = photo_saliency(name, photo)
        words = f"Where it looked for {first}" if found.evidence else f"Nothing in it speaks for {first}: no map"
        if found.own:
            words = "Where its attention head looked"
        by = "The map of the attention head" if found.own else "Grad-CAM"
        where = _figure(found.overlay, words, words, hover=f"{by} at layer {found.layer}")
        place.html(f'<div class="clf-verdict"><div class="clf-seen">{sees}{where}</div>{bars}</div>')


def _figure(shown: Picture, alt: str, caption: str, *, hover: str = "") -> str:
    title = f' title="{escape(hover)}"' if hover else ""
    return f"<figure{title}>{square(shown, alt)}<figcaption>{escape(shorten(caption, 60))}</figcaption></figure>"
