"""Figures as SVG and PNG files, drawn by a Chromium or Chrome of this machine, with no network and no other package."""

import base64
import html
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from clfcore.errors import Failure, InputError
from clfcore.files import write_whole

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from clfcore.reports.document import Section

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
    """A browser that draws. CLFLAB_BROWSER names one. Raises InputError where there is none."""
    named = os.environ.get("CLFLAB_BROWSER")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        where = f"CLFLAB_BROWSER is {named!r}, which is no program" if named else "there is no Chromium or Chrome here"
        raise InputError(
            f"figures are drawn by a browser, and {where}: install one, or save figures with the buttons of the report"
        )
    return found


def write_figures(sections: "Sequence[Section]", folder: Path) -> list[Path]:
    """Every figure of a report as NUMBER-TITLE.svg and .png, on paper; returns the files in the report's order.

    Raises InputError where there is no browser, Failure where it does not draw or the folder cannot be written.
    """
    named = [(_name(section.title), figure) for section in sections for figure in section.figures]
    found = drawn([figure for _, figure in named])
    paths = []
    for number, ((name, _), (svg, png)) in enumerate(zip(named, found, strict=True), start=1):
        for content, kind in ((svg, "svg"), (png, "png")):
            path = folder / f"{number:02}-{name}.{kind}"
            write_whole(path, lambda partial, content=content: partial.write_bytes(content))
            paths.append(path)
    return paths


def drawn(figures: "Sequence[Figure]") -> list[tuple[bytes, bytes]]:
    """The bytes of each figure as SVG and as PNG. Raises as `write_figures`."""
    if not figures:
        return []
    command = [browser(), "--headless", "--disable-gpu", "--no-first-run", "--virtual-time-budget=60000", "--dump-dom"]
    command.append("--no-sandbox")  # a container's root has none; the page is our own and may load nothing
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
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise Failure(f"{command[0]} drew no figures ({' '.join(said) or f'status {done.returncode}'})")
    made = [_bytes(address) for address in json.loads(html.unescape(found.group(1).decode()))]
    return list(zip(made[::2], made[1::2], strict=True))


def _page(figures: "Sequence[Figure]") -> str:
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
