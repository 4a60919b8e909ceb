"""Recall of near-duplicates on changed photos, and how many pairs of other photos are called copies.

    python benchmarks/near_duplicates.py FOLDER [--photos 150] [--others 850] [--half second]

FOLDER is a dataset of photos. Each of the first photos is re-encoded, halved, brightened, mirrored, turned and cropped;
all stand among others. The limits of clfcore/quality/near_duplicates.py were chosen on the first half of the changed
photos; the second, which is printed unless asked otherwise, chose nothing. Photos that really are copies, or of one
session, count among the pairs of others: look at them (--pairs prints their names).
"""

import argparse
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

sys.path.insert(0, str(Path(__file__).parents[1]))


def encoded(image: Image.Image, quality: int) -> Image.Image:
    """After a pass through JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "jpeg", quality=quality)
    return Image.open(buffer)


def cropped(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A window of 90% of both sides, anywhere."""
    width, height = round(0.9 * image.width), round(0.9 * image.height)
    x, y = (int(rng.integers(0, free + 1)) for free in (image.width - width, image.height - height))
    return image.crop((x, y, x + width, y + height))


CHANGES: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "re-encoded at quality 40": lambda image, _: encoded(image, 40),
    "halved": lambda image, _: image.resize((image.width // 2, image.height // 2)),
    "brightened by 30%": lambda image, _: ImageEnhance.Brightness(image).enhance(1.3),
    "mirrored": lambda image, _: ImageOps.mirror(image),
    "turned by 5 degrees": lambda image, _: image.rotate(5, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128)),
    "90% crop": cropped,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--photos", type=int, default=150)
    parser.add_argument("--others", type=int, default=850)
    parser.add_argument("--half", choices=("first", "second"), default="second")
    parser.add_argument("--pairs", action="store_true")
    args = parser.parse_args()
    from clfcore.classifier import of_architecture
    from clfcore.data.catalogue import open_dataset
    from clfcore.data.dataset import ImageDataset
    from clfcore.embeddings.pretrained import embed_dataset
    from clfcore.quality.near_duplicates import linked_pairs
    from clfcore.quality.picture_pass import measure_pictures
    from clfcore.task import single_label

    side = of_architecture("efficientnet_lite0").preprocess.stored_side
    files = open_dataset(args.folder).files
    order = np.random.default_rng(0).permutation(len(files))[: args.photos + args.others]
    rng = np.random.default_rng(1)
    names, pixels = [], []

    def add(name: str, image: Image.Image) -> None:
        names.append(name)
        pixels.append(np.asarray(ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.BICUBIC)))

    for place, i in enumerate(order.tolist()):
        with Image.open(files[i]) as image:
            photo = ImageOps.exif_transpose(image.convert("RGB"))
        add(f"{place}|original", photo)
        if place < args.photos:
            for change, make in CHANGES.items():
                add(f"{place}|{change}", encoded(make(photo, rng), 92))
    rows = np.arange(len(names))
    dataset = ImageDataset(
        "changed", single_label(("photo",)), tuple(names), np.zeros(len(names), np.int64), {"train": rows},
        pixels=np.stack(pixels),
    )  # fmt: skip
    embedded = embed_dataset(dataset, "efficientnet_lite0")
    measures = measure_pictures(embedded.decoded, embedded.preprocess)
    started = time.perf_counter()
    pairs = linked_pairs(embedded.all, measures.thumbnails, measures.chroma)
    print(f"{len(names):,} pictures compared in {time.perf_counter() - started:.1f} s")
    copies = {frozenset((names[a], names[b])) for a, b in pairs.copies().tolist()}
    half = args.photos // 2
    judged = range(half) if args.half == "first" else range(half, args.photos)
    for change in CHANGES:
        recall = np.mean([frozenset((f"{i}|original", f"{i}|{change}")) in copies for i in judged])
        print(f"{change:26} recall {recall:.3f} of {len(judged)}")
    originals = [name for name in names if name.endswith("|original")]
    others = [pair for pair in copies if all(name.endswith("|original") for name in pair)]
    total = len(originals) * (len(originals) - 1) // 2
    print(f"{len(others)} of {total:,} pairs of different photos are called copies")
    if args.pairs:
        for pair in others:
            print("  " + " = ".join(str(files[order[int(name.split("|")[0])]]) for name in sorted(pair)))


if __name__ == "__main__":
    main()
