"""Photos with the predictions of each classifier: the network's input, its saliency map and its top classes."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from clfcore.photos import Photo
from pages.predict.answers import answer_html
from pages.predict.prediction_sets import set_html
from pages.predict.strangers import known_classes, offer_pad, whole_html
from ui.cards import Picture, square
from ui.formatting import shorten
from ui.loaders import photo_saliency
from ui.messages import escape_markdown, refusals
from ui.photos.unlike import unlike_html, unlike_of
from ui.pickers import answer_of, load_classifier, model_name
from ui.session import STOP_BELOW_CONFIDENCE

PER_PAGE = 4


def photos_view(photos: Sequence[Photo], models: Sequence[str]) -> None:
    """The photos, a few per page."""
    pages = -(-len(photos) // PER_PAGE)
    page = st.pagination(pages, key="photos page") if pages > 1 else 1
    for photo in photos[(page - 1) * PER_PAGE : page * PER_PAGE]:
        _photo(photo, models)
    st.caption(
        "The map is Grad-CAM: how much each region supports the top class; for a model with attention pooling, the map "
        "shows its attention weights. It shows where, not why.",
        help="Selvaraju and others, 2017: feature maps weighted by the mean gradient of the class, positive part only. "
        "Coarse by nature: one cell of the map covers about 32 × 32 pixels.",
    )
    with refusals(stop=False):
        known_classes(models)


def _photo(photo: Photo, models: Sequence[str]) -> None:
    """One photo: for each model its input, where it looked, and its top classes."""
    st.subheader(escape_markdown(shorten(photo.name, 60)), anchor=False)
    for column, name in zip(st.columns(len(models), gap="medium"), models, strict=True):
        with column:
            if len(models) > 1:
                st.markdown(f"**{escape_markdown(model_name(name))}**")
            _answer(photo, name)


def _answer(photo: Photo, name: str) -> None:
    place = st.empty()
    with refusals(stop=False):
        load_classifier(name, place)
        answer, unlike = answer_of(name, photo), unlike_of(photo, name)
        before, whole = unlike_html(unlike), whole_html(photo, answer)
        sure, first = STOP_BELOW_CONFIDENCE.get() or 0.0, answer.top[0][0]
        bars = answer_html(answer, sure=sure, below=set_html(photo, name))
        sees = _figure(answer.square, f"{photo.name} as {name} sees it", f"Input: {answer.side} × {answer.side} pixels")
        waiting = '<figure><div class="clf-square"></div><figcaption>Where it looked …</figcaption></figure>'
        place.html(f'<div class="clf-verdict">{before}<div class="clf-seen">{whole}{sees}{waiting}</div>{bars}</div>')
        offer_pad(answer, name, key=f"pad {name} {photo.name}")
        saliency = photo_saliency(name, photo)
        caption = f"Where it looked for {first}" if saliency.evidence else f"No region supports {first}"
        if saliency.own:
            caption = "Where its attention pooling looked"
        method = "Attention weights" if saliency.own else "Grad-CAM"
        where = _figure(
            saliency.overlay,
            caption,
            caption,
            hover=f"{method} at layer {saliency.layer}" if saliency.layer else method,
        )
        place.html(f'<div class="clf-verdict">{before}<div class="clf-seen">{whole}{sees}{where}</div>{bars}</div>')


def _figure(shown: Picture, alt: str, caption: str, *, hover: str = "") -> str:
    title = f' title="{escape(hover)}"' if hover else ""
    return f"<figure{title}>{square(shown, alt)}<figcaption>{escape(shorten(caption, 60))}</figcaption></figure>"
