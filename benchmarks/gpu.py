"""Training and embedding on a GPU: what the lab promises of an H100-class one, or one line that nothing was measured.

Three claims, each run here as a person would run it: the preset `cifar10, fast` (94% test accuracy as the mean of five
seeds, 10 s of training each), `resnet18_small` by the preset `cifar-10, on a GPU` (95% in 60 s), and feature extraction
of photos at 0.9 of the slower of decode and forward pass. The first two need CIFAR-10 (`datasets` says where its files
go), the third a folder of photos, each of which is read as often as it takes to reach the count.

    python benchmarks/gpu.py [--seeds 5] [--photos FOLDER --count 100000]

Training time is the sum of the epochs' seconds, validation included; the first run of a process is not counted: it
loads CUDA's kernels.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

AIMS = {"cifar10, fast": (0.94, 10.0), "cifar-10, on a GPU": (0.95, 60.0)}
NETWORKS = {"cifar10, fast": "airbench", "cifar-10, on a GPU": "resnet18_small"}
EXTRACTION = 0.9


def trained(name: str, seeds: int, folder: Path) -> None:
    """Print test accuracy and seconds of a preset's runs on CIFAR-10: mean, least and most."""
    from clfcore.api import train
    from clfcore.parse_config import configuration

    accuracies, seconds = [], []
    for seed in range(-1, seeds):  # the first warms up
        values = {"data": "cifar10", "architecture": NETWORKS[name], "recipe.seed": max(seed, 0)}
        if seed < 0:
            values["recipe.epochs"] = 1
        outcome = train(configuration(values, preset=name), runs=folder)
        if seed >= 0:
            accuracies.append(outcome.metrics["test"]["accuracy"])
            seconds.append(sum(epoch_seconds(Path(outcome.path))))
    accuracy, limit = AIMS[name]
    reached = statistics.mean(accuracies) >= accuracy and statistics.mean(seconds) <= limit
    print(
        f"{name} ({NETWORKS[name]}), {seeds} seeds: test accuracy {statistics.mean(accuracies):.4f} "
        f"({min(accuracies):.4f} to {max(accuracies):.4f}), {statistics.mean(seconds):.1f} s of training "
        f"({min(seconds):.1f} to {max(seconds):.1f}); aim {accuracy:.0%} in {limit:g} s: "
        f"{'reached' if reached else 'not reached'}",
        flush=True,
    )


def epoch_seconds(run: Path) -> list[float]:
    """Seconds of each epoch, as the run's history has them."""
    from clfcore.runs.folder import Run

    return [epoch.seconds for epoch in Run(run).history]


def extraction(photos: Path, count: int) -> None:
    """Print the rate of decoding alone, of the forward pass alone, and of both as feature extraction has them."""
    import numpy as np
    import torch

    from clfcore.architectures.build import pretrained
    from clfcore.architectures.fuse import fuse_for_inference
    from clfcore.data.catalogue import open_dataset
    from clfcore.data.decode import decode
    from clfcore.embeddings.embedder import Embedder
    from clfcore.training.batches import normalized, pixels_of

    network, device = pretrained("efficientnet_lite0"), torch.device("cuda")
    dataset = open_dataset(str(photos))
    times = -(-count // len(dataset))
    began = time.perf_counter()
    _, decoded = decode(dataset, network.preprocess)
    decode_rate = len(dataset) / (time.perf_counter() - began)
    rows = np.tile(np.arange(len(dataset)), times)[:count]
    pixels = pixels_of(decoded, rows[:128], network.preprocess, device=device)
    x = normalized(pixels[..., : network.preprocess.size, : network.preprocess.size], network.preprocess)
    module, dtype = fuse_for_inference(network.module.to(device), x)
    x = x.to(dtype=dtype, memory_format=torch.channels_last)
    with torch.inference_mode():
        for repeats in (10, count // 128):
            torch.cuda.synchronize()
            began = time.perf_counter()
            for _ in range(repeats):
                module(x)
            torch.cuda.synchronize()
            forward_rate = repeats * 128 / (time.perf_counter() - began)
    embedder = Embedder(network.module, network.preprocess, f"benchmark {began}", device)
    began = time.perf_counter()
    embedder.of(decoded, rows)
    spent = count / decode_rate + time.perf_counter() - began
    ratio = count / spent / min(decode_rate, forward_rate)
    print(
        f"feature extraction of {count:,} photos: {count / spent:.0f} a second, decode {decode_rate:.0f}, forward pass "
        f"{forward_rate:.0f}: {ratio:.2f} of the slower; aim {EXTRACTION}: "
        f"{'reached' if ratio >= EXTRACTION else 'not reached'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    given = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        print("There is no CUDA GPU here: nothing was measured.")
        return
    from clfcore.data.published_datasets import find, where

    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CLFLAB_CACHE"] = str(Path(folder) / "cache")
        if find("cifar10") is None:
            print(f"CIFAR-10 is not here, and its claims were not measured: put its files into {where('cifar10')}")
        else:
            for name in AIMS:
                trained(name, given.seeds, Path(folder))
        if given.photos is None:
            print("No --photos: feature extraction was not measured.")
        else:
            extraction(given.photos, given.count)


if __name__ == "__main__":
    main()
