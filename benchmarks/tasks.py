"""Several labels and levels from scratch with the defaults: the two shapes tasks, some seeds, one table.

    python benchmarks/tasks.py [--seeds 3] [--architecture resnet18_small]

Prints what test says of each run: mean average precision of the labels; accuracy of the finest level and consistency of
the hierarchy, read along real paths. `--width 16` takes the same network with a quarter of the maps, at a sixteenth of
the work.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

TASKS = {"shapes-multi-label": {}, "shapes-hierarchical": {"decoding": "path"}}


def wanted(metrics: dict) -> dict[str, float]:
    """What the claim is about: name -> value."""
    if "mean_average_precision" in metrics:
        return {"mean average precision": metrics["mean_average_precision"]}
    finest = [name for name, values in metrics.items() if isinstance(values, dict)][-1]
    return {f"accuracy of {finest}": metrics[finest]["accuracy"], "consistency": metrics["consistency"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--architecture", default="resnet18_small")
    parser.add_argument("--width", type=int, help="maps of the first stage; resnet18_small has 64")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    args = parser.parse_args()
    from clfcore.api import train
    from clfcore.config import make

    network: dict = {"architecture": args.architecture}
    recipe: dict = {}
    if args.width:
        network = {"architecture": "resnet", "options": {"width": args.width, "stem": "small"}}
        recipe = {"image_size": 32}
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        for data in args.tasks:
            found: dict[str, list[float]] = {}
            for seed in range(args.seeds):
                config = make({"data": data, **network, **TASKS[data], "recipe": {**recipe, "seed": seed}})
                outcome = train(config)
                for name, value in {**wanted(outcome.metrics["test"]), "seconds": outcome.seconds}.items():
                    found.setdefault(name, []).append(value)
            for name, values in found.items():
                spread = statistics.stdev(values) if len(values) > 1 else 0.0
                each = ", ".join(f"{value:.4g}" for value in values)
                print(f"{data}, {name}: {statistics.mean(values):.4g} +- {spread:.2g} ({each})", flush=True)


if __name__ == "__main__":
    main()
