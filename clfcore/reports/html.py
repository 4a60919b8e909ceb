"""Self-contained HTML report: text, tables, images and figures, with all that they need inside one file.

The page forbids itself every address by its content security policy: it works, and looks the same, with no network.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from clfcore.figures.theme import alternative
from clfcore.heavy_imports import load
from clfcore.jinja import environment
from clfcore.outputs import MADE_BY

if TYPE_CHECKING:
    import numpy as np
    from jinja2 import Template
    from plotly.graph_objects import Figure

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
SIDE = 144  # pixels of a thumbnail


@dataclass(frozen=True)
class Table:
    """Table of text; a column that holds only numbers is aligned to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def numeric(self) -> list[bool]:
        """Columns that hold only numbers, as flags."""
        return [
            bool(self.rows) and all(row[i][:1].isdigit() or row[i] == "–" for row in self.rows)
            for i in range(len(self.head))
        ]


@dataclass(frozen=True)
class Thumbnail:
    """Thumbnail: an image as a data URL, and its caption; sharp: enlarged without smoothing."""

    source: str
    caption: str
    sharp: bool = False


@dataclass(frozen=True)
class Section:
    """Section of a report: a heading, sentences, tables, figures, thumbnails, and preformatted text."""

    title: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: "Sequence[Figure]" = ()
    thumbnails: Sequence[Thumbnail] = ()
    code: str = ""


def page(title: str, about: str, sections: Sequence[Section]) -> str:
    """HTML of a report; plotly.js is in it once, where there is a figure. The template escapes every text."""
    plotly = ""
    if any(section.figures for section in sections):
        load("plotly")
        from plotly.offline import get_plotlyjs

        plotly = get_plotlyjs()
    return template("report.html.jinja").render(
        title=title,
        about=about,
        sections=sections,
        plotly=plotly,
        names=(f"figure-{number}" for number in count()),
        policy=POLICY,
        generator=MADE_BY,
    )


def thumbnail(pixels: "np.ndarray", caption: str) -> Thumbnail:
    """Thumbnail of H x W x 3 or x 1 uint8, at most SIDE pixels; a small one is enlarged without smoothing."""
    image = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    sharp = max(image.size) < SIDE // 2
    if max(image.size) > SIDE:
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    out, kind = io.BytesIO(), "png" if sharp else "jpeg"
    image.save(out, kind)
    return Thumbnail(f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}", caption, sharp)


def template(name: str) -> "Template":
    """Jinja template of this folder; it escapes every text, and refuses a name that it is not given."""
    own = environment(Path(__file__).parent)
    own.filters |= {"alternative": alternative, "figure_html": _figure_html, "next_name": next}
    return own.get_template(name)


def _figure_html(figure: "Figure", name: str) -> str:
    """Element and script of a figure, under a name that is unique in the page."""
    config = {"displaylogo": False, "responsive": True, "showTips": False}
    return figure.to_html(
        full_html=False, include_plotlyjs=False, include_mathjax=False, div_id=name, config=config, validate=False
    )
