"""SIGKILL at random moments: the run reads as interrupted at once, and resumes to the unbroken end, to the bit."""

import multiprocessing
import os
import random
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch

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
            child.kill()
            kills += 1
        child.join()
        assert killed.state in ("interrupted", "completed")
    assert_same_end(straight, killed)


def duration(run: Run) -> float:
    return sum(line.seconds for line in run.history)


def start(run: Run) -> BaseProcess:
    """A process of its own, forked from one that has imported what a run needs: that takes most of a short run."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["torchvision", "clfcore.runs.train_network", __name__])
    child = processes.Process(target=work, args=(run.path, torch.get_num_threads()))
    child.start()
    return child


def work(folder: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    execute(Run(folder))


def wait_for_lock(run: Run, child: BaseProcess) -> None:
    deadline = time.monotonic() + 60
    while run.state != "running":
        assert child.is_alive(), "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
