"""clflab: page set-up, style and navigation."""

from pathlib import Path

import streamlit as st

import ui

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="clflab", page_icon=str(ASSETS / "icon.svg"), layout="wide")
ui.refuse_foreign_pages()
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "icon.svg"))
st.html(ASSETS / "style.css")

home = st.Page("pages/home.py", title="Home", default=True)
page = st.navigation(
    {
        "": [home],
        "Look": [st.Page("pages/predict.py", title="Predict"), st.Page("pages/explain.py", title="Explain")],
        "Prepare": [
            st.Page("pages/data.py", title="Data"),
            st.Page("pages/augmentations.py", title="Augmentations"),
            st.Page("pages/architectures.py", title="Architectures"),
        ],
        "Train": [st.Page("pages/train.py", title="Train"), st.Page("pages/runs.py", title="Runs")],
        "Judge": [
            st.Page("pages/evaluate.py", title="Evaluate"),
            st.Page("pages/compare.py", title="Compare"),
        ],
    },
    expanded=True,
)
try:
    if page.url_path != home.url_path:
        ui.wait_for_figures()
    page.run()
finally:  # also where a page stops early
    ui.after_first_paint()
