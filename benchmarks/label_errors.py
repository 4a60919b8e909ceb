"""How many planted label errors stand at the head of the ranking, over three seeds.

    python benchmarks/label_errors.py [DATA…]

5% of the labels of each dataset are changed to another class, drawn at random; the share of them among the worst 5% and
10% of the ranking is printed. Labels that were wrong before count as false alarms, so real data reads lower than it is.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

SHARE, SEEDS, ARCHITECTURE = 0.05, (0, 1, 2), "efficientnet_lite0"


def flipped(targets: np.ndarray, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Single labels of which 5% are changed, and the rows of those."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(targets), round(SHARE * len(targets)), replace=False)
    changed = targets.copy()
    changed[rows] = (changed[rows] + rng.integers(1, classes, len(rows))) % classes
    return changed, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", default=["digits", "clothing-small"])
    args = parser.parse_args()
    from clfcore.data.catalogue import open_dataset
    from clfcore.embeddings.pretrained import embed_dataset
    from clfcore.quality.check import copies_and_groups
    from clfcore.quality.label_errors import find_label_errors

    for spec in args.data:
        embedded = embed_dataset(open_dataset(spec), ARCHITECTURE)
        dataset = embedded.dataset
        if dataset.task.kind != "single-label":
            parser.error(f"{spec} is {dataset.task.kind}: give single-label data")
        clusters = copies_and_groups(embedded.decoded.digests, dataset.groups)
        recalls = []
        for seed in SEEDS:
            targets, rows = flipped(dataset.targets, len(dataset.classes), seed)
            errors = find_label_errors(replace(dataset, targets=targets), embedded.all, clusters=clusters)
            planted = {dataset.ids[i] for i in rows}
            ranked = [suspect.item in planted for suspect in errors.ranking]
            worst = [sum(ranked[: round(share * len(ranked))]) / len(planted) for share in (0.05, 0.1)]
            recalls.append(worst)
            print(f"{spec}, seed {seed}: {worst[0]:.3f} in the worst 5%, {worst[1]:.3f} in the worst 10%", flush=True)
        mean = np.mean(recalls, axis=0)
        print(f"{spec}: {mean[0]:.3f} and {mean[1]:.3f} in the mean of {len(SEEDS)} seeds; {len(planted)} planted")


if __name__ == "__main__":
    main()
