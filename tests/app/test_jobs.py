"""Long work beside a page."""

import threading
import time

import pytest

from clfcore.errors import InputError
from ui.jobs import Job


def test_a_job_tells_how_far_it_is_and_keeps_its_result() -> None:
    gate = threading.Event()

    def work(progress) -> str:
        progress(3, 4)
        gate.wait(5)
        return "done"

    job = Job(work)
    time.sleep(0.05)
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
    job.stopped = True
    go.set()
    job.thread.join(5)
    assert isinstance(job.error, InputError)


def test_an_error_is_kept_for_the_page() -> None:
    def work(progress) -> None:
        raise InputError("digitz is no dataset")

    job = Job(work)
    job.thread.join(5)
    assert str(job.error) == "digitz is no dataset"
