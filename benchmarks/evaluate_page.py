"""The Evaluate page with 50,000 items x 1,000 classes, in Chromium: seconds of each view, and the server's memory.

Promise: usable at that size, and under 2 GB. A run is written to disk with drawn logits and no pictures; the server's
processor seconds stand beside the wall's, for the browser works on the same cores.

    python benchmarks/evaluate_page.py [ITEMS CLASSES]
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from clfcore.config import make
from clfcore.predictions import Predictions
from clfcore.runs.create import create_run
from clfcore.task import single_label
from pages.evaluate.confusion import PARTS
from tests.browser.driver import chromium, serving, settled

VIEWS = ("Errors", "ROC and PR", "Per class", "Operating point", "Calibration", "Confusion")
PATIENCE = 300_000  # milliseconds


def made(folder: Path, n: int, c: int) -> str:
    """A finished run whose classes are taken for their neighbors; returns its id."""
    run = create_run(make({"data": "digits", "architecture": "resnet18", "strategy": "scratch"}), folder)
    task = single_label([f"class {i:04}" for i in range(c)])
    for split, items in (("validation", n // 10), ("test", n)):
        rng = np.random.default_rng(len(split))
        targets = np.arange(items) % c
        logits = rng.standard_normal((items, c), dtype=np.float32)
        logits[np.arange(items), targets] += 3
        logits[np.arange(items), targets ^ 1] += 1.5
        ids = tuple(f"item {i:05}" for i in range(items))
        Predictions(task, split, ids, targets, logits).save(run.path / f"predictions-{split}.npz")
    run.write("metrics.json", {"best_epoch": 1, "seconds": 1.0, "parameters": {"total": 1, "trainable": 1}})
    run.set_state("completed")
    return run.id


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", type=int, nargs="?", default=50_000)
    parser.add_argument("classes", type=int, nargs="?", default=1_000)
    args = parser.parse_args()
    n, c = args.items, args.classes
    with tempfile.TemporaryDirectory() as lab:
        run = made(Path(lab) / "runs", n, c)
        print(f"{n:,} items x {c:,} classes, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        with serving(Path(lab)) as address, chromium() as browser:
            server = next(one for one in psutil.Process().children() if "streamlit" in " ".join(one.cmdline()))
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            most = 0

            def timed(name: str, work) -> None:
                nonlocal most
                began, before = time.perf_counter(), sum(server.cpu_times()[:2])
                work()
                settled(page, timeout=PATIENCE)
                memory = server.memory_info().rss / 2**20
                most = max(most, memory)
                print(
                    f"{name:24} {time.perf_counter() - began:6.1f} s, server "
                    f"{sum(server.cpu_times()[:2]) - before:5.1f} s of processor, {memory:5.0f} MB",
                    flush=True,
                )
                assert page.get_by_test_id("stException").count() == 0, name

            timed("home, first paint", lambda: page.goto(address))
            server.cpu_percent()
            while server.cpu_percent(interval=3) > 10:  # it imports what pages need after its first one
                pass
            timed("Evaluate, first time", lambda: page.goto(f"{address}/evaluate?run={run}"))
            timed("Evaluate, again", page.reload)
            for part in (PARTS["blocks"], PARTS["around"]):
                timed(part, page.get_by_text(part, exact=True).click)
            for view in VIEWS:
                timed(view, page.get_by_role("tab", name=view, exact=True).click)
        print(f"most memory of the server: {most:.0f} MB")


if __name__ == "__main__":
    main()
