"""Every visit goes through app.py."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx


def through_app() -> None:
    """Once a server: say that the app has st.navigation, and begin this run anew.

    Streamlit takes a folder named `pages` for its older kind of app until st.navigation was called: where the first
    visit of a server is a link to a page, or a tab that outlived a restart, it runs that page without app.py, bare of
    style and navigation. (Seen in 1.67: script_runner._mpa_v1.)
    """
    if get_script_run_ctx() is not None and PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
