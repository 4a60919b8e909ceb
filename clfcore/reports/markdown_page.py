"""Markdown with formulas as one HTML page: no network, no script; formulas become MathML, which browsers draw."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from clfcore.outputs import MADE_BY
from clfcore.reports.html import POLICY, template

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


def markdown_page(title: str, text: str, *, figure: str = "") -> str:
    """HTML of a Markdown text. figure: SVG of the lab's own making, below the heading "Results"."""
    html = _renderer().render(text)
    heading = "<h2>Results</h2>\n"
    if figure and heading in html:
        html = html.replace(heading, f"{heading}<figure>{figure}</figure>\n", 1)
    return template("markdown.html.jinja").render(title=title, html=html, policy=POLICY, generator=MADE_BY)


def _renderer() -> "MarkdownIt":
    # 0.2 s: only a sheet needs them
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    def mathml(formula: str, options: Mapping[str, bool]) -> str:
        return convert(formula, display="block" if options["display_mode"] else "inline")

    return MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=mathml)
