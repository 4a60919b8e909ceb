"""Does augmentation help? Validation and test accuracy under none, basic, TrivialAugment and Mixup with CutMix.

Fashion-MNIST from scratch (lenet5, all of it or a part), and photos of clothing fine-tuned (efficientnet_lite0) where a
folder is named. Every recipe with every seed; mean and deviation over the seeds are printed.

    python benchmarks/augmentation.py [--photos FOLDER] [--seeds 3] [--epochs 10] [--part 0]
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as the command line has it
sys.path.insert(0, str(Path(__file__).parents[1]))

RECIPES: dict[str, dict[str, Any]] = {
    "none": {"augmentation": "none"},
    "basic": {"augmentation": "basic"},
    "TrivialAugment": {"augmentation": "trivialaugment"},
    "Mixup + CutMix": {"augmentation": "none", "mixup": 0.2, "cutmix": 1.0, "mix_probability": 0.5},
}


def accuracies(values: dict[str, Any], recipe: dict[str, Any], seeds: int) -> dict[str, list[float]]:
    """Validation and test accuracy of each seed; the split stays the same."""
    from clfcore.commands import train
    from clfcore.config import make

    found: dict[str, list[float]] = {"validation": [], "test": []}
    for seed in range(seeds):
        outcome = train(make({**values, "recipe": {**values["recipe"], **recipe, "seed": seed}}))
        for split, reached in found.items():
            reached.append(outcome["metrics"][split]["accuracy"])
    return found


def table(title: str, values: dict[str, Any], seeds: int) -> None:
    print(f"\n{title}, {seeds} seeds: accuracy in %, mean ± deviation")
    print(f"  {'recipe':16} {'validation':>14} {'test':>14}")
    for name, recipe in RECIPES.items():
        found = accuracies(values, recipe, seeds)
        cells = []
        for reached in found.values():
            spread = statistics.stdev(reached) if len(reached) > 1 else 0.0
            cells.append(f"{100 * statistics.mean(reached):.1f} ± {100 * spread:.1f}")
        print(f"  {name:16} {cells[0]:>14} {cells[1]:>14}", flush=True)


def manifest(spec: str, part: int, folder: Path) -> str:
    """A part of a dataset held in memory as files with a manifest, its splits kept; the whole where part is 0."""
    if not part:
        return spec
    from PIL import Image

    from clfcore.data.catalogue import open_dataset

    data = open_dataset(spec)
    lines = ["path,label,split"]
    for split, chosen in data.splits.items():
        for i in chosen[: part if split == "train" else part // 4].tolist():
            pixels = data.pixels[i]
            Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(folder / f"{i}.png")
            lines.append(f"{i}.png,{data.label(i)},{split}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder / "manifest.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", metavar="FOLDER", help="clothing photos to fine-tune on; left out without it")
    parser.add_argument("--small", default="fashion-mnist", help="the small images (default fashion-mnist)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--part", type=int, default=0, help="training images of the small set; 0 is all")
    given = parser.parse_args()
    from clfcore.data.catalogue import entries

    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        (Path(home) / "part").mkdir()
        at_hand = {entry.name for entry in entries() if entry.available}
        if given.small in at_hand:
            data = manifest(given.small, given.part, Path(home) / "part")
            small = {"data": data, "architecture": "lenet5", "strategy": "scratch", "recipe": {"epochs": given.epochs}}
            table(f"{given.small} from scratch, lenet5, {given.epochs} epochs", small, given.seeds)
        else:
            print(f"{given.small} is not at hand: left out (`datasets` says where its files go)")
        if given.photos:
            recipe = {"epochs": max(3, given.epochs // 3), "image_size": 128}
            photos = {"data": given.photos, "architecture": "efficientnet_lite0", "strategy": "fine-tuning"}
            table(f"photos fine-tuned, {recipe['epochs']} epochs", {**photos, "recipe": recipe}, given.seeds)


if __name__ == "__main__":
    main()
