"""The worker: a queue in order, a warm child, cancel at any moment, and nobody left behind when the parent dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clfcore.errors import InputError
from clfcore.runs import store
from clfcore.runs.store import Run
from clfcore.runs.worker import Worker
from tests.conftest import small_config

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def wait(what: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_runs_are_carried_out_in_their_order(worker: Worker) -> None:
    first, second = worker.submit(small_config()), worker.submit(small_config())
    assert second.state == "queued"
    wait(lambda: second.state == "completed")
    assert first.state == "completed"
    assert first.status["finished"] <= second.status["started"]


def test_a_queued_run_leaves_the_queue_and_a_running_one_stops_within_a_batch(worker: Worker) -> None:
    long, waiting = worker.submit(small_config(epochs=5000)), worker.submit(small_config())
    wait(lambda: bool(long.history))
    worker.cancel(waiting)
    assert waiting.state == "cancelled"
    worker.cancel(long)
    wait(lambda: long.state == "cancelled", 20)
    assert 0 < len(long.history) < 5000
    worker.resume(waiting)
    wait(lambda: waiting.state == "completed")
    with pytest.raises(InputError, match="is completed: only an interrupted, cancelled or failed run can be resumed"):
        worker.resume(waiting)


def test_a_bad_configuration_fails_alone(worker: Worker) -> None:
    bad, good = worker.submit(small_config(image_size=5)), worker.submit(small_config())
    wait(lambda: good.state == "completed")
    assert bad.state == "failed"
    assert "image_size is 5: lenet5 needs at least 12" in bad.message


def test_a_killed_child_reads_as_interrupted_and_the_queue_goes_on(worker: Worker) -> None:
    victim, after = worker.submit(small_config(epochs=5000)), worker.submit(small_config())
    wait(lambda: bool(victim.history))
    os.kill(worker._current[1].pid, signal.SIGKILL)
    wait(lambda: after.state == "completed")
    assert victim.state == "interrupted"


def test_a_child_whose_parent_is_killed_ends_and_keeps_its_checkpoint() -> None:
    script = (
        "import time; from clfcore.runs.worker import worker; from tests.conftest import small_config;"
        "run = worker().submit(small_config(epochs=5000)); print(run.path, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    run = Run(Path(parent.stdout.readline().strip()))
    wait(lambda: (run.path / "checkpoint.pt").exists())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait(lambda: run.state == "interrupted", 20)
    assert run.load_checkpoint()["training"]["epoch"] >= 1


def test_a_queue_whose_process_has_died_reads_as_interrupted() -> None:
    run = store.create(small_config())
    assert run.state == "interrupted"
