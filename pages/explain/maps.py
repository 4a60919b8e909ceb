"""Saliency maps as small multiples: a row per model, a column per method; long ones on request."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from html import escape

import streamlit as st

from clfcore.errors import Failure, InputError
from clfcore.explain.methods import Method, method
from clfcore.photos import Photo
from pages.explain.map_loaders import (
    MapRequest,
    OverlaidMap,
    OverlayStyle,
    TargetChoice,
    input_square,
    long_map,
    overlaid_map,
    scale,
    sheet,
)
from ui.cards import square
from ui.formatting import percent, shorten
from ui.jobs import result_of
from ui.loaders import classifier
from ui.messages import escape_markdown, refusals
from ui.pickers import answer_of, load_classifier, model_name
from ui.session import SessionValue

Cell = tuple[str, str, OverlaidMap | str]  # caption, hover, the map or the words in its place


_LONG_MAPS = SessionValue[frozenset[MapRequest]]("long maps")  # those requested


def maps_view(
    photos: Sequence[Photo],
    models: Sequence[str],
    *,
    methods: Sequence[str],
    target: TargetChoice,
    layers: dict[str, str],
    look: OverlayStyle,
) -> None:
    """Each image: a row per model, a column per method; then the download, and the maps still to be computed."""
    if not methods:
        st.write("Choose a method: Grad-CAM is a good start.")
        return
    show_scale(look)
    grids = [
        (photo, [_requests(photo, name, methods, target=target, layers=layers) for name in models]) for photo in photos
    ]
    waiting: list[MapRequest] = []
    for photo, rows in grids:
        st.subheader(escape_markdown(shorten(photo.name, 90)), anchor=False)
        for name, row in zip(models, rows, strict=True):
            waiting += _row(photo, name, row, look=look)
        titled = [
            (model_name(name), [(method(a.method).title, a) for a in row])
            for name, row in zip(models, rows, strict=True)
        ]
        st.download_button(
            "Download as PNG", data=partial(sheet, titled, look), file_name="maps.png", mime="image/png",
            on_click="ignore", key=f"download {photo.name} {len(photo.data)}",
        )  # fmt: skip
    if waiting:
        _make(waiting)


def _requests(
    photo: Photo, name: str, methods: Sequence[str], *, target: TargetChoice, layers: dict[str, str]
) -> list[MapRequest]:
    layered = {m: layers.get(name) if method(m).layered and method(m).kind == "cam" else None for m in methods}
    return [MapRequest(name, photo, m, target, layer) for m, layer in layered.items()]


def _row(photo: Photo, name: str, row: Sequence[MapRequest], *, look: OverlayStyle) -> list[MapRequest]:
    """One model's maps, drawn as they come; returns those that wait for a click."""
    place, waiting = st.empty(), []
    with refusals(stop=False):
        load_classifier(name, place)
        first, probability = answer_of(name, photo).top[0]
        heading = f"{model_name(name)}: {first} {percent(probability)}"
        cells: list[Cell] = []
        for asked in row:
            rows = method(asked.method)
            if rows.quick or _is_made(asked):
                unfinished = [*cells, cell(rows.title, rows.says, "…")]
                draw(place, heading, unfinished, photo=photo, name=name, of=len(row))
                cells.append(map_cell(asked, look))
            else:
                waiting.append(asked)
                cells.append(cell(rows.title, rows.says, f"Long: about {rows.passes:,} forward passes"))
        draw(place, heading, cells, photo=photo, name=name, of=len(row))
    return waiting


def map_cell(asked: MapRequest, look: OverlayStyle) -> Cell:
    row = method(asked.method)
    try:
        overlaid = overlaid_map(asked, look)
    except (InputError, Failure) as error:
        return cell(row.title, row.says, str(error))
    if not row.classed:
        overlaid = replace(overlaid, target="class-agnostic")
    return cell(row.title, _hover(row, overlaid), overlaid)


def cell(title: str, hover: str, shown: OverlaidMap | str) -> Cell:
    return title, hover, shown


