"""Download of a comparison."""

from collections.abc import Sequence

import streamlit as st

from pages.compare.selection import Side
from ui.charts import choose_format


def report_button(sides: Sequence[Side]) -> None:
    """The report as one HTML file, and the format in which figures are saved."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose_format()
        st.download_button(
            "Download report",
            data=lambda: _report(sides),
            file_name="comparison.html",
            mime="text/html",
            on_click="ignore",
            icon=":material/download:",
            help="One HTML file with all numbers and figures, about 5 MB. It opens offline.",
        )


def _report(sides: Sequence[Side]) -> str:
    from clfcore.reports.compare_page import compare_html

    return compare_html([side.run for side in sides], sides[0].split)
