"""The degradation problem: 20 and 56 layers, with additions and without, trained alike on small images.

He et al. (2015, section 4.2): three stages of width 16, 32 and 64 with 6n + 2 layers; n is 3 and 9. There, a plain
network of 56 layers ends with a higher *training* loss than one of 20, and a residual one does not. This trains all
four with the lab's own `train`, SGD with momentum and no augmentation, and prints each network's last epoch.

    python benchmarks/plain_vs_residual.py [--data digits] [--epochs 30] [--image-size 8] [--seeds 0,1,2]
        [--networks plain20,residual20,plain56,residual56] [--write]

`--write` puts the seeds into clfcore/architectures/degradation.json, from which the Architectures page takes its
sentence, its table and its curves; what was stored with other settings is replaced. Seeds and networks may be run one
by one.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clfcore.architectures.degradation_study import Record, TrainedNetwork

sys.path.insert(0, str(Path(__file__).parents[1]))
BLOCKS = {20: 3, 56: 9}  # blocks a stage


def train(layers: int, *, residual: bool, seed: int, args: argparse.Namespace, runs: Path) -> "TrainedNetwork":
    """One network trained to its end."""
    from clfcore.architectures.degradation_study import TrainedNetwork
    from clfcore.config import make
    from clfcore.runs.create import create_run
    from clfcore.runs.execute import execute

    n = BLOCKS[layers]
    options = {"depths": f"{n},{n},{n}", "width": "16", "stem": "small", "skip": str(residual).lower()}
    recipe = {
        "epochs": args.epochs,
        "image_size": args.image_size,
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
    config = {"data": args.data, "architecture": "resnet", "options": options, "strategy": "scratch", "recipe": recipe}
    run = create_run(make(config), runs)
    execute(run)
    last, losses = run.history[-1], tuple(round(epoch.train_loss, 4) for epoch in run.history)
    scores = (last.train_loss, last.train_accuracy, last.validation_accuracy)
    return TrainedNetwork(layers, residual, seed, *(round(score, 4) for score in scores), losses)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--image-size", type=int, default=8)
    parser.add_argument("--seeds", default="0,1,2", help="separated by commas")
    parser.add_argument("--networks", default="plain20,residual20,plain56,residual56", help="separated by commas")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()

    from clfcore.architectures.degradation_study import RECORD, Record, record
    from clfcore.data.catalogue import open_dataset

    images, rows = len(open_dataset(args.data).splits["train"]), []
    with tempfile.TemporaryDirectory() as runs:
        for seed in map(int, args.seeds.split(",")):
            for network in args.networks.split(","):
                start = time.perf_counter()
                residual, layers = network.startswith("residual"), int(network[-2:])
                row = train(layers, residual=residual, seed=seed, args=args, runs=Path(runs))
                rows.append(row)
                answer = f"training loss {row.train_loss:.4f}, accuracy {row.train_accuracy:.3f}"
                seconds = time.perf_counter() - start
                valid = f"validation accuracy {row.validation_accuracy:.3f}"
                print(f"seed {seed}  {network:10}  {answer}; {valid}  {seconds:.0f} s", flush=True)
    found = Record(args.data, args.image_size, images, args.epochs, tuple(rows))
    if args.write:
        found = record().joined(found)
        RECORD.write_text(found.as_json() + "\n", encoding="utf-8")
    if found.whole:
        show(found)


def show(found: "Record") -> None:
    """The table of means over the seeds, and the sentence that the page says."""
    print(f"{'network':12} {'training loss':>13} {'training acc.':>13} {'validation acc.':>15}  each seed's loss")
    for kind in found.kinds():
        each = ", ".join(f"{loss:.4f}" for loss in kind.each_loss)
        scores = f"{kind.train_loss:13.4f} {kind.train_accuracy:13.3f} {kind.validation_accuracy:15.3f}"
        print(f"{kind.name:12} {scores}  {each}")
    print(found.describe())


if __name__ == "__main__":
    main()