def _hover(row: Method, overlaid: OverlaidMap) -> str:
    at = f" At layer {overlaid.layer}." if overlaid.layer else ""
    note = f" {overlaid.note[0].upper()}{overlaid.note[1:]}." if overlaid.note else ""
    return f"{row.says}{at}{note} {row.source}."


def draw(
    place: "st.delta_generator.DeltaGenerator", heading: str, cells: Sequence[Cell], *, photo: Photo, name: str, of: int
) -> None:
    first = _figure(square(input_square(name, photo), f"{photo.name} as {name} sees it"), "Input")
    empty = _figure('<div class="clf-square"></div>', "…") * (of - len(cells))
    body = first + "".join(_shown(*cell) for cell in cells) + empty
    place.html(f'<p class="clf-note clf-model">{escape(heading)}</p>{_grid(body, of + 1)}')


def _grid(body: str, count: int) -> str:
    """All in one row up to six, else in rows of equal length."""
    columns = -(-count // -(-count // 6))
    return f'<div class="clf-maps" style="--columns: {columns}">{body}</div>'


def _shown(title: str, hover: str, shown: OverlaidMap | str) -> str:
    if isinstance(shown, str):
        return _figure(f'<div class="clf-square clf-words"><span>{escape(shown)}</span></div>', title, hover=hover)
    target = shorten(shown.target, 26) if shown.evidence else f"no positive evidence for {shorten(shown.target, 22)}"
    alt = f"{title}, {shown.target}" if shown.evidence else f"{title}: no positive evidence for {shown.target}"
    return _figure(square(shown.picture, alt), title, target, hover=hover, note=shown.note)


def _figure(inside: str, title: str, below: str = "", *, hover: str = "", note: str = "") -> str:
    words = f'<figcaption class="clf-truth">{escape(title)}</figcaption>'
    words += f'<figcaption class="clf-note">{escape(below)}</figcaption>' if below else ""
    words += f'<figcaption class="clf-note clf-told">{escape(note[0].upper() + note[1:])}</figcaption>' if note else ""
    return f'<figure title="{escape(hover)}">{inside}{words}</figure>'


def show_scale(look: OverlayStyle) -> None:
    """The exact scale: what the colors mean."""
    over = "" if look.beside else f", {look.opacity:.0%} opaque"
    hidden = f", hidden below {look.threshold:.2f}" if look.threshold else ""
    st.html(
        f'<div class="clf-scale" role="img" aria-label="Color scale from 0 to 1"><span>0 = no evidence</span>'
        f'<i style="background: linear-gradient(90deg, {scale(look.colors)})"></i>'
        f"<span>1 = strongest region of each map{over}{hidden}</span></div>"
    )


def _is_made(asked: MapRequest) -> bool:
    """Whether a long map was requested and is ready."""
    if asked not in (_LONG_MAPS.get() or ()):
        return False
    job = long_map(asked, _model=classifier(asked.model))
    return job.result is not None and not job.thread.is_alive()


def _make(waiting: Sequence[MapRequest]) -> None:
    """The button for long maps; after the click one after the other, with progress and a way to stop."""
    wished = _LONG_MAPS.get() or frozenset()
    todo = [asked for asked in waiting if asked in wished]
    if not todo:
        titles = ", ".join(dict.fromkeys(method(asked.method).title for asked in waiting))
        passes = sum(method(asked.method).passes for asked in waiting)
        if st.button(f"Compute the long maps: {titles}", help=f"About {passes:,} forward passes; can be stopped."):
            _LONG_MAPS.set(wished.union(waiting))
            st.rerun()
        return
    first = todo[0]

    left = f", {len(todo)} to compute" if len(todo) > 1 else ""
    words = f"{method(first.method).title} of {escape_markdown(shorten(model_name(first.model), 40))}{left}"
    job = long_map(first, _model=classifier(first.model))
    result_of(job, words, on_error=lambda: _LONG_MAPS.set(wished.difference(todo)))
    st.rerun()
