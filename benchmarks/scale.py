"""What ten million photos on eight GPUs take: storage, decoding, embeddings, a step, the cost; from measured units.

Measures four units on a folder of photos (bytes of a 256-pixel JPEG, seconds to make one from the original, seconds to
read one back, seconds of EfficientNet-Lite0's forward pass) in three rounds, and prints the formula of each figure
beside it. A GPU's rate and prices are no units of this machine: give your own, or their rows say that they are open.

    python benchmarks/scale.py [DATA | --recorded] [--part 150] [--items 10000000] [--gpus 8]
                               [--gpu-rate IMAGES_A_SECOND] [--core-price PER_HOUR] [--gpu-price PER_HOUR]

--recorded measures nothing: it takes the units of benchmarks/scale.json, whose table stands in docs/scale.md. --record
writes the units that were measured there.
"""

import argparse
import io
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
SIDE, QUALITY, FEATURES, ROUNDS = 256, 90, 1280, 3
HOUR, KILO = 3600.0, 1000.0
RECORDED = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class Units:
    """Of one photo: bytes as a JPEG of SIDE pixels; core seconds to make and to read it; core seconds of a forward.

    width, height: of the photos that it is made from, the medians in pixels; photos: how many were measured.
    """

    jpeg_bytes: float
    make: float
    read: float
    forward: float
    width: int
    height: int
    photos: int

    @property
    def text(self) -> str:
        return (
            f"{self.photos} photos of about {self.width} x {self.height} pixels: {self.jpeg_bytes:,.0f} bytes each as "
            f"a JPEG of {SIDE} pixels, {1000 * self.make:.1f} ms to make it, {1000 * self.read:.1f} ms to read it, "
            f"{1000 * self.forward:.1f} ms for the forward pass, each on one core."
        )


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
        (
            "the same as the lab keeps them, float32",
            f"{items * FEATURES * 4 / KILO**3:.1f} GB",
            f"{asked} x {FEATURES:,} x 4 bytes",
        ),
        ("making the JPEGs, once", f"{make:,.0f} core hours", f"{asked} x {1000 * units.make:.1f} ms"),
        (
            "reading them, an epoch",
            f"{items * units.read / HOUR:,.0f} core hours",
            f"{asked} x {1000 * units.read:.1f} ms",
        ),
        (
            "decoding the originals instead, an epoch",
            f"{make:,.0f} core hours",
            f"{asked} x {1000 * units.make:.1f} ms, the JPEG's making included",
        ),
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
    sizes = []
    for path in paths:
        with Image.open(path) as picture:
            sizes.append(picture.size)

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
    width, height = (round(statistics.median(sides)) for sides in zip(*sizes, strict=True))
    return Units(
        sum(map(len, made)) / n, make_s / n, read_s / n, forward_s / (4 * len(x)), width=width, height=height, photos=n
    )


def table(units: Units, **asked: object) -> str:
    """Markdown: the units in a sentence, and the figures."""
    lines = [f"| {asked['items']:,} photos, {asked['gpus']} GPUs | | from |", "| --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(units, **asked)]  # type: ignore[arg-type]
    return "\n".join([units.text, "", *lines, ""])


def recorded() -> Units:
    return Units(**json.loads(RECORDED.read_text()))


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
    parser.add_argument("--recorded", action="store_true", help="the units of benchmarks/scale.json")
    parser.add_argument("--record", action="store_true", help="write the measured units there")
    args = parser.parse_args()
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    units = recorded() if args.recorded else measured(args.data, args.part)
    if args.record:
        RECORDED.write_text(json.dumps(asdict(units), indent=1) + "\n")
    asked = {name: getattr(args, name) for name in ("items", "gpus", "gpu_rate", "core_price", "gpu_price")}
    print(table(units, **asked), end="")


if __name__ == "__main__":
    main()
