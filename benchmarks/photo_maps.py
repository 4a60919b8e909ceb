"""A figure of maps on the sample photos under efficientnet_lite0 with its ImageNet weights.

    python benchmarks/photo_maps.py [--figure assets/maps.jpg]

Prints for each photo the likeliest class, and for integrated gradients how far the map is from adding up.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

SAMPLES = ("cat", "coat", "coffee", "rocket", "sandals", "t-shirt")
METHODS = ("gradcam", "layercam", "eigencam", "integrated-gradients")
SIDE, GAP, LINE = 168, 8, 22


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    from PIL import Image, ImageDraw, ImageFont

    from clfcore.data.pixels import read_image
    from clfcore.explain.dispatch import explain
    from clfcore.explain.methods import method
    from clfcore.explain.saliency_map import overlay_image
    from clfcore.runs.open_classifier import open_classifier

    classifier = open_classifier("efficientnet_lite0")
    across, down = 1 + len(METHODS), len(SAMPLES)
    paper = Image.new("RGB", (GAP + across * (SIDE + GAP), LINE + down * (SIDE + LINE + GAP)), "white")
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(14)

    def put(x: int, y: int, pixels: np.ndarray) -> None:
        small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        paper.paste(small, (GAP + x * (SIDE + GAP), LINE + y * (SIDE + LINE + GAP)))

    for x, title in enumerate(("what it sees", *(method(name).title for name in METHODS))):
        pen.text((GAP + x * (SIDE + GAP), 3), title, "black", font)
    for y, sample in enumerate(SAMPLES):
        path = Path(__file__).parents[1] / "assets" / "samples" / f"{sample}.jpg"
        square = classifier.square(read_image(path, least_side=classifier.preprocess.stored_side))
        put(0, y, square)
        for x, name in enumerate(METHODS, 1):
            made = explain(classifier, square, method=name)
            put(x, y, overlay_image(square, made))
        answer = classifier.classes[made.target]
        pen.text((GAP, LINE + y * (SIDE + LINE + GAP) + SIDE + 2), answer, "black", font)
        print(f"{sample}: {answer}; {made.note}", flush=True)
    if args.figure:
        paper.save(args.figure, quality=88)


if __name__ == "__main__":
    main()
