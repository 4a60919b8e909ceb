"""What a new server gets ready once its first page is painted, so that the first answer and the first run wait less."""

import threading

import streamlit as st

from clfcore.heavy_imports import load
from clfcore.runs.worker import worker

PAINTED = 2.0  # seconds that the first page has for itself


@st.cache_resource
def after_first_paint() -> None:
    """Once a server: import PyTorch for the first answer, then bring up the worker's first child for the first run."""

    def warm() -> None:
        load("timm")
        worker().warm()

    timer = threading.Timer(PAINTED, warm)
    timer.daemon = True
    timer.start()
