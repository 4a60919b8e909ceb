"""SIGKILL at random moments: the run reads as interrupted at once, and resumes to the unbroken end, to the bit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from tests.conftest import small_config
from tests.support.same_end import assert_same_end

KILLS = int(os.environ.get("CLFLAB_KILLS", "5"))
CONFIG = small_config(epochs=12, augmentation="basic", batch_size=4)


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_identical_end() -> None:
    straight = create_run(CONFIG)
    execute(straight)
    killed = create_run(CONFIG)
    chance = random.Random(0)
    kills = 0
    while killed.state != "completed":
        child = start(killed)
        if kills < KILLS:
            wait_for_lock(killed, child)
            time.sleep(chance.uniform(0, 1.2 * duration(straight) / 2))  # a moment of the work, not a wait for it
            child.send_signal(signal.SIGKILL)
            kills += 1
        child.wait()
        assert killed.state in ("interrupted", "completed")
    assert_same_end(straight, killed)


def duration(run: Run) -> float:
    return sum(line.seconds for line in run.history)


def start(run: Run) -> subprocess.Popen:
    script = (
        "import sys, torch; from pathlib import Path; from clfcore.runs.execute import execute;"
        f"torch.set_num_threads({threads()});"
        "from clfcore.runs.folder import Run; execute(Run(Path(sys.argv[1])))"
    )
    return subprocess.Popen([sys.executable, "-c", script, str(run.path)], cwd=Path(__file__).parents[2])


def threads() -> int:
    import torch

    return torch.get_num_threads()


def wait_for_lock(run: Run, child: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while run.state != "running":
        assert child.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
