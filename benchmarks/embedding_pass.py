"""The embedding pass against its parts: decoding alone, forward alone, the pass over decoded images, the cold whole.

Three rounds, the parts in turn, each from an empty cache; medians. The fast network (batch normalization folded,
channels last, bfloat16 where the processor has it) is also compared with plain float32, by what a fitted head says.

    python benchmarks/embedding_pass.py FOLDER [--part 400] [--rounds 3]
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--part", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    import numpy as np
    import torch
    from sklearn.linear_model import LogisticRegression

    from clfcore.architectures.build import build
    from clfcore.architectures.fuse import fuse_for_inference
    from clfcore.data.catalogue import open_dataset
    from clfcore.data.decode import decode
    from clfcore.embeddings.embedder import BATCH, Embedder
    from clfcore.training.batches import Batches

    data = open_dataset(args.folder)
    step = max(1, len(data.ids) // args.part)
    chosen = np.arange(0, len(data.ids), step)[: args.part]
    data = replace(
        data,
        ids=tuple(data.ids[i] for i in chosen),
        paths=tuple(data.paths[i] for i in chosen),
        targets=data.targets[chosen],
        splits={"train": np.arange(len(chosen)), "validation": np.arange(0), "test": np.arange(0)},
        groups=None if data.groups is None else tuple(data.groups[i] for i in chosen),
    )
    network = build("efficientnet_lite0", columns=len(data.classes), weights="default")
    device = torch.device("cpu")
    embedder = Embedder(network.module, network.preprocess, "benchmark", device)
    seconds: dict[str, list[float]] = {"decoding": [], "forward": [], "pass": [], "cold": []}
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as home:
            os.environ["CLFLAB_CACHE"] = home
            started = time.perf_counter()
            kept, decoded = decode(data, network.preprocess)
            seconds["decoding"].append(time.perf_counter() - started)
            everything = np.arange(len(kept.ids))
            batches = Batches(decoded, everything, kept.targets, network.preprocess, BATCH, device)
            ready = [x for x, _ in batches.in_order()]
            quick, dtype = fuse_for_inference(network.module, ready[0])
            ready = [x.to(dtype=dtype, memory_format=torch.channels_last) for x in ready]
            with torch.inference_mode():
                quick(ready[0])
                started = time.perf_counter()
                for x in ready:
                    quick(x)
            seconds["forward"].append(time.perf_counter() - started)
            started = time.perf_counter()
            embedder.of(decoded, everything)
            seconds["pass"].append(time.perf_counter() - started)
        with tempfile.TemporaryDirectory() as home:
            os.environ["CLFLAB_CACHE"] = home
            started = time.perf_counter()
            kept, decoded = decode(data, network.preprocess)
            embedder.of(decoded, np.arange(len(kept.ids)))
            seconds["cold"].append(time.perf_counter() - started)
    n = len(kept.ids)
    rate = {name: n / statistics.median(values) for name, values in seconds.items()}
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, {dtype}")
    print(f"{n} photos, {args.rounds} rounds, images/s (median)")
    for name, words in (
        ("decoding", "decoding alone"),
        ("forward", "forward alone, from ready batches"),
        ("pass", "embedding pass over decoded images"),
        ("cold", "cold: decoding and embedding"),
    ):
        print(f"  {words:36} {rate[name]:8.1f}   ({', '.join(f'{s:.1f} s' for s in seconds[name])})")
    slower = min(rate["decoding"], rate["forward"])
    print(f"embedding pass / slower of the two: {rate['pass'] / slower:.2f}")
    plain = np.concatenate([embedded(network.module, x.float()) for x in ready])
    quick, dtype = fuse_for_inference(network.module, ready[0].float())
    quicker = np.concatenate([embedded(quick, x.to(dtype)) for x in ready])
    mean, deviation = quicker.mean(axis=0), quicker.std(axis=0) + 1e-6
    fitted = LogisticRegression(C=0.01, max_iter=300).fit((quicker - mean) / deviation, kept.targets)
    same = [fitted.predict((found - mean) / deviation) for found in (plain, quicker)]
    share = float((same[0] == same[1]).mean())
    print(f"with a head fitted on the fast embeddings, plain float32 says the same of {100 * share:.1f}% of {n} photos")


def embedded(module: Any, x: Any) -> Any:
    """The input of the classifier, B x D float32."""
    import torch

    seen = []
    hook = module.get_submodule("classifier").register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    module.eval()
    with torch.inference_mode():
        module(x)
    hook.remove()
    return seen[0].flatten(1).float().numpy()


if __name__ == "__main__":
    main()
