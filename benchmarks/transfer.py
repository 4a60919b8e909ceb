"""The four strategies on one folder of photos, one table: test accuracy with its interval, time, trained parameters.

Each is `train --data FOLDER --architecture efficientnet_lite0 --strategy NAME` with its defaults; embeddings are
computed by the first that needs them. From scratch has images of 96 pixels and 10 epochs, about half of what
fine-tuning costs: its defaults (224 pixels, 30 epochs) would take hours on a CPU. `--part N` takes N training images
(and as many of the others in proportion) to try the script itself; its figures mean nothing.

    python benchmarks/transfer.py FOLDER [--part 60] [--epochs 2] [--strategies fine-tuning,scratch] [--image-size 64]
"""

import argparse
import os
import platform
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
SCRATCH = {"image_size": 96, "epochs": 10}
STRATEGIES = ("feature-extraction", "fine-tuning", "progressive-unfreezing", "scratch")


def part_of(folder: Path, items: int, target: Path) -> Path:
    """A copy with about `items` training images, each split and class cut by the same share."""
    share = items / max(1, sum(1 for path in (folder / "train").rglob("*") if path.is_file()))
    for place in [path for path in folder.glob("*/*") if path.is_dir()]:
        files = sorted(path for path in place.iterdir() if path.is_file())
        kept = random.Random(0).sample(files, max(2, round(share * len(files)))) if len(files) > 2 else files
        goal = target / place.relative_to(folder)
        goal.mkdir(parents=True)
        for path in kept:
            shutil.copy(path, goal / path.name)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        import torch

        from clfcore.api import train
        from clfcore.config import make
        from clfcore.evaluation.intervals import wilson
        from clfcore.runs.folder import Run

        folder = part_of(args.folder, args.part, Path(home) / "part") if args.part else args.folder
        answer = {"epochs": args.epochs, "image_size": args.image_size}
        answer = {name: value for name, value in answer.items() if value}
        cores = len(os.sched_getaffinity(0))
        print(f"{platform.processor() or platform.machine()}, {cores} cores, torch {torch.__version__}")
        print("| strategy | test accuracy (95%) | validation | best epoch | trained | seconds | with preparation |")
        print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
        for strategy in args.strategies.split(","):
            config = {"data": str(folder), "architecture": "efficientnet_lite0", "strategy": strategy}
            started = time.perf_counter()
            done = train(make({**config, "recipe": {**(SCRATCH if strategy == "scratch" else {}), **answer}}))
            whole = time.perf_counter() - started
            test = Run(Path(done.path)).predictions("test")
            right = int((test.logits.argmax(1) == test.targets).sum())
            low, high = wilson(right, len(test))
            print(
                f"| {strategy} | {100 * right / len(test):.1f}% ({100 * low:.1f} to {100 * high:.1f}) "
                f"| {100 * done.metrics['validation']['accuracy']:.1f}% | {done.best_epoch} "
                f"| {done.parameters['trainable']:,} of {done.parameters['total']:,} "
                f"| {done.seconds:.0f} | {whole:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
