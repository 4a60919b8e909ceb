"""Who is let in by app.py itself."""

from collections.abc import Callable

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize(
    ("headers", "lets_in"),
    [
        ({"Host": "localhost:8501", "Origin": "http://localhost:8501"}, True),
        ({"Host": "localhost:8501"}, True),  # no browser's page
        ({"Host": "localhost:8501", "Origin": "http://localhost:9999"}, False),
        ({"Host": "localhost:8501", "Origin": "http://127.0.0.1:8501"}, False),
        ({"Host": "localhost:8501", "Origin": "null"}, False),
    ],
)
def test_only_the_labs_own_page_is_let_in(
    headers: dict[str, str], lets_in: bool, open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(st.context), "headers", headers)
    app = open_page("home")
    assert bool(app.title) == lets_in
    assert [error.value for error in app.error] == [] if lets_in else "Another site's page" in app.error[0].value
