"""The preset `fashion-mnist, fast` as it comes: test accuracy and seconds of each seed, all stages included.

Says so, and measures nothing, where the files of Fashion-MNIST are absent.

    python benchmarks/fashion_mnist.py [--seeds 3]
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

DATA = "fashion-mnist"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    from clfcore.api import train
    from clfcore.config import make
    from clfcore.data.catalogue import entries
    from clfcore.presets import preset

    if not next(entry.available for entry in entries() if entry.name == DATA):
        print(f"{DATA}: not at hand, nothing is measured")
        return
    chosen = preset("fashion-mnist, fast")
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        accuracies, times = [], []
        for seed in range(args.seeds):
            recipe = {**chosen.recipe.model_dump(), "seed": seed}
            done = train(make({"data": DATA, **chosen.network, **chosen.made_for, "recipe": recipe}))
            validation, test = (done.metrics[split]["accuracy"] for split in ("validation", "test"))
            print(f"seed {seed}: {validation:.4f} on validation, {test:.4f} on test, {done.seconds:.0f} s", flush=True)
            accuracies.append(float(test))
            times.append(done.seconds)
    spread = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
    print(f"test accuracy {statistics.mean(accuracies):.4f} +- {spread:.4f}, median {statistics.median(times):.0f} s")


if __name__ == "__main__":
    main()
