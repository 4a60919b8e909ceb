"""The app under AppTest: the entry script, then a page; no worker, no timers."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from clfcore.config import make
from clfcore.runs.folder import Run
from ui import entry


@pytest.fixture(autouse=True)
def no_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test starts the worker's child by painting a page; nothing kept from one test is seen by the next."""
    import streamlit as st

    monkeypatch.setattr(entry, "after_first_paint", lambda: None)
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """`open_page("runs", run="...")`: the page, with its query parameters, after its first run."""

    def open_it(name: str, **address: str) -> AppTest:
        app = AppTest.from_file("../../app.py", default_timeout=60)
        if name == "home":  # of another page the address is not Home's, which AppTest opens first
            for key, value in address.items():
                app.query_params[key] = value
        app.run()
        assert not app.exception, app.exception
        if name != "home":
            for key, value in address.items():
                app.query_params[key] = value
            app.switch_page(f"pages/{name}/page.py").run()
        return app

    return open_it


@pytest.fixture
def finished_run() -> Run:
    """Three epochs of lenet5 on a few shapes, executed here."""
    from clfcore.runs.create import create_run
    from clfcore.runs.execute import execute

    run = create_run(make({"data": "digits", "architecture": "lenet5", "recipe": {"epochs": 2}}))
    execute(run)
    return run
