"""Reports to keep and to send: a run's HTML file and model card, the comparison's HTML file."""

from collections.abc import Callable, Sequence

import streamlit as st

from clfcore.runs.folder import Run
from pages.compare.selection import Side
from ui.charts import choose_format


def report_buttons(run: Run) -> None:
    """Downloads of one run."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose_format()
        _button("Report (HTML)", lambda: _html(run), f"{run.id}.html", "text/html", _HTML_HELP)
        _button("Model card (Markdown)", lambda: _card(run), f"{run.id}.md", "text/markdown", _CARD_HELP)


def compare_report(sides: Sequence[Side]) -> None:
    """The download of a comparison."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose_format()
        _button("Report (HTML)", lambda: _compared(sides), "comparison.html", "text/html", _HTML_HELP)


_HTML_HELP = "One file with all numbers and figures in it, about 5 MB. It opens without a network."
_CARD_HELP = "What the run is, its data, numbers and limits. After Mitchell and others, 2019."


def _button(label: str, data: Callable[[], str], name: str, kind: str, words: str) -> None:
    st.download_button(label, data=data, file_name=name, mime=kind, on_click="ignore", type="tertiary", help=words)


def _html(run: Run) -> str:
    from clfcore.reports.run_page import run_html

    return run_html(run)


def _card(run: Run) -> str:
    from clfcore.reports.model_card import model_card

    return model_card(run)


def _compared(sides: Sequence[Side]) -> str:
    from clfcore.reports.compare_page import compare_html

    return compare_html([side.run for side in sides], sides[0].split)
