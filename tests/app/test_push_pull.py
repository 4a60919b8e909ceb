"""Push and Pull on the Runs page: a run goes to remote storage and comes back, and a wrong address is one line."""

import shutil
from collections.abc import Callable

import fsspec
import pytest
from streamlit.testing.v1 import AppTest

from clfcore.runs.folder import Run

pytestmark = pytest.mark.usefixtures("patient")


def filled(app: AppTest, *, label: str, address: str) -> AppTest:
    """The page after an address was written and the button of that label clicked; an error of the job stands there."""
    boxes = [box for box in app.text_input if box.label == "Address"]
    next(box for box in boxes if (label == "Push") == ("push" in str(box.key))).set_value(address)
    next(button for button in app.button if button.label == label).click().run()
    return app


def test_a_run_is_pushed_and_pulled_by_two_clicks(finished_run: Run, open_page: Callable[..., AppTest]) -> None:
    app = filled(open_page("train", run=finished_run.id), label="Push", address="memory://runs")
    assert not app.exception
    address = f"memory://runs/{finished_run.id}"
    assert address in [code.value for code in app.code]
    shutil.rmtree(finished_run.path)
    app = filled(open_page("runs"), label="Pull", address=address)
    assert not app.exception
    assert finished_run.state == "completed"
    fsspec.filesystem("memory").store.clear()


def test_an_address_without_a_run_is_one_line(finished_run: Run, open_page: Callable[..., AppTest]) -> None:
    app = filled(open_page("runs"), label="Pull", address="memory://nothing")
    assert any("no run was pushed there" in error.value for error in app.error)
