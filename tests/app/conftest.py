"""The app under AppTest: the entry script, then a page; no worker, no timers."""

from collections.abc import Callable, Iterator

import pytest
from streamlit.navigation.page import StreamlitPage
from streamlit.testing.v1 import AppTest

from clfcore.config import make
from clfcore.runs.folder import Run
from tests.conftest import copied, trained_at
from ui import jobs
from ui.runs import warm


@pytest.fixture(autouse=True)
def no_children(monkeypatch: pytest.MonkeyPatch, packages_scanned_once: None) -> Iterator[None]:
    """No test starts the worker's child by painting a page; nothing kept from one test is seen by the next."""
    import streamlit as st

    monkeypatch.setattr(warm, "after_first_paint", lambda: None)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    jobs.stop_jobs()


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """`open_page("runs", run="...")`: the page, with its query parameters, after its first run."""

    def open_it(name: str, **address: str) -> AppTest:
        app = AppTest.from_file("../../app.py", default_timeout=60)
        if name != "home":
            with pytest.MonkeyPatch.context() as patched:  # AppTest knows the pages after a first run, which is Home's
                run = StreamlitPage.run
                patched.setattr(StreamlitPage, "run", lambda page: None if page.title == "Home" else run(page))
                app.run()
                assert not app.exception, app.exception
        for key, value in address.items():
            app.query_params[key] = value
        if name != "home":
            app.switch_page(f"pages/{name}/page.py")
        app.run()
        assert name != "home" or not app.exception, app.exception
        return app

    return open_it


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages wait for their jobs: on a busy machine they show a progress bar where a quick job is expected to end."""
    monkeypatch.setattr(jobs, "PATIENCE", 30.0)


@pytest.fixture(scope="session")
def trained_on_digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One finished run of lenet5 on digits for the whole session; use `finished_run`, a copy."""
    return trained_at(
        tmp_path_factory.mktemp("digits"), make({"data": "digits", "architecture": "lenet5", "recipe": {"epochs": 2}})
    )


@pytest.fixture
def finished_run(trained_on_digits: Run) -> Run:
    """Two epochs of lenet5 on digits, in this test's own runs folder."""
    return copied(trained_on_digits)
