"""How long `quality` takes where the embeddings are at hand, and near-duplicates of 100,000 embeddings.

    python benchmarks/quality.py FOLDER [--embeddings 100000]

FOLDER is a dataset of photos. It is checked once, so that its images are embedded and measured, then again in a fresh
process, as the next call is. The embeddings are drawn: groups of classes, and one in twenty is a near copy of another.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
WIDTH, CLASSES, COPIES, NOISE = 1280, 50, 20, 0.2


def drawn(count: int) -> np.ndarray:
    """Embeddings of classes, N x 1280 float32, of which the last in each twenty is a near copy of the first."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32)
    values = rng.standard_normal((count, WIDTH), np.float32)
    values += means[np.arange(count) % CLASSES]
    last = np.arange(COPIES - 1, count, COPIES)
    values[last] = values[last - COPIES + 1] + NOISE * rng.standard_normal((len(last), WIDTH), np.float32)
    return values


def quality_seconds(folder: str) -> float:
    """Seconds of the process that checks a folder."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "clfcore", "quality", folder, "--json"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    print(f"  {json.loads(printed)['items']:,} images, {time.perf_counter() - started:.1f} s", flush=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--embeddings", type=int, default=100_000)
    args = parser.parse_args()
    print("quality, first and again:")
    quality_seconds(args.folder)
    quality_seconds(args.folder)
    from clfcore.quality.near_duplicates import near_pairs

    values = drawn(args.embeddings)
    started, busy = time.perf_counter(), time.process_time()
    first, second, _ = near_pairs(values)
    planted = np.arange(COPIES - 1, args.embeddings, COPIES)
    recall = np.isin(planted, second[second - first == COPIES - 1]).mean()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"near pairs of {args.embeddings:,} embeddings: {time.perf_counter() - started:.1f} s "
        f"({time.process_time() - busy:.1f} s of processor time), {peak:.2f} GB with the embeddings, "
        f"recall {recall:.3f} of {len(planted):,} planted copies, {len(first):,} pairs"
    )


if __name__ == "__main__":
    main()
