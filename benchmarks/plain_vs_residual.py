"""The degradation problem: 20 and 56 layers, with additions and without, trained alike on small images.

He et al. (2015, section 4.2): three stages of width 16, 32 and 64 with 6n + 2 layers; n is 3 and 9. There, a plain
network of 56 layers ends with a higher *training* loss than one of 20, and a residual one does not. This trains all
four with the lab's own `train`, SGD with momentum and no augmentation, and prints each network's last epoch.

    python benchmarks/plain_vs_residual.py [--data digits] [--epochs 20] [--image-size 32] [--seeds 3] [--write]

`--write` replaces clfcore/architectures/degradation.json, from which the Architectures page takes its sentence.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clfcore.architectures.degradation import Trained

sys.path.insert(0, str(Path(__file__).parents[1]))
BLOCKS = {20: 3, 56: 9}  # blocks a stage


def train(layers: int, *, residual: bool, seed: int, given: argparse.Namespace, runs: Path) -> "Trained":
    """One network trained to its end."""
    from clfcore.architectures.degradation import Trained
    from clfcore.config import make
    from clfcore.runs import store
    from clfcore.runs.execute import execute

    n = BLOCKS[layers]
    options = {"depths": f"{n},{n},{n}", "width": "16", "stem": "small", "skip": str(residual).lower()}
    recipe = {
        "epochs": given.epochs,
        "image_size": given.image_size,
        "batch_size": 64,
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "schedule": "cosine",
        "augmentation": "none",
        "label_smoothing": 0.0,
        "seed": seed,
    }
    config = {"data": given.data, "architecture": "resnet", "options": options, "strategy": "scratch", "recipe": recipe}
    run = store.create(make(config), runs)
    execute(run)
    last = run.history[-1]
    scores = (last["train_loss"], last["train_accuracy"], last["validation_accuracy"])
    return Trained(layers, residual, seed, *scores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()

    from clfcore.architectures.degradation import RECORD, Record
    from clfcore.data.catalogue import open_dataset

    images, rows = len(open_dataset(given.data).splits["train"]), []
    with tempfile.TemporaryDirectory() as runs:
        for seed in range(given.seeds):
            for layers in BLOCKS:
                for residual in (False, True):
                    start = time.perf_counter()
                    row = train(layers, residual=residual, seed=seed, given=given, runs=Path(runs))
                    rows.append(row)
                    kind = "residual" if residual else "plain"
                    print(
                        f"seed {seed}  {kind:8} {layers}  training loss {row.train_loss:.4f}, accuracy "
                        f"{row.train_accuracy:.3f}; validation accuracy {row.validation_accuracy:.3f}  "
                        f"{time.perf_counter() - start:.0f} s",
                        flush=True,
                    )
    found = Record(given.data, given.image_size, images, given.epochs, tuple(rows))
    print(found.describe())
    if given.write:
        RECORD.write_text(found.as_json() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
