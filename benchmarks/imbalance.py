"""Do class weights or balanced draws help rare classes? Clothing photos thinned 10 : 1, several seeds, one table.

    python benchmarks/imbalance.py FOLDER --seeds 5 --levels --out imbalance.json

The training split is thinned so that the classes, in a random order, fall evenly from what the rarest has to a tenth of
it; validation and test stay as they are. A linear head is fitted on embeddings, each way on the same ones. With
--levels the ten classes stand below tops, bottoms, shoes, headwear and full-length, and both levels are reported.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from clfcore.config import make
from clfcore.data import catalogue
from clfcore.data.dataset import ImageDataset
from clfcore.data.export import write_manifest
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.task import Level, hierarchical

WAYS = {
    "plain": {},
    "inverse-frequency": {"class_weights": "inverse-frequency"},
    "effective-number": {"class_weights": "effective-number"},
    "balanced draws": {"sampling": "balanced"},
    "focal": {"loss": "focal"},
}
GROUPS = {
    "tops": ("longsleeve", "outwear", "shirt", "t-shirt"),
    "bottoms": ("pants", "shorts", "skirt"),
    "shoes": ("shoes",),
    "headwear": ("hat",),
    "full-length": ("dress",),
}


def thinned(dataset: ImageDataset, seed: int, *, ratio: float = 10.0, most: int | None = None) -> ImageDataset:
    """Training images of each class fall from `most` (None: what the rarest class has) to most / ratio."""
    generator, train = np.random.default_rng(seed), dataset.splits["train"]
    order = generator.permutation(len(dataset.classes))
    most = min(int(dataset.counts("train").min()), most or len(dataset))
    left_out = []
    for place, c in enumerate(order):
        members = generator.permutation(train[dataset.targets[train] == c])
        left_out.extend(members[round(most * ratio ** (-place / (len(order) - 1))) :].tolist())
    return dataset.without(left_out)


def grouped(dataset: ImageDataset) -> ImageDataset:
    """The same pictures with a level above their classes."""
    above = np.array([next(i for i, of in enumerate(GROUPS.values()) if name in of) for name in dataset.classes])
    levels = Level("kind", tuple(GROUPS)), Level("piece", dataset.classes)
    task = hierarchical(levels, zip(above.tolist(), range(len(above)), strict=True))
    return replace(dataset, task=task, targets=np.stack([above[dataset.targets], dataset.targets], axis=1))


def result(data: Path, recipe: dict, *, architecture: str, epochs: int, seed: int, runs: Path) -> dict:
    """Metrics on test of a linear head on the network's embeddings."""
    values = {"data": str(data), "architecture": architecture, "strategy": "feature-extraction", "head": "linear"}
    run = create_run(make({**values, "recipe": {**recipe, "epochs": epochs, "seed": seed}}), runs)
    execute(run)
    return run.metrics["test"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the folder of clothing photos, with its three splits")
    parser.add_argument("--architecture", default="efficientnet_lite0")
    parser.add_argument("--most", type=int, help="training images of the commonest class")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--levels", action="store_true", help="train the two-level form too")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    table: dict[str, list[dict]] = {}
    started = time.perf_counter()
    with TemporaryDirectory() as name:
        folder = Path(name)
        for seed in range(asked.seeds):
            data = thinned(catalogue.open_dataset(asked.folder), seed, most=asked.most)
            write_manifest(data, folder / f"thin{seed}.csv")
            ways = {way: (folder / f"thin{seed}.csv", recipe) for way, recipe in WAYS.items()}
            if asked.levels:
                write_manifest(grouped(data), folder / f"levels{seed}.csv")
                ways["two levels"] = folder / f"levels{seed}.csv", {}
            for way, (path, recipe) in ways.items():
                common = {"architecture": asked.architecture, "epochs": asked.epochs, "seed": seed}
                table.setdefault(way, []).append(result(path, recipe, runs=folder / "runs", **common))
    _print(table, f"thinned 10 : 1, {asked.architecture}, {asked.epochs} epochs, {asked.seeds} seeds")
    print(f"{time.perf_counter() - started:.0f} s")
    if asked.out:
        asked.out.write_text(json.dumps(table, indent=2))


def _print(table: dict[str, list[dict]], what: str) -> None:
    names = ("balanced_accuracy", "accuracy", "macro_f1")
    print(f"{what}; test, mean and deviation over the seeds")
    print(f"{'':22}" + "".join(f"{name:22}" for name in names))
    for way, found in table.items():
        for level in ("piece", "kind") if "kind" in found[0] else ("",):
            rows = [one[level] if level else one for one in found]
            print(f"{f'{way} {level}':22}" + "".join(f"{_spread([row[name] for row in rows]):22}" for name in names))


def _spread(values: list[float]) -> str:
    return f"{100 * np.mean(values):.1f} ± {100 * np.std(values):.1f}%"


if __name__ == "__main__":
    main()
