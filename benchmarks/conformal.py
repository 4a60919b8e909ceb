"""Coverage of prediction sets over 100 redrawn splits, for every task.

    python benchmarks/conformal.py [DATA…]

A run is trained on each dataset; its validation and test predictions are pooled and redrawn into halves: the threshold
is chosen on one and coverage counted on the other. Printed: the mean coverage, and its distance from what was asked.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

DATA, DRAWS, COVERAGES = ("digits", "shapes-multi-label", "shapes-hierarchical"), 100, (0.8, 0.9, 0.95)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=DATA)
    args = parser.parse_args()
    from clfcore.evaluation.conformal import set_quality, set_rule
    from clfcore.parse_config import parse_config
    from clfcore.predictions import Predictions
    from clfcore.runs.create import create_run
    from clfcore.runs.execute import execute

    def rows(pooled: Predictions, chosen: np.ndarray) -> Predictions:
        ids = tuple(pooled.ids[int(i)] for i in chosen)
        return replace(pooled, ids=ids, targets=pooled.targets[chosen], logits=pooled.logits[chosen])

    print("data                  asked  measured  off by (points)  classes in a set")
    with tempfile.TemporaryDirectory(prefix="clflab-conformal-") as folder:
        for spec in args.data:
            run = create_run(
                parse_config({"data": spec, "architecture": "lenet5", "recipe": {"epochs": 4}}), Path(folder)
            )
            execute(run)
            parts = [run.predictions(split) for split in ("validation", "test")]
            pooled = replace(
                parts[0],
                ids=tuple(name for part in parts for name in part.ids),
                targets=np.concatenate([part.targets for part in parts]),
                logits=np.concatenate([part.logits for part in parts]),
            )
            for coverage in COVERAGES:
                rng, shares, sizes = np.random.default_rng(0), [], []
                for _ in range(DRAWS):
                    order, half = rng.permutation(len(pooled)), len(pooled) // 2
                    quality = set_quality(set_rule(rows(pooled, order[:half]), coverage), rows(pooled, order[half:]))
                    assert quality is not None, "half of the items"
                    shares.append(quality.share)
                    sizes.append(quality.mean_size)
                off = 100 * (np.mean(shares) - coverage)
                print(f"{spec:20}  {coverage:5.0%}  {np.mean(shares):8.1%}  {off:+15.2f}  {np.mean(sizes):16.2f}")


if __name__ == "__main__":
    main()
