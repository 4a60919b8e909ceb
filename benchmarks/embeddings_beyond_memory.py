"""Does a head train on embeddings of several times the memory, with flat memory and to the same weights?

Writes drawn embeddings in shards of 4,096 that take so many times the bound, and trains on them twice: in a control
group of the bound, where they are read from their files, and in a process that holds them all. Both fit a linear head
by mini-batches and a logistic one by L-BFGS, and judge both on all rows. Prints the resident (anonymous) memory of the
group in each quarter of the training, what either took, and whether weights and logits are equal to the bit. Needs
Linux, and the right to make a control group (version 1 or 2, as root).

    python benchmarks/embeddings_beyond_memory.py [--bound-gb 0.75] [--times 4] [--epochs 2] [--iterations 10]
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
os.environ.setdefault("OMP_NUM_THREADS", "1")

WIDTH, CLASSES, SHARD = 1280, 10, 4096


def write(folder: Path, count: int) -> None:
    """`count` embeddings in shards: a mean of each class, and noise."""
    import numpy as np

    generator = np.random.default_rng(0)
    means = generator.normal(size=(CLASSES, WIDTH)).astype(np.float32) / 8
    targets = generator.integers(0, CLASSES, count)
    np.save(folder / "targets.npy", targets)
    for start in range(0, count, SHARD):
        rows = targets[start : start + SHARD]
        values = means[rows] + generator.standard_normal((len(rows), WIDTH), np.float32)
        with (folder / f"shard-{start:010}.npy").open("wb") as file:
            np.save(file, values)
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # the group reads it, at its own expense


def train(folder: Path, *, held: bool, epochs: int, iterations: int) -> dict:
    """Both heads' digests, of weights and logits, and the seconds and processor seconds that each took."""
    import numpy as np
    import torch
    from torch import nn

    from clfcore.config import make
    from clfcore.predictions import Predictions
    from clfcore.resolved_config import ResolvedRecipe
    from clfcore.task import single_label
    from clfcore.training import linear_probe
    from clfcore.training.embedding_rows import StoredRows, standardize
    from clfcore.training.losses import hits_of, loss_of

    arrays = [np.load(path, mmap_mode="r") for path in sorted(folder.glob("shard-*.npy"))]
    x = StoredRows(arrays, standardize(arrays))
    x = x.held() if held else x
    y = torch.from_numpy(np.load(folder / "targets.npy"))
    task = single_label([f"class {i}" for i in range(CLASSES)])
    recipe = {"epochs": epochs, "batch_size": 256, "image_size": 32, "learning_rate": 1e-3, "augmentation": "none"}
    asked = make({"data": "drawn", "architecture": "lenet5", "recipe": recipe}).recipe.model_dump()
    groups = {"trainable_groups": 1, "backbone_learning_rate": 1e-3, "freeze_batch_norm": False, "cached_views": 0}
    resolved = ResolvedRecipe.model_validate({**asked, **groups})
    results = {}

    def validate(model: nn.Module) -> Predictions:
        model.eval()
        with torch.inference_mode():
            logits = linear_probe.logits_of(model, x).numpy()
        return Predictions(task, "validation", tuple(map(str, range(len(y)))), y.numpy(), logits)

    for name in ("linear", "logistic"):
        torch.manual_seed(0)
        head = nn.Linear(WIDTH, CLASSES)
        began, busy = time.perf_counter(), time.process_time()
        if name == "linear":
            state = linear_probe.head_state(head, resolved)
            events = linear_probe.mini_batches(state, x, y, task=task, recipe=resolved, validate=validate)
        else:
            loss = loss_of(task, resolved, y.numpy())
            events = linear_probe.logistic(
                head, x, y, loss_of=loss, hits_of=hits_of(task), validate=validate, iterations=iterations
            )
        digest = hashlib.sha256()
        for event in events:
            if hasattr(event, "validation"):
                digest.update(event.validation.logits.tobytes())
                correct = float((event.validation.logits.argmax(1) == y.numpy()).mean())
        for value in head.state_dict().values():
            digest.update(value.numpy().tobytes())
        results[name] = {
            "digest": digest.hexdigest(),
            "accuracy": correct,
            "seconds": time.perf_counter() - began,
            "processor": time.process_time() - busy,
        }
    return results


def run(folder: Path, words: list[str], group: Path | None) -> tuple[dict, list[int]]:
    """What a process of its own gave, and the group's resident memory every half second."""
    from beyond_memory import resident

    command = [sys.executable, __file__, "--folder", str(folder), *words]
    if group is not None:
        command = ["sh", "-c", f'echo $$ > "{group}/cgroup.procs"; exec "$@"', "sh", *command]
    samples = []
    with (folder / "output").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output)
        while process.poll() is None:
            if group is not None:
                samples.append(resident(group))
            time.sleep(0.5)
        output.seek(0)
        text = output.read()
    if process.returncode:
        most = f", with at most {max(samples) / 1e6:,.0f} MB resident" if samples else ""
        raise SystemExit(f"the process ended with status {process.returncode}{most}")
    return json.loads(text), samples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bound-gb", type=float, default=0.75)
    parser.add_argument("--times", type=float, default=4.0)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)  # of the two processes
    parser.add_argument("--held", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.folder:
        results = train(args.folder, held=args.held, epochs=args.epochs, iterations=args.iterations)
        print(json.dumps(results))
        return 0
    from beyond_memory import bounded

    limit = int(args.bound_gb * 1e9)
    count = int(args.times * limit / (4 * WIDTH))
    words = ["--epochs", str(args.epochs), "--iterations", str(args.iterations)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, count)
        print(f"{count:,} embeddings, {count * WIDTH * 4 / 1e9:.1f} GB, and a control group of {limit / 1e9:.2f} GB")
        group = bounded(limit)
        try:
            mapped, samples = run(folder, words, group)
        finally:
            group.rmdir()
        held, _ = run(folder, [*words, "--held"], None)
    quarters = [samples[len(samples) * k // 4 : len(samples) * (k + 1) // 4] for k in range(4)]
    most = [f"{max(quarter, default=0) / 1e6:,.0f}" for quarter in quarters]
    print(f"at most {', '.join(most)} MB resident in the quarters of the bounded process")
    for head, one in held.items():
        other = mapped[head]
        print(
            f"{head}: accuracy {one['accuracy']:.4f}; in memory {one['seconds']:.0f} s ({one['processor']:.0f} s of "
            f"processor time), from files {other['seconds']:.0f} s ({other['processor']:.0f} s); weights and logits "
            + ("equal to the bit" if one["digest"] == other["digest"] else "DIFFER")
        )
    return 0 if all(mapped[head]["digest"] == one["digest"] for head, one in held.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
