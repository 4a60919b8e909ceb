"""A report as one HTML file: text, tables, pictures and figures, with all that they need inside it.

The page forbids itself every address by its content security policy: it works, and looks the same, with no network.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from PIL import Image

from clfcore.heavy_imports import load
from clfcore.outputs import MADE_BY

if TYPE_CHECKING:
    import numpy as np
    from plotly.graph_objects import Figure

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
SIDE = 144  # pixels of a picture
STYLE = """
:root { --ink: #1d2326; --quiet: #596063; --line: rgba(29, 35, 38, .16); --paper: #fcfbf8; --accent: #0b6e6e; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 2.5rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 "Source Sans 3", "Source Sans Pro", system-ui, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .5rem; padding-top: .9rem; border-top: 1px solid var(--line); }
p { margin: .4rem 0; max-width: 46rem; overflow-wrap: anywhere; } .quiet, figcaption { color: var(--quiet); }
.scroll { overflow-x: auto; margin: .8rem 0; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .28rem 1.4rem .28rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--quiet); font-size: .9rem; } td { white-space: nowrap; }
td.number, th.number { text-align: right; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(144px, 1fr)); gap: 1rem; margin: .8rem 0; }
.pictures figure { margin: 0; font-size: .87rem; line-height: 1.4; overflow-wrap: anywhere; }
.pictures img { display: block; width: 144px; height: 144px; object-fit: contain; border: 1px solid var(--line); }
.sharp { image-rendering: pixelated; }
.save { color: var(--quiet); font-size: .87rem; margin: 0 0 1rem; }
.save button { font: inherit; color: var(--accent); background: none; border: 1px solid var(--line); border-radius: 4px;
  padding: .05rem .5rem; margin-left: .3rem; cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: .86rem/1.5 ui-monospace, monospace; }
@media print { .save { display: none; } h2 { break-after: avoid; } .pictures figure, table { break-inside: avoid; } }
"""


# A file of the figure as it is drawn, made in the reader's browser.
SAVE = """function save(name, format) {
  const drawn = document.getElementById(name), size = drawn.getBoundingClientRect();
  Plotly.downloadImage(drawn, {
    format, filename: name, width: Math.round(size.width), height: Math.round(size.height), scale: 2,
  });
}"""


@dataclass(frozen=True)
class Table:
    """Columns and rows of text; a column that holds only numbers stands to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Shown:
    """A picture as a data address, and the words below it."""

    source: str
    words: str
    sharp: bool = False


@dataclass(frozen=True)
class Section:
    """A heading, sentences, tables, figures, pictures, and text that is shown as it is."""

    title: str
    words: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: "Sequence[Figure]" = ()
    pictures: Sequence[Shown] = ()
    code: str = ""


def page(title: str, about: str, sections: Sequence[Section]) -> str:
    """The whole file; plotly.js stands in it once, where there is a figure."""
    figures = iter(range(10_000))
    body = "".join(_section(section, figures) for section in sections)
    script = ""
    if any(section.figures for section in sections):
        load("plotly")
        from plotly.offline import get_plotlyjs

        script = f"<script>{get_plotlyjs()}\n{SAVE}</script>"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="generator" content="{MADE_BY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="data:,">\n<style>{STYLE}</style>\n{script}\n</head>\n'
        f'<body>\n<h1>{escape(title)}</h1>\n<p class="quiet">{escape(about)}</p>\n{body}</body>\n</html>\n'
    )


def picture(pixels: "np.ndarray", words: str) -> Shown:
    """H x W x 3 or x 1 uint8 as a picture of at most SIDE pixels; a small one is enlarged without smoothing."""
    image = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    sharp = max(image.size) < SIDE // 2
    if max(image.size) > SIDE:
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    out, kind = io.BytesIO(), "png" if sharp else "jpeg"
    image.save(out, kind)
    return Shown(f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}", words, sharp)


def _section(section: Section, numbers: Any) -> str:
    parts = [f"<section>\n<h2>{escape(section.title)}</h2>\n"]
    parts += [f"<p>{escape(words)}</p>\n" for words in section.words]
    parts += [_table(table) for table in section.tables]
    parts += [_figure(figure, f"figure-{next(numbers)}") for figure in section.figures]
    if section.pictures:
        parts.append(f'<div class="pictures">{"".join(_picture(one) for one in section.pictures)}</div>\n')
    if section.code:
        parts.append(f"<pre>{escape(section.code)}</pre>\n")
    return "".join([*parts, "</section>\n"])


def _figure(figure: "Figure", name: str) -> str:
    from clfcore.figures.theme import alternative

    config = {"displaylogo": False, "responsive": True, "showTips": False}
    drawn = figure.to_html(
        full_html=False, include_plotlyjs=False, include_mathjax=False, div_id=name, config=config, validate=False
    )
    words = escape(alternative(figure))
    buttons = "".join(f'<button onclick="save({name!r}, {kind!r})">{kind.upper()}</button>' for kind in ("png", "svg"))
    return f'<div role="img" aria-label="{words}">{drawn}</div>\n<p class="save">Save as {buttons}</p>\n'


def _table(table: Table) -> str:
    number = [
        bool(table.rows) and all(str(row[i])[:1].isdigit() or row[i] == "–" for row in table.rows)
        for i in range(len(table.head))
    ]
    kind = [' class="number"' if is_number else "" for is_number in number]
    head = "".join(f"<th{k}>{escape(str(name))}</th>" for name, k in zip(table.head, kind, strict=True))
    rows = "".join(
        "<tr>" + "".join(f"<td{k}>{escape(str(cell))}</td>" for cell, k in zip(row, kind, strict=True)) + "</tr>\n"
        for row in table.rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n'


def _picture(one: Shown) -> str:
    sharp = ' class="sharp"' if one.sharp else ""
    words = escape(one.words)
    return f'<figure><img{sharp} src="{one.source}" alt="{words}"><figcaption>{words}</figcaption></figure>'
