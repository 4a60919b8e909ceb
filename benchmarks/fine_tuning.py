"""The recipe of fine-tuning, chosen on validation: rate of the pretrained layers and policy, on several data sets.

Each is `train --strategy fine-tuning` with efficientnet_lite0's ImageNet weights and everything else by default, every
recipe after the other for each seed, on the same images. Prints validation accuracy after the last epoch beside that of
the frozen network's head, and the gain over the first recipe with its spread over data sets and seeds. Test splits are
never looked at. `--part N` takes N training images of a folder, and as many of the others in proportion.

    python benchmarks/fine_tuning.py DATA [DATA ...] [--part 800] [--image-size 128] [--epochs 8] [--seeds 2]
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
RECIPES = {
    "a tenth of the head's rate, basic": {"backbone_learning_rate": 1e-4, "augmentation": "basic"},
    "half the head's rate, basic": {"backbone_learning_rate": 5e-4, "augmentation": "basic"},
    "half the head's rate, photos": {"backbone_learning_rate": 5e-4, "augmentation": "photos"},
    "half, photos, label smoothing": {
        "backbone_learning_rate": 5e-4, "augmentation": "photos", "label_smoothing": 0.1,
    },
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="a folder of photos, or any SPEC")
    parser.add_argument("--part", type=int)
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        from transfer import part_of

        from clfcore.api import train
        from clfcore.config import make

        def accuracy(strategy: str, data: str, seed: int, recipe: dict[str, object]) -> float:
            given = {"image_size": args.image_size} | ({} if strategy != "fine-tuning" else {"epochs": args.epochs})
            known = {name: value for name, value in {**given, **recipe}.items() if value}
            config = {"data": data, "architecture": "efficientnet_lite0", "strategy": strategy}
            done = train(make({**config, "recipe": {**known, "seed": seed}}))
            return 100 * float(done.metrics["validation"]["accuracy"])

        gains: dict[str, list[float]] = {name: [] for name in RECIPES}
        print("| data, seed | frozen head | " + " | ".join(RECIPES) + " |")
        print("| --- " * (len(RECIPES) + 2) + "|", flush=True)
        for number, data in enumerate(args.data):
            spec = data
            if args.part and Path(data).is_dir():
                spec = str(part_of(Path(data), args.part, Path(home) / f"part-{number}"))
            for seed in range(args.seeds):
                head = accuracy("feature-extraction", spec, seed, {})
                scores = [accuracy("fine-tuning", spec, seed, recipe) for recipe in RECIPES.values()]
                for name, score in zip(RECIPES, scores, strict=True):
                    gains[name].append(score - scores[0])
                cells = " | ".join(f"{score:.1f}%" for score in scores)
                print(f"| {Path(data).name}, {seed} | {head:.1f}% | {cells} |", flush=True)
        for name, differences in gains.items():
            low, middle, high = min(differences), statistics.median(differences), max(differences)
            print(f"{name}: {middle:+.1f} points (median; {low:+.1f} to {high:+.1f})")


if __name__ == "__main__":
    main()
