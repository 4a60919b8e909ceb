"""A whole feature-extraction run against the plain way, both in one process, one after the other.

Ours: `train --data FOLDER --architecture efficientnet_lite0` from an empty cache: import, checks, decoding, embedding,
fitting, evaluation; then a second run, which finds the embeddings. Plain: the frozen backbone in a DataLoader loop over
PIL images, ten epochs with validation and one test pass; timed on a part and scaled by the images, and said so.

    python benchmarks/feature_extraction.py FOLDER [--part 256]
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
EPOCHS = 10


def ours(folder: str) -> dict:
    from clfcore.commands import train
    from clfcore.config import RunConfig

    return train(RunConfig(data=folder, architecture="efficientnet_lite0", strategy="feature-extraction"))


def plain_images_per_second(folder: str, part: int) -> float:
    """The tutorial's loop on `part` training images: decode, transform, frozen forward, a step of the head."""
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    from torchvision import transforms

    from clfcore.architectures.build import build, head_name
    from clfcore.data.catalogue import open_dataset

    data = open_dataset(folder)
    chosen = data.splits["train"][:: max(1, len(data.splits["train"]) // part)][:part]
    preset = transforms.Compose(
        [
            transforms.Resize(256, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )

    class Photos(Dataset):
        def __len__(self) -> int:
            return len(chosen)

        def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
            return preset(Image.open(data.paths[chosen[i]]).convert("RGB")), int(data.targets[chosen[i]])

    model = build("efficientnet_lite0", columns=len(data.classes), weights="default").module
    head = model.get_submodule(head_name(model))
    model.requires_grad_(False)
    head.requires_grad_(True)
    model.eval()
    solver = torch.optim.AdamW(head.parameters(), lr=1e-3)
    started = time.perf_counter()
    for x, y in DataLoader(Photos(), batch_size=32, shuffle=True):
        solver.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        solver.step()
    return len(chosen) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--part", type=int, default=256)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        import torch

        before = plain_images_per_second(given.folder, given.part)
        started = time.perf_counter()
        cold = ours(given.folder)
        cold_seconds = time.perf_counter() - started
        started = time.perf_counter()
        warm = ours(given.folder)
        warm_seconds = time.perf_counter() - started
        after = plain_images_per_second(given.folder, given.part)
        sizes = json.loads((Path(cold["path"]) / "data.json").read_text())["splits"]
    images = EPOCHS * (sizes["train"] + sizes["validation"]) + sizes["test"]
    rate = (before + after) / 2
    plain_seconds = images / rate
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}")
    print(f"images: {sizes}")
    print(f"plain: {before:.1f} and {after:.1f} images/s before and after, on {given.part} images;")
    print(f"       {images:,} images in {EPOCHS} epochs, scaled: {plain_seconds:,.0f} s")
    print(f"ours, cold cache: {cold_seconds:.1f} s, ratio {plain_seconds / cold_seconds:.1f}")
    print(f"ours, warm cache: {warm_seconds:.1f} s, ratio {plain_seconds / warm_seconds:.0f}")
    print(f"test accuracy: {cold['metrics']['test']['accuracy']:.4f}; again {warm['metrics']['test']['accuracy']:.4f}")


if __name__ == "__main__":
    main()
