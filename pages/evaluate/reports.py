"""Downloads of a run: its report and its model card."""

import streamlit as st

from clfcore.runs.folder import Run
from ui.charts import choose_format


def report_buttons(run: Run) -> None:
    """The report as one HTML file, the model card as Markdown, and the format in which figures are saved."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choose_format()
        st.download_button(
            "Download report",
            data=lambda: _report(run),
            file_name=f"{run.id}.html",
            mime="text/html",
            on_click="ignore",
            icon=":material/download:",
            help="One HTML file with all numbers and figures, about 5 MB. It opens offline.",
        )
        st.download_button(
            "Download model card",
            data=lambda: _model_card(run),
            file_name=f"{run.id}.md",
            mime="text/markdown",
            on_click="ignore",
            icon=":material/download:",
            help="Markdown: what the run is, its data, numbers and limits. Mitchell and others, 2019.",
        )


def _report(run: Run) -> str:
    from clfcore.reports.run_page import run_html

    return run_html(run)


def _model_card(run: Run) -> str:
    from clfcore.reports.model_card import model_card

    return model_card(run)
