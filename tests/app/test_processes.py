"""Processes on the Train page: offered where there are several cores, shown in the command, given to the worker."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from clfcore.errors import InputError
from clfcore.runs.worker import Worker
from tests.support.pages import refused, until_ready


def test_processes_are_in_the_command_and_go_to_the_worker(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clfcore.experiments.plan.most_processes", lambda device: 4)
    asked = []

    def submit(self: Worker, config: object, *, processes: int) -> None:
        asked.append(processes)
        raise InputError("no run is made here")

    monkeypatch.setattr(Worker, "submit", submit)
    app = until_ready(open_page("train", data="shapes:count=60", architecture="lenet5"))
    assert app.number_input(key="processes").value == 1
    assert not any("--processes" in code.value for code in app.code)
    app = until_ready(app.number_input(key="processes").set_value(2).run())
    assert any("--processes 2" in code.value for code in app.code)
    app.button(key="train").click().run()
    assert refused(app) == ["no run is made here"]
    assert asked == [2]


def test_one_core_offers_no_choice(open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.experiments.plan.most_processes", lambda device: 1)
    app = until_ready(open_page("train", data="shapes:count=60", architecture="lenet5"))
    assert not any(box.key == "processes" for box in app.number_input)


def test_several_processes_may_synchronize_batch_normalization(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "field recipe.sync_batch_norm"
    monkeypatch.setattr("clfcore.experiments.plan.most_processes", lambda device: 4)
    app = until_ready(open_page("train", data="shapes:count=60", architecture="lenet5"))
    assert not any(box.key == key for box in app.selectbox)
    app = until_ready(app.number_input(key="processes").set_value(2).run())
    app = until_ready(app.selectbox(key=key).set_value(True).run())
    assert refused(app) == [
        "recipe.sync_batch_norm is true: torch synchronizes batch normalization on CUDA GPUs only; leave it out"
    ]
    app = until_ready(app.number_input(key="processes").set_value(1).run())
    assert refused(app) == []
    assert not any(box.key == key for box in app.selectbox)
