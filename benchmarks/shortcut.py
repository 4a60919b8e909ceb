"""A trap, and how maps reveal it: the same small network trained on `shapes` and on `shapes-shortcut`.

    python benchmarks/shortcut.py [--epochs 40] [--figure docs/shortcut.png]

In `shapes-shortcut` a corner mark has a color a class. Prints, for both networks, the test accuracy, the accuracy on
fresh images with and without the mark, and how much of Grad-CAM, LayerCAM and saliency lies on the object and on the
corner; the figure shows the same six images under both.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.pointing import trained

METHODS = ("gradcam", "layercam", "saliency")
STEPS = (  # no rotation, which would cut the corners off
    {"step": "shift", "most": 0.125, "border": "reflect"},
    {"step": "horizontal-flip"},
    {"step": "vertical-flip"},
)
WITH, WITHOUT = "shapes-shortcut:count=300,seed=1", "shapes:count=300,seed=1"  # images that no network has trained on


def looked(classifier, dataset, items: int = 60) -> dict[str, tuple[float, float, float]]:
    """method -> pointing game, share of the map on the object, and on the corner (a quarter of the side), means."""
    from clfcore.data.synthetic_shapes import mark
    from clfcore.explain.deletion_insertion import energy_in_mask, pointing_game
    from clfcore.explain.dispatch import explain

    corner = np.zeros(dataset.masks.shape[1:], bool)
    rows, _ = mark(corner.shape[0])
    corner[: rows.stop, : rows.stop] = True
    found = {}
    for method in METHODS:
        told = []
        for i in range(items):
            made = explain(classifier, classifier.square(dataset.pixels[i]), method=method).values
            told.append(
                (
                    pointing_game(made, dataset.masks[i]) if made.any() else 0.0,
                    energy_in_mask(made, dataset.masks[i]) or 0.0,
                    energy_in_mask(made, corner) or 0.0,
                )
            )
        found[method] = tuple(np.mean(told, axis=0).tolist())
    return found


def figure(classifiers: dict, dataset, path: Path) -> None:
    """A column an image of each class; below each picture its Grad-CAM under both networks, with what they say."""
    from PIL import Image, ImageDraw, ImageFont

    from clfcore.explain.dispatch import explain
    from clfcore.explain.saliency_map import overlay_image

    side, gap, line, left = 128, 10, 34, 150
    chosen = [int(np.flatnonzero(dataset.targets == place)[0]) for place in range(len(dataset.classes))]
    paper = Image.new("RGB", (left + len(chosen) * (side + gap), gap + 3 * (side + line)), "white")
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(14)

    def put(x: int, y: int, pixels: np.ndarray, words: str) -> None:
        corner = left + x * (side + gap), gap + y * (side + line)
        paper.paste(Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST), corner)
        pen.text((corner[0], corner[1] + side + 4), words, "black", font)

    for y, words in enumerate(("the picture", *(f"trained on\n{name}" for name in classifiers))):
        pen.text((gap, gap + y * (side + line) + side // 2 - 14), words, "black", font)
    for x, item in enumerate(chosen):
        put(x, 0, dataset.pixels[item], dataset.label(item))
        for y, classifier in enumerate(classifiers.values(), 1):
            square = classifier.square(dataset.pixels[item])
            made = explain(classifier, square, method="gradcam")
            answer = classifier.classes[int(classifier.logits(square[None])[0].argmax())]
            put(x, y, overlay_image(square, made), f"says {answer}")
    paper.save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    from clfcore.api import evaluate
    from clfcore.data.catalogue import open_dataset
    from clfcore.runs.open_classifier import open_classifier

    marked, plain = open_dataset(WITH), open_dataset(WITHOUT)
    classifiers = {}
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        names = ("shapes-shortcut", "shapes")
        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:  # a core each
            runs = pool.map(trained, names, (args.epochs,) * 2, (STEPS,) * 2)
        for data, run in zip(names, runs, strict=True):
            classifiers[data] = classifier = open_classifier(run.run)
            test = run.metrics["test"]["accuracy"]
            fresh = [evaluate(run.run, data=spec).metrics["data"]["accuracy"] for spec in (WITH, WITHOUT)]
            print(f"trained on {data}, {args.epochs} epochs: test accuracy {test:.3f}")
            print(f"  300 fresh images: {fresh[0]:.3f} with the mark, {fresh[1]:.3f} without")
            for method, (pointing, on_object, on_corner) in looked(classifier, marked).items():
                print(f"  {method:9s} pointing {pointing:.3f}, on the object {on_object:.3f}, corner {on_corner:.3f}")
        if args.figure:
            figure(classifiers, marked, args.figure)
    shares = plain.masks.mean()
    print(f"of a map spread evenly {shares:.3f} would lie on the object and {(8 / 32) ** 2:.3f} on the corner")


if __name__ == "__main__":
    main()
