"""What the cache holds of a folder of pictures, against the same pictures decoded, and how long that takes.

The folder is checked and then decoded for a network, in a cache of its own; then for networks of 28 and 32 pixels, for
which small pictures need no further copy. Without a folder, 20,000 pictures of
32 x 32 are made (noise, which nothing packs well): the aims are at most 60 MB and a check of under 20 s on 2 cores.

    python benchmarks/cache_size.py [FOLDER] [--size 224] [--crop-fraction 0.875] [--fit crop]
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def made(folder: Path, *, count: int = 20_000, side: int = 32) -> Path:
    """Ten class folders of noise, every picture with a disc's worth of its class's color."""
    generator = np.random.default_rng(0)
    for i in range(count):
        place = folder / f"c{i % 10}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(90, 140, (side, side, 3), dtype=np.uint8)
        pixels[8:24, 8:24] = 20 * (i % 10), 200, 255 - 20 * (i % 10)
        Image.fromarray(pixels).save(place / f"{i:05}.png")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--crop-fraction", type=float, default=0.875)
    parser.add_argument("--fit", default="crop")
    args = parser.parse_args()
    from clfcore import cache
    from clfcore.data.catalogue import open_dataset
    from clfcore.data.checks import check
    from clfcore.data.decode import decode
    from clfcore.data.pixels import Preprocess

    with tempfile.TemporaryDirectory() as home:
        os.environ["CLFLAB_CACHE"] = str(Path(home) / "cache")
        folder = args.folder or str(made(Path(home) / "made"))
        started, work = time.perf_counter(), time.process_time()
        dataset, problems = check(folder)
        seconds, spent = time.perf_counter() - started, time.process_time() - work
        checked = cache.usage().bytes
        print(f"{len(dataset):,} pictures, {len(problems)} problems, {os.cpu_count()} cores")
        print(f"check: {seconds:.1f} s ({spent:.1f} of the processor); the cache holds {checked / 1e6:.1f} MB")
        started, work = time.perf_counter(), time.process_time()
        preprocess = Preprocess(args.size, args.fit, args.crop_fraction, interpolation="bicubic")
        decode(open_dataset(folder), preprocess)
        seconds, spent = time.perf_counter() - started, time.process_time() - work
        decoded, square = sizes(dataset.paths or ()), len(dataset) * preprocess.stored_side**2 * 3
        print(f"decoding: {seconds:.1f} s ({spent:.1f} of the processor)")
        for other in (Preprocess(28), Preprocess(32, "pad")):
            started = time.perf_counter()
            decode(open_dataset(folder), other)
            held = cache.usage()["decoded"].bytes
            print(f"for {other.size} pixels, {other.fit}: {time.perf_counter() - started:.1f} s; {held / 1e6:.1f} MB")
        for part in cache.usage().parts:
            print(f"  {part.kind:14} {part.bytes / 1e6:10.1f} MB")
        print(f"  {'all':14} {cache.usage().bytes / 1e6:10.1f} MB")
        print(
            f"decoded pictures: {decoded / 1e6:.1f} MB; as squares of {preprocess.stored_side}: {square / 1e6:,.1f} MB"
        )


def sizes(paths: tuple[Path, ...]) -> int:
    """Bytes of the pictures as RGB of 8 bits."""
    total = 0
    for path in paths:
        with Image.open(path) as image:
            total += image.width * image.height * 3
    return total


if __name__ == "__main__":
    main()
