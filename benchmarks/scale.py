"""What ten million photos on eight GPUs take: storage, decoding, embeddings, a step, the cost; from measured units.

Measures four units on a folder of photos (bytes of a 256-pixel JPEG, seconds to make one from the original, seconds to
read one back, seconds of EfficientNet-Lite0's forward pass) in three rounds, and prints the formula of each figure
beside it. A GPU's rate and prices are no units of this machine: give your own, or their rows say that they are open.

    python benchmarks/scale.py [DATA] [--part 150] [--items 10000000] [--gpus 8] [--gpu-rate IMAGES_A_SECOND]
                               [--core-price PER_HOUR] [--gpu-price PER_HOUR]
"""

import argparse
import io
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
SIDE, QUALITY, FEATURES, ROUNDS = 256, 90, 1280, 3
HOUR, KILO = 3600.0, 1000.0


@dataclass(frozen=True)
class Units:
    """Of one photo: bytes as a JPEG of SIDE pixels; core seconds to make and to read it; core seconds of a forward."""

    jpeg_bytes: float
    make: float
    read: float
    forward: float


def rows(
    units: Units, *, items: int, gpus: int, gpu_rate: float | None, core_price: float | None, gpu_price: float | None
) -> list[tuple[str, str, str]]:
    """What is asked, its figure and its formula."""
    raw, jpeg = items * SIDE * SIDE * 3, items * units.jpeg_bytes
    cores = None if gpu_rate is None else gpus * gpu_rate * units.read
    hours = None if gpu_rate is None else items / (gpus * gpu_rate) / HOUR
    make = items * units.make / HOUR
    embed = items * (units.read + units.forward) / HOUR
    cost = "open: give --gpu-rate, --gpu-price and --core-price"
    if hours is not None and cores is not None and core_price is not None and gpu_price is not None:
        cost = f"{hours * (gpus * gpu_price + cores * core_price):,.0f}"
    asked = f"{items:,}"
    return [
        ("raw pixels", f"{raw / KILO**4:.2f} TB", f"{asked} x {SIDE} x {SIDE} x 3 bytes"),
        (
            f"as JPEG of {SIDE} pixels",
            f"{jpeg / KILO**4:.2f} TB, 1/{raw / jpeg:.0f} of raw",
            f"{asked} x {units.jpeg_bytes:,.0f} bytes",
        ),
        ("embeddings, float16", f"{items * FEATURES * 2 / KILO**3:.1f} GB", f"{asked} x {FEATURES:,} x 2 bytes"),
        ("making the JPEGs, once", f"{make:,.0f} core hours", f"{asked} x {1000 * units.make:.1f} ms"),
        (
            "embedding on CPUs, once",
            f"{embed:,.0f} core hours",
            f"{asked} x ({1000 * units.read:.1f} + {1000 * units.forward:.1f}) ms",
        ),
        (
            "cores that feed the GPUs",
            "open: give --gpu-rate" if cores is None or gpu_rate is None else f"{cores:,.0f}",
            f"{gpus} GPUs x rate x {1000 * units.read:.1f} ms",
        ),
        (
            "an epoch",
            "open: give --gpu-rate" if hours is None else f"{hours:.2f} hours",
            f"{asked} / ({gpus} GPUs x rate)",
        ),
        ("an epoch's cost", cost, "hours x (GPUs x their price + cores x theirs)"),
    ]


def measured(data: str, part: int) -> Units:
    """Medians over the rounds, one thread."""
    import numpy as np
    import torch
    from PIL import Image

    from clfcore.architectures.build import build
    from clfcore.architectures.fuse import fuse_for_inference
    from clfcore.data.catalogue import open_dataset

    torch.set_num_threads(1)
    dataset = open_dataset(data)
    step = max(1, len(dataset.ids) // part)
    paths = [dataset.paths[i] for i in range(0, len(dataset.ids), step)][:part]
    network = build("efficientnet_lite0", columns=2, weights="default").module
    x = torch.rand(16, 3, 224, 224).contiguous(memory_format=torch.channels_last)
    quick, dtype = fuse_for_inference(network, x)
    x = x.to(dtype=dtype, memory_format=torch.channels_last)
    made: list[bytes] = []

    def make() -> None:
        made.clear()
        for path in paths:
            with Image.open(path) as picture:
                picture.draft("RGB", (SIDE, SIDE))
                out = io.BytesIO()
                picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(out, "JPEG", quality=QUALITY)
                made.append(out.getvalue())

    def read() -> None:
        for content in made:
            np.asarray(Image.open(io.BytesIO(content)))

    def forward() -> None:
        with torch.inference_mode():
            for _ in range(4):
                quick(x)

    make()
    forward()  # the first pass chooses its kernels
    seconds = [[_timed(work) for work in (make, read, forward)] for _ in range(ROUNDS)]
    make_s, read_s, forward_s = (statistics.median(column) for column in zip(*seconds, strict=True))
    n = len(paths)
    return Units(sum(map(len, made)) / n, make_s / n, read_s / n, forward_s / (4 * len(x)))


def _timed(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default="clothing-small", help="photos as files: a folder or a SPEC")
    parser.add_argument("--part", type=int, default=150)
    parser.add_argument("--items", type=int, default=10_000_000)
    parser.add_argument("--gpus", type=int, default=8)
    parser.add_argument("--gpu-rate", type=float, help="training images a second of one GPU (benchmarks/gpu.py)")
    parser.add_argument("--core-price", type=float)
    parser.add_argument("--gpu-price", type=float)
    args = parser.parse_args()
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    table = rows(
        measured(args.data, args.part),
        items=args.items,
        gpus=args.gpus,
        gpu_rate=args.gpu_rate,
        core_price=args.core_price,
        gpu_price=args.gpu_price,
    )
    print(f"| {args.items:,} photos, {args.gpus} GPUs | | from |\n| --- | --- | --- |")
    for row in table:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
