"""Does augmentation help? Validation and test accuracy under none, basic, TrivialAugment, and Mixup with CutMix.

Fashion-MNIST from scratch (lenet5), and photos of clothing fine-tuned (efficientnet_lite0) where a folder is named,
both on a part of the training images. The splits stay the same, seeds change the rest; mean and deviation of the seeds
are printed. With --keep, runs are written to a file as they end and not made again.

    python benchmarks/augmentation.py [--photos FOLDER] [--seeds 3] [--keep FILE] [--seconds 300]
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
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
Found = dict[str, dict[str, float]]  # "title | recipe | seed" -> validation, test, best_epoch, seconds


def trained(values: dict[str, Any], recipe: dict[str, Any], seed: int) -> dict[str, float]:
    """One run to its end: accuracies from 0 to 1."""
    from clfcore.api import train
    from clfcore.config import make

    done = train(make({**values, "recipe": {**values["recipe"], **recipe, "seed": seed}}))
    reached = {split: done.metrics[split]["accuracy"] for split in ("validation", "test")}
    return {**reached, "best_epoch": done.best_epoch, "seconds": done.seconds}


def row(found: list[dict[str, float]]) -> str:
    cells = []
    for split in ("validation", "test"):
        reached = [100 * one[split] for one in found]
        spread = statistics.stdev(reached) if len(reached) > 1 else 0.0
        cells.append(f"{statistics.mean(reached):.1f} ± {spread:.1f}")
    epochs = ", ".join(f"{one['best_epoch']:.0f}" for one in found)
    return f"{cells[0]:>14} {cells[1]:>14}   {epochs:>10} {statistics.mean(one['seconds'] for one in found):8.0f}"


def table(title: str, found: Found, seeds: int) -> None:
    print(f"\n{title}: accuracy in %, mean ± deviation of {seeds} seeds")
    print(f"  {'recipe':16} {'validation':>14} {'test':>14}   {'best epoch':>10} {'seconds':>8}")
    for name in RECIPES:
        runs = [found[key] for seed in range(seeds) if (key := f"{title} | {name} | {seed}") in found]
        if len(runs) == seeds:
            print(f"  {name:16} {row(runs)}")
        else:
            print(f"  {name:16} {len(runs)} of {seeds} runs made: call again to go on")


def part_of(spec: str, items: int, folder: Path) -> str:
    """A manifest of `items` training images, at most 2,000 that validate and all that test, copied."""
    from PIL import Image

    from clfcore.data.catalogue import open_dataset

    data = open_dataset(spec)
    folder.mkdir()
    lines = ["path,label,split"]
    for split, chosen in data.splits.items():
        most = {"train": items, "validation": 2000}.get(split, len(chosen))
        if data.paths is not None:  # a folder goes class by class; what is published in one file is shuffled
            chosen = chosen[:: max(1, len(chosen) // most)]
        for i in chosen[:most].tolist():
            name = f"{i}{'.png' if data.paths is None else data.paths[i].suffix}"
            if data.paths is None:
                pixels = data.pixels[i]
                Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(folder / name)
            else:
                shutil.copy(data.paths[i], folder / name)
            lines.append(f"{name},{data.label(i)},{split}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder / "manifest.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", metavar="FOLDER", help="clothing photos to fine-tune on; left out without it")
    parser.add_argument("--small", default="fashion-mnist", help="the small images (default fashion-mnist)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--part", type=int, default=6_000, help="training images of the small set (default 6,000)")
    parser.add_argument("--epochs", type=int, default=12, help="on the small images (default 12)")
    parser.add_argument("--photos-part", type=int, default=200, help="training photos (default 200)")
    parser.add_argument("--photos-epochs", type=int, default=4, help="of fine-tuning (default 4)")
    parser.add_argument("--keep", metavar="FILE", help="JSON of the runs made, read first and written after each")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="after which no further run is begun")
    args = parser.parse_args()
    began, kept = time.monotonic(), Path(args.keep) if args.keep else None
    found: Found = json.loads(kept.read_text()) if kept and kept.exists() else {}
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        from clfcore.data.catalogue import entries

        jobs: dict[str, tuple[str, int, dict[str, Any]]] = {}
        if args.small in {entry.name for entry in entries() if entry.available}:
            title = f"{args.small}, {args.part:,} images, lenet5 from scratch, {args.epochs} epochs"
            scratch = {"architecture": "lenet5", "strategy": "scratch", "recipe": {"epochs": args.epochs}}
            jobs[title] = args.small, args.part, scratch
        else:
            print(f"{args.small} is not at hand: left out (`datasets` says where its files go)")
        if args.photos:
            recipe = {"epochs": args.photos_epochs, "image_size": 96}
            title = f"clothing, {args.photos_part:,} photos, efficientnet_lite0 fine-tuned at 96 pixels, "
            tuned = {"architecture": "efficientnet_lite0", "strategy": "fine-tuning", "recipe": recipe}
            jobs[f"{title}{args.photos_epochs} epochs"] = args.photos, args.photos_part, tuned
        for place, (title, (spec, part, values)) in enumerate(jobs.items()):
            data = ""
            for seed in range(args.seeds):
                for name, recipe in RECIPES.items():
                    key = f"{title} | {name} | {seed}"
                    if key in found or time.monotonic() - began > args.seconds:
                        continue
                    data = data or part_of(spec, part, Path(home) / f"part-{place}")
                    found[key] = trained({**values, "data": data}, recipe, seed)
                    if kept:
                        kept.write_text(json.dumps(found, indent=1))
            table(title, found, args.seeds)


if __name__ == "__main__":
    main()
