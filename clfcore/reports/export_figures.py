"""Figure files, SVG and PNG, drawn by a Chromium or Chrome of this machine, with no network and no other package.

Not by kaleido, which needs the same browser and, called through Plotly, loads MathJax from the network; see
docs/decisions/0006-figure-files-without-kaleido.md.
"""

import base64
import html
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from clfcore.errors import Failure, InputError
from clfcore.files import write_whole
from clfcore.heavy_imports import load
from clfcore.outputs import MADE_BY, output_path

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from clfcore.reports.html import Section

_PNG = b"\x89PNG\r\n\x1a\n"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
WIDTH = 900  # pixels; a PNG has twice as many
SECONDS = 180  # until a browser that does not answer is given up
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
DRAW = """(async () => {
  const made = [];
  for (const figure of FIGURES)
    for (const format of ["svg", "png"]) {
      const height = figure.layout.height || 450;
      made.push(await Plotly.toImage(figure, {format, width: WIDTH, height, scale: format === "png" ? 2 : 1}));
    }
  document.body.innerHTML = "<pre></pre>";
  document.querySelector("pre").textContent = JSON.stringify(made);
})();"""


def browser() -> str:
    """Browser that draws, or the one that CLFLAB_BROWSER names. Raises InputError where there is none."""
    named = os.environ.get("CLFLAB_BROWSER")
    path = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        where = f"CLFLAB_BROWSER is {named!r}, which is no program" if named else "there is no Chromium or Chrome here"
        raise InputError(
            f"figures are drawn by a browser, and {where}: install one, "
            "name one in CLFLAB_BROWSER, or save figures with the buttons of the report"
        )
    return path


def write_figures(sections: "Sequence[Section]", folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Figure files, NUMBER-TITLE.svg and .png for every figure of a report; returns them in the report's order.

    Raises InputError where there is no browser or a file of that name is somebody else's, Failure where it does not
    draw or the folder cannot be written.
    """
    figures = [(_name(section.title), figure) for section in sections for figure in section.figures]
    names = [f"{number:02}-{name}" for number, (name, _) in enumerate(figures, start=1)]
    paths = [
        output_path(folder / f"{name}.{kind}", overwrite=overwrite, what="figures")
        for name in names
        for kind in ("svg", "png")
    ]
    marked = (
        one for svg, png in draw_figures([figure for _, figure in figures]) for one in (_signed(svg), _signed(png))
    )
    for path, content in zip(paths, marked, strict=True):
        write_whole(path, partial(_write, content))
    return paths


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _signed(content: bytes) -> bytes:
    """An SVG or PNG that says who made it: a comment at the end, or a text chunk behind the header."""
    if not content.startswith(_PNG):
        return content + f"\n<!-- {MADE_BY} -->\n".encode()
    text = b"tEXt" + f"Software\0{MADE_BY}".encode()
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    header = len(_PNG) + 25  # IHDR has 13 bytes, and 12 around them
    return content[:header] + chunk + content[header:]


def draw_figures(figures: "Sequence[Figure]") -> list[tuple[bytes, bytes]]:
    """Figures as images: the bytes of each as SVG and as PNG. Raises as `write_figures`."""
    if not figures:
        return []
    command = [browser(), "--headless", "--disable-gpu", "--no-first-run", "--virtual-time-budget=60000", "--dump-dom"]
    if _root() or os.environ.get("CLFLAB_BROWSER_SANDBOX") == "off":
        command.append("--no-sandbox")  # root has none; the page is our own and may load nothing
    with tempfile.TemporaryDirectory(prefix="clflab-figures-") as folder:
        page = Path(folder) / "figures.html"
        page.write_text(_page(figures), encoding="utf-8")
        try:
            done = subprocess.run(
                [*command, f"--user-data-dir={folder}/profile", page.as_uri()],
                capture_output=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(f"{command[0]} drew no figures ({error}): try again, or save them from the report") from error
    found = re.search(rb"<pre>(.*?)</pre>", done.stdout, re.DOTALL)
    if found is None:
        last_line = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        reason = " ".join(last_line) or f"status {done.returncode}"
        if b"sandbox" in done.stderr:
            reason += "; in a container without user namespaces set CLFLAB_BROWSER_SANDBOX=off"
        raise Failure(f"{command[0]} drew no figures ({reason})")
    made = [_bytes(address) for address in json.loads(html.unescape(found.group(1).decode()))]
    return list(zip(made[::2], made[1::2], strict=True))


def _root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _page(figures: "Sequence[Figure]") -> str:
    load("plotly")
    from plotly.graph_objects import Figure
    from plotly.offline import get_plotlyjs

    from clfcore.figures.theme import LIGHT

    on_paper = [Figure(figure).update_layout(paper_bgcolor=LIGHT.paper).to_json() for figure in figures]
    listed = ",".join(on_paper).replace("<", "\\u003c")  # no name ends the script
    draw = DRAW.replace("FIGURES", f"[{listed}]").replace("WIDTH", str(WIDTH))
    return (
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<script>{get_plotlyjs()}</script><body><script>{draw}</script>"
    )


def _bytes(address: str) -> bytes:
    """The content of a data address, whether in base64 or in percent signs."""
    head, content = address.split(",", 1)
    return base64.b64decode(content) if head.endswith("base64") else unquote(content).encode()


def _name(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
