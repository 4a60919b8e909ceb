"""Addresses that nobody meant: each page answers them with what it has, or with a sentence, never with a traceback."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from clfcore.runs.folder import Run
from ui.jobs import stop_jobs, wait_for_jobs
from ui.runs import warm

COUNT = 16 * int(os.environ.get("CLFLAB_FUZZ", "1"))
APP = str(Path(__file__).parents[2] / "app.py")
PARAMETERS = {
    "home": ("data",),
    "predict": ("model", "sample"),
    "explain": ("model", "sample", "method", "maps view", "run"),
    "data": ("data", "split", "class"),
    "augmentations": ("data", "policy", "beside"),
    "architectures": ("architecture", "option", "see", "against"),
    "train": ("data", "architecture", "option", "run", "from", "fit"),
    "runs": ("run",),
    "evaluate": ("run", "judged", "view", "class", "positive"),
    "compare": ("runs", "batch", "view"),
}
HOSTILE = (
    "", "~", "~nosuchuser", "nested:~x", "nested:", "x" * 300, "a/" * 2000, "\0", "a\0b", "..", "../..", "/",
    "/dev/zero", "/dev/null", "/proc/self/mem", "shapes:seed=-1", "shapes:count=999999999999", "shapes:side=nan",
    "shapes:", "digits:x=1", "folder:/", "\u202egnp.exe", "<script>alert(1)</script>", "%00", "{}", "[]", "-1",
    "1e999", "nan", "NULL", "k=v", "=", "phi=1e9", "layers=64,Q,M", "layers=" + "9" * 400, "timm/", "timm/nosuch",
    "digits@9", "C:\\x", "*", "a;b", "🦥" * 80,
)  # fmt: skip
SEEN = (
    ("data", {"data": "~nosuchuser"}), ("data", {"data": "nested:~x"}), ("train", {"run": "~x"}),
    ("train", {"run": "x" * 300}), ("train", {"from": "~x"}), ("data", {"data": "shapes:seed=-1"}),
    ("data", {"data": "a\0b"}), ("augmentations", {"data": "~nosuchuser"}),
    ("predict", {"model": ["efficientnet_lite0"] * 6}), ("evaluate", {"run": "~x"}),
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_lab(finished_run: Run, monkeypatch: pytest.MonkeyPatch, packages_scanned_once: None) -> Iterator[None]:
    """A lab with one finished run and no worker's child."""
    monkeypatch.setattr(warm, "after_first_paint", lambda: None)
    yield
    stop_jobs()
    st.cache_data.clear()
    st.cache_resource.clear()


def visit(page: str, address: dict[str, str | list[str]]) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120)
    app.run()
    for name, value in address.items():
        app.query_params[name] = value
    app = app.run() if page == "home" else app.switch_page(f"pages/{page}/page.py").run()
    for _ in range(100):  # AppTest has no timers: run again until no work in the background is waited for
        if not app.get("progress") or app.exception:
            break
        wait_for_jobs(60)
        app.run()
    return app


def lives(app: AppTest) -> bool:
    """No traceback; the title is there, and at a refusal a sentence of one line."""
    return not app.exception and bool(app.title) and not any("\n" in error.value.strip() for error in app.error)


@pytest.mark.parametrize(("page", "address"), SEEN, ids=lambda value: str(value)[:40])
def test_addresses_that_ended_in_a_traceback(page: str, address: dict[str, str | list[str]]) -> None:
    app = visit(page, address)
    assert lives(app), app.exception or app.error


def test_no_address_ends_in_a_traceback(finished_run: Run) -> None:
    drawn, broken = random.Random(0), []
    usual = {
        "data": "shapes:count=160,side=20",
        "architecture": "lenet5",
        "model": finished_run.id,
        "run": finished_run.id,
    }
    for _ in range(COUNT):
        page = drawn.choice(list(PARAMETERS))
        address: dict[str, str | list[str]] = {name: usual[name] for name in PARAMETERS[page] if name in usual}
        name = drawn.choice(PARAMETERS[page])
        value = drawn.choice(HOSTILE)
        address[name] = [value] * drawn.choice((1, 1, 2, 7))
        if page == "train" and name != "run":
            del address["run"]
        app = visit(page, address)
        if not lives(app):
            broken.append((page, address, [error.message for error in app.exception] or [e.value for e in app.error]))
    assert broken == []
