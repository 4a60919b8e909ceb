"""The worker: a queue in order, a warm child, cancel at any moment, and nobody left behind when the parent dies."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from clfcore.runs.worker import Worker, start_child
from tests.conftest import small_config

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def worker_of_one(tmp_path: Path) -> Iterator[Worker]:
    """A worker whose first child is a real one; those after it do their runs without the seconds of the imports."""
    starts = iter([start_child])
    light = until(tmp_path)
    made = Worker(lambda: next(starts, light)())
    yield made
    made.close()


def wait(what: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_runs_are_carried_out_in_their_order(worker_of_one: Worker) -> None:
    first, second = worker_of_one.submit(small_config()), worker_of_one.submit(small_config())
    assert second.state == "queued"
    wait(lambda: second.state == "completed")
    assert first.state == "completed"
    assert first.status.finished <= second.status.started


def test_a_queued_run_leaves_the_queue_and_a_running_one_stops_within_a_batch(worker_of_one: Worker) -> None:
    long, waiting = worker_of_one.submit(small_config(epochs=5000)), worker_of_one.submit(small_config())
    wait(lambda: bool(long.history))
    worker_of_one.cancel(waiting)
    assert waiting.state == "cancelled"
    worker_of_one.cancel(long)
    wait(lambda: long.state == "cancelled")
    assert 0 < len(long.history) < 5000
    worker_of_one.resume(waiting)
    wait(lambda: waiting.state == "completed")
    with pytest.raises(InputError, match=r"is completed: only a run that was interrupted, .* can be resumed"):
        worker_of_one.resume(waiting)


def test_a_bad_configuration_fails_alone(worker_of_one: Worker) -> None:
    bad, good = worker_of_one.submit(small_config(image_size=5)), worker_of_one.submit(small_config())
    wait(lambda: good.state == "completed")
    assert bad.state == "failed"
    assert "image_size is 5: lenet5 needs at least 12" in bad.message


def test_a_killed_child_reads_as_interrupted_and_the_queue_goes_on(worker_of_one: Worker) -> None:
    victim, after = worker_of_one.submit(small_config(epochs=5000)), worker_of_one.submit(small_config())
    wait(lambda: bool(victim.history))
    os.kill(worker_of_one._current[1].pid, signal.SIGKILL)
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
    wait(lambda: run.state == "interrupted")
    assert run.load_checkpoint()["training"]["epoch"] >= 1


LIGHT = """
import sys, time
from pathlib import Path
from clfcore.runs.folder import Run
line, go, until = sys.stdin.readline().strip(), Path(sys.argv[1]), time.monotonic() + 60
while line and not go.exists() and time.monotonic() < until:
    time.sleep(0.01)
if line:
    run = Run(Path(line))
    with run.locked():
        run.set_state("running")
        run.set_state("cancelled" if run.stop_requested() else "completed")
"""


def child(code: str, *arguments: object) -> Callable[[], subprocess.Popen]:
    """Starts a process in a child's place, without the seconds of its imports."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    words = [sys.executable, "-c", code, *map(str, arguments)]
    return lambda: subprocess.Popen(words, cwd=ROOT, text=True, **pipes)


def until(sign: Path) -> Callable[[], subprocess.Popen]:
    """A child that is given its run while it still imports: it begins when the file `sign` is there."""
    return child(LIGHT, sign)


def test_a_stop_while_the_child_imports_is_honoured_and_so_is_a_resume(tmp_path: Path) -> None:
    worker = Worker(until(tmp_path / "go"))
    run = worker.submit(small_config())
    wait(lambda: not worker.queued)  # handed over
    assert worker.cancel(run) == "starting"
    (tmp_path / "go").touch()
    wait(lambda: run.state == "cancelled")
    assert run.history == ()
    worker.resume(run)
    wait(lambda: run.state == "completed")
    assert worker.cancel(run) == "over"
    worker.close()


def test_a_stop_of_a_run_that_waits_in_another_servers_queue_reaches_it(tmp_path: Path) -> None:
    here, there = Worker(until(tmp_path / "go")), Worker()
    first, second = here.submit(small_config()), here.submit(small_config())
    assert there.cancel(second) == "elsewhere"
    wait(lambda: second.state == "cancelled")
    assert here.queued == ()
    assert there.cancel(first) == "elsewhere"  # its child still imports
    (tmp_path / "go").touch()
    wait(lambda: first.state == "cancelled")
    here.close()


def test_two_servers_that_resume_one_run_execute_it_once(tmp_path: Path) -> None:
    servers = [Worker(until(tmp_path / "go")) for _ in range(2)]
    for _ in range(6):
        run, refused, ready = create_run(small_config()), [], threading.Barrier(2)

        def resume(server: Worker, run: Run = run, refused: list = refused, ready: threading.Barrier = ready) -> None:
            ready.wait()
            try:
                server.resume(run)
            except InputError as error:
                refused.append(str(error))

        threads = [threading.Thread(target=resume, args=(server,)) for server in servers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
        assert run.id in refused[0]
        assert run.state == "queued"
        for server in servers:
            server.cancel(run)
    (tmp_path / "go").touch()
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "could not be started (Cannot allocate memory)"),
        (ValueError("a fault"), "could not be carried out (ValueError: a fault)"),
    ],
)
def test_a_child_that_cannot_start_fails_its_run_and_the_queue_goes_on(
    fault: Exception, says: str, tmp_path: Path
) -> None:
    faults, start = [fault], until(tmp_path)

    def start_or_fail() -> subprocess.Popen:
        if faults:
            raise faults[0]
        return start()

    worker = Worker(start_or_fail)
    first = worker.submit(small_config())
    wait(lambda: first.state == "failed")
    assert says in first.message
    faults.clear()
    second = worker.submit(small_config())
    worker.resume(first)
    wait(lambda: (first.state, second.state) == ("completed", "completed"))
    worker.close()


def test_a_child_that_dies_before_it_begins_fails_its_run_with_its_last_words() -> None:
    worker = Worker(child("input(); raise ImportError('no torch')"))
    run = worker.submit(small_config())
    wait(lambda: run.state == "failed")
    assert "before it began (exit status 1): ImportError: no torch" in run.message
    worker.close()


def test_a_warm_start_that_fails_disturbs_no_page() -> None:
    def fail() -> subprocess.Popen:
        raise OSError(errno.EAGAIN, "no more processes")

    Worker(fail).warm()


def test_a_run_whose_folder_is_gone_leaves_the_queue(tmp_path: Path) -> None:
    worker = Worker(until(tmp_path / "go"))
    first, gone, last = (worker.submit(small_config()) for _ in range(3))
    shutil.rmtree(gone.path)
    (tmp_path / "go").touch()
    wait(lambda: last.state == "completed")
    assert first.state == "completed"
    assert not gone.path.exists()
    worker.close()


def test_a_queue_whose_process_has_died_reads_as_interrupted() -> None:
    run = create_run(small_config())
    assert run.state == "interrupted"
