"""Long work beside a page."""

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from clfcore import api
from clfcore.config import make
from clfcore.errors import Failure, InputError
from clfcore.progress import Progress
from clfcore.runs.create import create_run
from clfcore.runs.locks import RunLock
from tests.support.pages import until
from ui.jobs import Job, background

ROOT = Path(__file__).parents[2]
OpenPage = Callable[..., AppTest]


def test_a_job_tells_how_far_it_is_and_keeps_its_result() -> None:
    gate, told = threading.Event(), threading.Event()

    def work(progress) -> str:
        progress(3, 4)
        told.set()
        gate.wait(5)
        return "done"

    job = Job(work)
    assert told.wait(5)
    assert (job.done, job.total) == (3, 4)
    assert 0 < job.seconds_left < 5
    gate.set()
    job.thread.join(5)
    assert job.result == "done"


def test_a_stopped_job_ends_at_its_next_step() -> None:
    go = threading.Event()

    def work(progress) -> None:
        go.wait(5)
        progress(1, 2)
        pytest.fail("went on")

    job = Job(work)
    job.stop()
    go.set()
    job.thread.join(5)
    assert isinstance(job.error, InputError)


def test_a_kept_job_holds_nothing_large_and_is_forgotten_by_its_key() -> None:
    class Large:
        pass

    @background(entries=4)
    def work(progress: Progress, key: str, *, side: int = 1, _large: Large) -> int:
        calls.append(key)
        return side

    calls: list[str] = []
    large = Large()
    job, seen = work("a", side=3, _large=large), weakref.ref(large)
    job.thread.join(5)
    assert job.value() == 3
    del large
    gc.collect()
    assert seen() is None
    assert work("a", side=3, _large=Large()) is job
    job.forget()
    work("a", side=3, _large=Large()).thread.join(5)
    assert calls == ["a", "a"]


def test_a_fault_of_the_labs_own_becomes_a_line_with_its_traceback_in_a_file() -> None:
    def work(progress) -> None:
        raise KeyError("finest")

    job = Job(work)
    job.thread.join(5)
    assert isinstance(job.error, Failure)
    assert "this is a fault of clflab (KeyError: 'finest'); details in " in str(job.error)
    details = Path(str(job.error).rsplit("details in ", 1)[1]).read_text(encoding="utf-8")
    assert "Traceback" in details


@pytest.mark.parametrize("error", [InputError("digits is gone: bring it back"), ZeroDivisionError("by zero")])
def test_what_is_measured_beside_a_page_says_why_it_failed_and_is_tried_again_by_a_click(
    error: Exception, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = api.plan
    broken = [True]

    def plan_once_broken(*args, measure: bool, **named):
        if measure and broken:
            raise error
        return plan(*args, measure=measure, **named)

    monkeypatch.setattr(api, "plan", plan_once_broken)
    app = until(open_page("train", data="digits", architecture="lenet5"), lambda app: app.error)
    assert str(error) in app.error[0].value.replace("\\", "")
    assert duration(app) == "–"
    assert [button.label for button in app.button].count("Train") == 1
    app.run()
    assert app.error
    broken.clear()
    app.button(key="measure the plan again").click()
    app = until(app.run(), lambda app: duration(app).startswith("≈"))
    assert not app.error


def duration(app: AppTest) -> str:
    return {metric.label: metric.value for metric in app.metric}.get("Duration", "")


def test_an_error_is_kept_for_the_page() -> None:
    def work(progress) -> None:
        raise InputError("digitz is no dataset")

    job = Job(work)
    job.thread.join(5)
    assert str(job.error) == "digitz is no dataset"


def test_duration_and_memory_say_what_they_wait_for(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, ended = api.plan, threading.Event()

    def plan_held(*args, measure: bool, **named):
        if measure:
            ended.wait(60)
        return plan(*args, measure=False, **named)

    monkeypatch.setattr(api, "plan", plan_held)
    waiting = create_run(make({"data": "digits", "architecture": "lenet5"}))
    lock = RunLock(waiting.path / "queue.lock")
    assert lock.acquire()
    try:
        address = {"data": "shapes:count=60,side=12", "architecture": "lenet5"}
        app = until(open_page("train", **address), lambda app: app.metric)
        answer = [caption.value for caption in app.caption]
        assert answer.count("timing a few batches now") == 2
        assert "Runs train one after another: this one would start after 1 run that began before." in answer
    finally:
        ended.set()
        lock.release()


def test_the_process_ends_when_its_jobs_have_stopped_and_with_its_own_status() -> None:
    """A thread that is inside torch when the interpreter is gone aborts the process; here it could not say its word."""
    script = """
import sys, time
from ui.jobs import Job
def work(progress):
    print("begun", flush=True)
    try:
        while True:
            time.sleep(0.01)
            progress(0, 1)
    finally:
        print("ended", flush=True)
job = Job(work)
while not job.total:
    time.sleep(0.01)
sys.exit(3)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (3, ["begun", "ended"]), done.stderr
