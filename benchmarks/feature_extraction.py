"""A whole feature-extraction run against the plain way, both in one process, one after the other.

Ours: `train --data FOLDER --architecture efficientnet_lite0` from an empty cache: import, checks, decoding, embedding,
fitting, evaluation; then a second run, which finds the embeddings. Plain: the frozen backbone in a DataLoader loop over
PIL images, ten epochs with validation and one test pass; timed on a part and scaled by the images, and said so. Its
accuracy (`--accuracy`) comes from one float32 pass over all images and ten epochs of the head on what it saw: a frozen
backbone without augmentation says the same of an image in every epoch. The embedding pass is decoding and embedding all
images from an empty cache, and nothing else.

    python benchmarks/feature_extraction.py FOLDER [--part 256] [--accuracy]
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
EPOCHS = 10
T = TypeVar("T")


def ours(folder: str) -> dict:
    from clfcore.api import train
    from clfcore.config import RunConfig

    return train(RunConfig(data=folder, architecture="efficientnet_lite0", strategy="feature-extraction"))


class Photos:
    """The tutorial's dataset: PIL images through torchvision's transforms."""

    def __init__(self, data: Any, chosen: Any) -> None:
        from torchvision import transforms

        self.data, self.chosen = data, chosen
        self.preset = transforms.Compose(
            [
                transforms.Resize(256, transforms.InterpolationMode.BICUBIC),
                transforms.CenterCrop(224),
                transforms.ToTensor(),
                transforms.Normalize([0.5] * 3, [0.5] * 3),
            ]
        )

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, i: int) -> tuple[Any, int]:
        from PIL import Image

        place = self.chosen[i]
        return self.preset(Image.open(self.data.paths[place]).convert("RGB")), int(self.data.targets[place])


def plain_parts(folder: str) -> tuple[Any, Any, Any]:
    """The data, the frozen network in eval mode, and its new head."""
    from clfcore.architectures.build import build, head_name
    from clfcore.data.catalogue import open_dataset

    data = open_dataset(folder)
    model = build("efficientnet_lite0", columns=len(data.classes), weights="default").module
    head = model.get_submodule(head_name(model))
    model.requires_grad_(False)
    head.requires_grad_(True)
    return data, model.eval(), head


def plain_images_per_second(folder: str, part: int) -> float:
    """The tutorial's loop on `part` training images: decode, transform, frozen forward, a step of the head."""
    import torch
    from torch.utils.data import DataLoader

    data, model, head = plain_parts(folder)
    chosen = data.splits["train"][:: max(1, len(data.splits["train"]) // part)][:part]
    solver = torch.optim.AdamW(head.parameters(), lr=1e-3)
    started = time.perf_counter()
    for x, y in DataLoader(Photos(data, chosen), batch_size=32, shuffle=True):
        solver.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        solver.step()
    return len(chosen) / (time.perf_counter() - started)


def plain_accuracy(folder: str) -> tuple[float, float]:
    """Validation and test accuracy of the tutorial's loop after its best epoch of ten (by validation)."""
    import torch
    from torch.utils.data import DataLoader

    torch.manual_seed(0)
    data, model, head = plain_parts(folder)
    seen: list[torch.Tensor] = []
    hook = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    features, labels = {}, {}
    for split, chosen in data.splits.items():
        seen.clear()
        with torch.inference_mode():
            for x, _ in DataLoader(Photos(data, chosen), batch_size=32):
                model(x)
        features[split], labels[split] = torch.cat(seen).clone(), torch.from_numpy(data.targets[chosen])
    hook.remove()
    solver = torch.optim.AdamW(head.parameters(), lr=1e-3)
    best = (0.0, 0.0)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(labels["train"])).split(32):
            solver.zero_grad()
            torch.nn.functional.cross_entropy(head(features["train"][rows]), labels["train"][rows]).backward()
            solver.step()
        with torch.inference_mode():
            found = [float((head(features[s]).argmax(1) == labels[s]).float().mean()) for s in ("validation", "test")]
        best = max(best, tuple(found), key=lambda pair: pair[0])
    return best


def one_pass(folder: str) -> float:
    """Seconds to decode and to embed every image, from an empty cache: what feature extraction cannot do without."""
    import numpy as np
    import torch

    from clfcore.architectures.build import build
    from clfcore.data.catalogue import open_dataset
    from clfcore.data.decode import decode
    from clfcore.embeddings.embedder import Embedder

    data = open_dataset(folder)
    network = build("efficientnet_lite0", columns=len(data.classes), weights="default")
    embedder = Embedder(network.module, network.preprocess, "benchmark", torch.device("cpu"))
    started = time.perf_counter()
    kept, decoded = decode(data, network.preprocess)
    embedder.of(decoded, np.arange(len(kept.ids)))
    return time.perf_counter() - started


def in_empty_cache(home: str, name: str, work: Callable[[str], T], folder: str) -> tuple[T, float]:
    """What `work` returns with caches of its own, and the seconds it took."""
    os.environ["CLFLAB_CACHE"] = str(Path(home) / name)
    started = time.perf_counter()
    return work(folder), time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--part", type=int, default=256)
    parser.add_argument("--accuracy", action="store_true", help="the plain loop's accuracy too: a pass more")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["CLFLAB_RUNS"] = str(Path(home) / "runs")
        os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
        import torch

        before = plain_images_per_second(args.folder, args.part)
        passes = [in_empty_cache(home, "pass before", one_pass, args.folder)[0]]
        cold, cold_seconds = in_empty_cache(home, "cache", ours, args.folder)
        warm, warm_seconds = in_empty_cache(home, "cache", ours, args.folder)
        passes.append(in_empty_cache(home, "pass after", one_pass, args.folder)[0])
        after = plain_images_per_second(args.folder, args.part)
        sizes = json.loads((Path(cold.path) / "data.json").read_text())["splits"]
    images = EPOCHS * (sizes["train"] + sizes["validation"]) + sizes["test"]
    rate = (before + after) / 2
    plain_seconds = images / rate
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}")
    print(f"images: {sizes}")
    print(f"plain: {before:.1f} and {after:.1f} images/s before and after, on {args.part} images;")
    print(f"       {images:,} images in {EPOCHS} epochs, scaled: {plain_seconds:,.0f} s")
    print(f"ours, cold cache: {cold_seconds:.1f} s, ratio {plain_seconds / cold_seconds:.1f}")
    print(f"ours, warm cache: {warm_seconds:.1f} s, ratio {plain_seconds / warm_seconds:.0f}")
    lone = sum(passes) / 2
    print(
        f"embedding pass: {passes[0]:.1f} and {passes[1]:.1f} s before and after; ours, cold / pass: "
        f"{cold.seconds / lone:.2f} of the run's work, {cold_seconds / lone:.2f} of the whole call"
    )
    if args.accuracy:
        validation, test = plain_accuracy(args.folder)
        print(f"plain, after its best epoch of {EPOCHS}: validation {validation:.4f}, test {test:.4f}")
    print(f"ours: validation {cold.metrics['validation']['accuracy']:.4f}")
    print(f"test accuracy: {cold.metrics['test']['accuracy']:.4f}; again {warm['metrics']['test']['accuracy']:.4f}")


if __name__ == "__main__":
    main()
