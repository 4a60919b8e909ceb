"""How much test accuracy a review of label suspects regains: 5% planted errors, the worst 10% of the ranking reviewed.

    python benchmarks/relabel.py [--data SPEC] [--seeds 3]

The errors are planted as a version of the data, in every split. The reviewer gives each of the worst 10% of the ranking
its true label. A linear probe is trained on the clean, the planted and the reviewed data; all are scored on the clean
labels of the same test images, with 95% intervals (Wilson) of that many images.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

SHARE, REVIEWED, ARCHITECTURE = 0.05, 0.1, "efficientnet_lite0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="clothing-small")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for variable, name in (("CLFLAB_RUNS", "runs"), ("CLFLAB_DATASETS", "datasets")):
            os.environ[variable] = str(Path(folder) / name)
        measure(args.data, args.seeds)


def measure(spec: str, seeds: int) -> None:
    """Print the accuracies of each seed, and of all of them together."""
    from clfcore import api
    from clfcore.data.catalogue import open_dataset
    from clfcore.data.versions.decisions import decide_item
    from clfcore.evaluation.intervals import wilson

    dataset = open_dataset(spec)
    if dataset.task.kind != "single-label":
        raise SystemExit(f"{spec} is {dataset.task.kind}: give single-label data")
    truth = {item: dataset.label(i) for i, item in enumerate(dataset.ids)}
    hits: dict[str, list[bool]] = {"clean": [], "planted": [], "reviewed": []}
    clean = right_on_clean_labels(spec, truth)
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(dataset), round(SHARE * len(dataset)), replace=False)
        wrong = []
        for i in rows:
            other = str(rng.choice([name for name in dataset.classes if name != dataset.label(i)]))
            wrong.append(decide_item(dataset, dataset.ids[i], "label", label=[other]))
        planted = f"{spec}@planted-{seed}"
        api.correct_dataset(spec, decisions=wrong, version=f"planted-{seed}")
        api.undo_decisions(spec)  # the next seed begins anew
        suspects = api.quality(planted, architecture=ARCHITECTURE, most=round(REVIEWED * len(dataset))).checks.labels
        bad = open_dataset(planted)
        looked = [decide_item(bad, one.item, "label", label=[truth[one.item]]) for one in suspects]
        fixed = sum(decision.action == "label" for decision in looked)
        api.correct_dataset(planted, decisions=looked, version=f"reviewed-{seed}")
        before = right_on_clean_labels(planted, truth)
        after = right_on_clean_labels(f"{spec}@reviewed-{seed}", truth)
        for name, found in (("clean", clean), ("planted", before), ("reviewed", after)):
            hits[name] += found
        print(
            f"{spec}, seed {seed}: {len(looked)} of {len(dataset)} labels reviewed, {fixed} of {len(rows)} fixed; "
            f"accuracy planted {np.mean(before):.3f}, reviewed {np.mean(after):.3f}, clean {np.mean(clean):.3f}",
            flush=True,
        )
    print(f"{spec}, mean of {seeds} seeds on {len(clean)} test images (95% interval of that many images):")
    for name in ("planted", "reviewed", "clean"):
        low, high = wilson(round(np.mean(hits[name]) * len(clean)), len(clean))
        print(f"  {name}: {np.mean(hits[name]):.3f} ({low:.3f} to {high:.3f})")
    lost = np.mean(hits["clean"]) - np.mean(hits["planted"])
    if lost > 0:
        print(f"  regained: {(np.mean(hits['reviewed']) - np.mean(hits['planted'])) / lost:.0%} of what was lost")


def right_on_clean_labels(spec: str, truth: dict[str, str]) -> list[bool]:
    """Which test images a linear probe trained on this data gets right, by their true labels; in the order of ids."""
    from clfcore import api
    from clfcore.config import make
    from clfcore.runs.folder import Run

    config = make({"data": spec, "architecture": ARCHITECTURE, "strategy": "feature-extraction"})
    predictions = Run(api.train(config).path).predictions("test")
    top = predictions.logits.argmax(axis=1)
    said = {item: predictions.classes[int(place)] for item, place in zip(predictions.ids, top, strict=True)}
    return [said[item] == truth[item] for item in sorted(said)]


if __name__ == "__main__":
    main()
