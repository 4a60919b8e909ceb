"""LeNet-5 from scratch with the defaults: digits (15 epochs, three seeds) and Fashion-MNIST (5 epochs, one seed).

Prints test accuracy and seconds of each run, with mean and deviation. Fashion-MNIST is left out, and said so, where its
files are absent.

    python benchmarks/lenet5.py [--seeds 3]
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def runs_of(data: str, epochs: int, seeds: int) -> list[tuple[float, float]]:
    """(test accuracy, seconds of work) of each seed."""
    from clfcore.api import train
    from clfcore.config import make

    found = []
    for seed in range(seeds):
        config = make({"data": data, "architecture": "lenet5", "recipe": {"epochs": epochs, "seed": seed}})
        outcome = train(config)
        found.append((outcome.metrics["test"]["accuracy"], outcome.seconds))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    from clfcore.data.catalogue import entries

    at_hand = {entry.name: entry.available for entry in entries()}
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        for data, epochs, seeds in (("digits", 15, args.seeds), ("fashion-mnist", 5, 1)):
            if not at_hand[data]:
                print(f"{data}: not at hand, left out")
                continue
            found = runs_of(data, epochs, seeds)
            accuracies = [accuracy for accuracy, _ in found]
            spread = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
            mean = statistics.mean(accuracies)
            print(f"{data}, {epochs} epochs, {seeds} seeds: test accuracy {mean:.4f} +- {spread:.4f}")
            print("  " + ", ".join(f"{accuracy:.4f} in {seconds:.1f} s" for accuracy, seconds in found))


if __name__ == "__main__":
    main()
