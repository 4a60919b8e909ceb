"""The default network for small color images: accuracy on validation and time on a CPU of several small networks.

Each network is trained from scratch by the lab's own `train`, with the recipe that the lab fills in for it unless one
is named below, on several data sets and seeds, of 32 x 32 pixels each. Printed are the mean and the lowest score of
the validation split over the seeds (accuracy; multi-label: mean average precision; hierarchical: accuracy of the finest
level), and the seconds of the processor that a whole run takes. The test split is never looked at.

    python benchmarks/default_small_network.py [--data SPEC,SPEC…] [--networks 'NAME;NAME…'] [--seeds 0,1,2]

`clothing32` is `clothing-small`, each of its photos as a square of 32 pixels. clfcore/default_network.py says what was
chosen.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

SIDE = 32
SMALL_STEM = {"stem": "small"}
VGG, BN = {"architecture": "vgg"}, {"batch_norm": True, "hidden": 0}
NETWORKS: Mapping[str, Mapping[str, object]] = {
    "vgg8_bn_small": {"architecture": "vgg8_bn_small"},
    "vgg11_bn_small": {"architecture": "vgg11_bn_small"},
    "resnet18_small": {"architecture": "resnet18_small"},
    "mobilenet_v3_small_small": {"architecture": "mobilenet_v3_small_small"},
    "lenet5 relu max": {"architecture": "lenet5", "options": {"activation": "relu", "pooling": "max"}},
    "resnet8 width 16": {"architecture": "resnet", "options": {**SMALL_STEM, "depths": "1,1,1", "width": 16}},
    "resnet8 width 32": {"architecture": "resnet", "options": {**SMALL_STEM, "depths": "1,1,1", "width": 32}},
    "resnet14 width 16": {"architecture": "resnet", "options": {**SMALL_STEM, "depths": "2,2,2", "width": 16}},
    "resnet10 width 16": {"architecture": "resnet", "options": {**SMALL_STEM, "depths": "1,1,1,1", "width": 16}},
    "resnet10 width 32": {"architecture": "resnet", "options": {**SMALL_STEM, "depths": "1,1,1,1", "width": 32}},
    "vgg 32-256, 4 convolutions": {**VGG, "options": {**BN, "layers": "32,M,64,M,128,M,256,M"}},
    "vgg 16-128, 6 convolutions": {**VGG, "options": {**BN, "layers": "16,M,32,M,64,64,M,128,128,M"}},
    "vgg 16-128, 4 convolutions": {**VGG, "options": {**BN, "layers": "16,M,32,M,64,M,128,M"}},
}
DATA = "shapes,shapes-multi-label,shapes-hierarchical,digits,clothing32"


def clothing(folder: Path) -> Path:
    """`clothing-small` as a folder of squares of 32 pixels."""
    from PIL import Image, ImageOps

    from clfcore.data.catalogue import open_dataset

    dataset = open_dataset("clothing-small")
    assert dataset.paths is not None
    for split, items in dataset.splits.items():
        for i in items.tolist():
            place = folder / split / dataset.classes[int(dataset.targets[i])]
            place.mkdir(parents=True, exist_ok=True)
            with Image.open(dataset.paths[i]) as photo:
                square = ImageOps.fit(photo.convert("RGB"), (SIDE, SIDE), Image.Resampling.LANCZOS)
            square.save(place / f"{dataset.paths[i].stem}.png")
    return folder


def train(data: str, network: str, recipe: Mapping[str, object], runs: Path) -> tuple[float, float, int]:
    """A run's best score on validation, the seconds of the processor that it took, and its parameters."""
    from clfcore.config import make
    from clfcore.runs.create import create_run
    from clfcore.runs.execute import execute
    from clfcore.runs.index import score_of

    run = create_run(make({**NETWORKS[network], "data": data, "strategy": "scratch", "recipe": recipe}), runs)
    started = time.process_time()
    execute(run)
    seconds = time.process_time() - started
    score = score_of(run.results, "validation")
    assert score is not None
    return score.value, seconds, run.results.parameters.total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=DATA, help="separated by commas")
    parser.add_argument("--networks", default=";".join(NETWORKS), help="separated by semicolons")
    parser.add_argument("--seeds", default="0,1,2", help="separated by commas")
    for flag, kind in (("epochs", int), ("batch-size", int), ("learning-rate", float), ("augmentation", str)):
        parser.add_argument(f"--{flag}", type=kind, help="instead of what the lab fills in")
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    args = parser.parse_args()

    import torch

    torch.set_num_threads(args.threads)
    fields = ("epochs", "batch_size", "learning_rate", "augmentation")
    asked = {name: getattr(args, name) for name in fields if getattr(args, name) is not None}
    print(f"torch {torch.__version__}, {platform.processor() or platform.machine()}, {args.threads} threads; {asked}")
    print(f"{'data':20} {'network':26} {'parameters':>10} {'mean':>6} {'lowest':>6} {'CPU s':>6}  each seed")
    with tempfile.TemporaryDirectory() as folder:
        for data in args.data.split(","):
            spec = str(clothing(Path(folder, "clothing32"))) if data == "clothing32" else data
            for network in args.networks.split(";"):
                scores, seconds, parameters = [], [], 0
                for seed in map(int, args.seeds.split(",")):
                    size = {} if data == "digits" else {"image_size": SIDE}
                    score, spent, parameters = train(spec, network, {**size, **asked, "seed": seed}, Path(folder, "r"))
                    scores.append(score)
                    seconds.append(spent)
                mean, lowest, each = statistics.mean(scores), min(scores), " ".join(f"{score:.3f}" for score in scores)
                row = f"{parameters:10,} {mean:6.3f} {lowest:6.3f} {statistics.mean(seconds):6.0f}"
                print(f"{data:20} {network:26} {row}  {each}", flush=True)


if __name__ == "__main__":
    main()
