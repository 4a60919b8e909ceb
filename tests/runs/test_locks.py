"""Looks at a run's locks: they are right while others hold, wait and look, and disturb nobody."""

import subprocess
import sys
import threading
from pathlib import Path

from clfcore.runs.create import create_run
from clfcore.runs.locks import RunLock, is_held
from tests.conftest import small_config

LOOK = """
import sys
from pathlib import Path
from clfcore.runs.folder import Run
print("looking", flush=True)
print(",".join(sorted({Run(Path(sys.argv[1])).state for _ in range(400)})))
"""


def test_a_lock_is_held_until_it_is_released(tmp_path: Path) -> None:
    path, lock = tmp_path / "run.lock", RunLock(tmp_path / "run.lock")
    assert not is_held(path)
    assert lock.acquire()
    assert is_held(path)
    assert not RunLock(path).acquire(timeout=0)
    lock.release()
    assert not is_held(path)


def test_a_lock_that_cannot_be_opened_is_held_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "run.lock").mkdir()
    assert not is_held(tmp_path / "run.lock")


def test_twenty_viewers_see_an_interrupted_run_as_interrupted() -> None:
    run, wrong, ready = create_run(small_config()), [], threading.Barrier(20)

    def look() -> None:
        ready.wait()
        wrong.extend(state for state in (run.state for _ in range(150)) if state != "interrupted")

    with run.locked():  # the files are there
        pass
    other = subprocess.Popen([sys.executable, "-c", LOOK, str(run.path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "looking\n"
    viewers = [threading.Thread(target=look) for _ in range(20)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    assert wrong == []
    assert other.communicate()[0].strip() == "interrupted"


def test_viewers_keep_nobody_from_taking_a_run() -> None:
    run, over, seen = create_run(small_config()), threading.Event(), set()
    lock = RunLock(run.path / "run.lock")

    def look() -> None:
        while not over.is_set():
            seen.add(run.state)

    viewers = [threading.Thread(target=look) for _ in range(8)]
    for viewer in viewers:
        viewer.start()
    try:
        for _ in range(50):
            assert lock.acquire(timeout=0)
            assert run.state == "running"
            lock.release()
    finally:
        over.set()
        for viewer in viewers:
            viewer.join()
    assert seen <= {"running", "interrupted"}
