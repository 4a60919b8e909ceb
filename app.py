"""clflab: page set-up, style and navigation."""

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage
from streamlit.runtime.pages_manager import PagesManager

from ui.entry import dismiss_first_notice, refuse_foreign_pages, wait_for_figures
from ui.photos.tab import keep_in_address
from ui.session import keep_widgets, note_page, note_widgets, restore_widgets

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="clflab", page_icon=str(ASSETS / "icon.svg"), layout="wide")
refuse_foreign_pages()
restore_widgets()
keep_widgets()
keep_in_address()
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "icon.svg"))
st.html(ASSETS / "style.css")


def page_of(name: str, *, default: bool = False) -> StreamlitPage:
    """The page in `pages/NAME/`, at the address /NAME."""
    return st.Page(f"pages/{name}/page.py", title=name.capitalize(), url_path="" if default else name, default=default)


# Private: until st.navigation was called once, Streamlit takes the folder `pages` for its older kind of app, finds no
# page in it, and tells a server's first visitor by a link that there is none. (Seen in 1.67: script_runner._mpa_v1.)
dismiss_first_notice(is_first_visit=bool(PagesManager.uses_pages_directory))
home = page_of("home", default=True)
page = st.navigation(
    {
        "": [home],
        "Explore": [page_of("predict"), page_of("explain")],
        "Prepare": [page_of("data"), page_of("review"), page_of("augmentations"), page_of("architectures")],
        "Train": [page_of("train"), page_of("runs")],
        "Evaluate": [page_of("evaluate"), page_of("compare")],
        "Learn": [page_of("lessons")],
    },
    expanded=True,
)
try:
    if page.url_path != home.url_path:
        wait_for_figures()
    note_page(page.url_path)
    page.run()
finally:  # also where a page stops early
    note_widgets()
    from ui.runs.warm import after_first_paint  # the worker, and all that it stands on: after the page

    after_first_paint()
