"""Does a dataset of several times the memory train with flat memory? A control group bounds it.

Links photos several times over into a folder, so that their decoded pictures take so many times the bound, and trains
LeNet-5 on them in a control group of that bound. Prints the resident (anonymous) memory of the group in each quarter of
decoding and of training, its peak, and whether the kernel killed anything. Needs Linux, and the right to make a control
group (version 1 or 2, as root).

    python benchmarks/beyond_memory.py PHOTOS [--bound-gb 1] [--times 3] [--side 256]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUFFIXES = {".jpg", ".jpeg", ".png"}


def linked(photos: Path, folder: Path, count: int) -> int:
    """`count` links to the photos, in folders of their classes; how many."""
    files = sorted(path for path in photos.rglob("*") if path.suffix.lower() in SUFFIXES)
    made = 0
    while made < count:
        for path in files[: count - made]:
            place = folder / path.parent.name / f"{made:08}{path.suffix}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path.resolve())
            made += 1
    return made


def bounded(limit: int) -> Path:
    """A control group of so many bytes."""
    first = Path("/sys/fs/cgroup/memory")
    group = (first if first.is_dir() else first.parent) / f"clflab-{os.getpid()}"
    group.mkdir()
    (group / ("memory.limit_in_bytes" if first.is_dir() else "memory.max")).write_text(str(limit))
    return group


def resident(group: Path) -> int:
    """Bytes of anonymous memory: what no file backs."""
    values = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return int(values.get("total_rss", values.get("anon", 0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--bound-gb", type=float, default=1.0)
    parser.add_argument("--times", type=float, default=3.0)
    parser.add_argument("--side", type=int, default=256)
    args = parser.parse_args()
    limit = int(args.bound_gb * 1e9)
    with tempfile.TemporaryDirectory() as folder:
        count = linked(args.photos, Path(folder) / "photos", int(args.times * limit / (3 * args.side**2)))
        group = bounded(limit)
        try:
            sys.exit(measured(group, Path(folder), count=count, side=args.side, limit=limit))
        finally:
            group.rmdir()


def measured(group: Path, folder: Path, *, count: int, side: int, limit: int) -> int:
    """Train in the group, and print what it took; the run's exit status."""
    words = ["train", "--data", str(folder / "photos"), "--architecture", "lenet5", "--strategy", "scratch"]
    words += ["--image-size", str(side), "--epochs", "1", "--batch-size", "8", "--augmentation", "none"]
    environment = {**os.environ, "CLFLAB_RUNS": str(folder / "runs"), "CLFLAB_CACHE": str(folder / "cache")}
    pixels = count * side**2 * 3
    print(f"{count:,} photos, {pixels / 1e9:.1f} GB decoded, in a control group of {limit / 1e9:.1f} GB", flush=True)
    samples: list[tuple[float, int]] = []
    with (folder / "output").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            ["sh", "-c", f'echo $$ > "{group}/cgroup.procs"; exec "$@"', "sh", sys.executable, "-m", "clfcore", *words],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        decoded_at = None
        while process.poll() is None:
            samples.append((time.monotonic(), resident(group)))
            if decoded_at is None and any((folder / "cache" / "decoded").glob("[!.]*/items.npz")):
                decoded_at = samples[-1][0]
            time.sleep(0.5)
        output.seek(0)
        text = output.read().strip().splitlines()
    for name, part in (
        ("decoding", [sample for sample in samples if decoded_at is None or sample[0] <= decoded_at]),
        ("training", [sample for sample in samples if decoded_at is not None and sample[0] > decoded_at]),
    ):
        quarters = [part[len(part) * k // 4 : len(part) * (k + 1) // 4] for k in range(4)]
        most = [f"{max((value for _, value in quarter), default=0) / 1e6:,.0f}" for quarter in quarters]
        seconds = part[-1][0] - part[0][0] if part else 0.0
        print(f"{name}: {seconds:.0f} s, at most {', '.join(most)} MB resident in its quarters")
    print("\n".join(line for line in text if "held in memory" in line or "are not kept" in line))
    print(f"exit status {process.returncode}: {text[-1] if text else ''}")
    return process.returncode


if __name__ == "__main__":
    main()
