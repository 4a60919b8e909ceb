"""Do maps point at the object? A small network trained on `shapes`, every quick method against masks and baselines.

    python benchmarks/pointing.py [--epochs 60] [--items 180] [--data shapes]
    python benchmarks/pointing.py --run RUN --layers layer3,layer4

Prints the test accuracy and the table that `explain RUN --check` prints. The network is a VGG of six convolutions (16,
16, then at half the side 32, 32, 64, 64 maps) with batch normalization and one linear layer after global average
pooling, whose last map of a 32 px picture has 16 x 16 places.
The second form trains nothing: Grad-CAM's pointing game of a finished run at some of its layers.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

METHODS = ("gradcam", "gradcam++", "hirescam", "layercam", "xgradcam", "eigencam", "saliency", "smoothgrad")
# What leaves a shape the shape it is.
TURNED = (
    {"step": "rotation", "degrees": 180},
    {"step": "shift", "most": 0.125, "border": "reflect"},
    {"step": "horizontal-flip"},
)


def trained(data: str, epochs: int, steps: Sequence[dict] = TURNED) -> dict:
    """The outcome of one run of the small network, as `train --json` tells it."""
    from clfcore.api import train
    from clfcore.config import make

    recipe = {
        "epochs": epochs,
        "batch_size": 32,
        "image_size": 32,
        "learning_rate": 5e-3,
        "weight_decay": 0.05,
        "schedule": "one-cycle",
        "augmentation": {"version": 1, "name": "shapes", "steps": list(steps)},
    }
    options = {"layers": "16,16,M,32,32,64,64", "batch_norm": "true", "hidden": "0"}
    return train(make({"data": data, "architecture": "vgg", "options": options, "recipe": recipe}))


def at_layers(run: str, layers: list[str], items: int, data: str) -> None:
    """Grad-CAM's pointing game on the first test images, a line a layer."""
    from clfcore.data.catalogue import open_dataset
    from clfcore.explain.deletion_insertion import pointing_game
    from clfcore.explain.dispatch import explain
    from clfcore.runs.open_classifier import open_classifier

    classifier, dataset = open_classifier(run), open_dataset(data)
    for layer in layers:
        hits = []
        for item in dataset.splits["test"][:items]:
            made = explain(classifier, classifier.square(dataset.pixels[item]), layer=layer).values
            hits.append(pointing_game(made, dataset.masks[item]) if made.any() else 0.0)
        print(f"gradcam at {layer}: pointing {sum(hits) / len(hits):.3f} of {len(hits)} images", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--items", type=int, default=180, help="test images to measure on")
    parser.add_argument("--data", default="shapes")
    parser.add_argument("--run", help="a finished run to measure instead")
    parser.add_argument("--layers", default="layer3,layer4", help="of --run, by comma")
    args = parser.parse_args()
    if args.run:
        at_layers(args.run, args.layers.split(","), args.items, args.data)
        return
    from clfcore.cli.predict import faithfulness_table as text
    from clfcore.data.catalogue import open_dataset
    from clfcore.explain.faithfulness import check_dataset
    from clfcore.runs.open_classifier import open_classifier

    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        start = time.perf_counter()
        run = trained(args.data, args.epochs)
        accuracy = run.metrics["test"]["accuracy"]
        print(
            f"{args.data}, {args.epochs} epochs: test accuracy {accuracy:.3f}, {time.perf_counter() - start:.0f} s",
            flush=True,
        )
        report = check_dataset(open_classifier(run.run), open_dataset(args.data), items=args.items, methods=METHODS)
        print(text(asdict(report)))


if __name__ == "__main__":
    main()
