"""Training from cached activations: seconds of an epoch against the same run that keeps none, and full fine-tuning.

Each round fine-tunes `efficientnet_lite0` with its ImageNet weights three times, one after the other: all layers, the
last groups with nothing kept, and the last groups from cached activations. The two latter see the same views, so that
their losses must be equal to the bit. Prints seconds of an epoch (median of those after the first), the ratios with
their spread over the rounds, and after how many epochs it pays to make the activations.

    python benchmarks/cached_activations.py FOLDER [--part 400] [--groups 2] [--views 2] [--epochs 4] [--rounds 3]
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="a folder of photos, or any SPEC")
    parser.add_argument("--part", type=int, help="photos of a folder that are taken")
    parser.add_argument("--groups", type=int, default=2, help="layer groups that train, the head among them")
    parser.add_argument("--views", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--image-size", type=int)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        from transfer import part_of

        from clfcore import api, cache
        from clfcore.config import make
        from clfcore.runs.folder import Run, find_run

        data = args.data
        if args.part and Path(data).is_dir():
            data = str(part_of(Path(data), args.part, Path(home) / "part"))

        def trained(groups: int, views: int) -> Run:
            recipe = {"epochs": args.epochs, "trainable_groups": groups, "cached_views": views}
            recipe |= {"image_size": args.image_size} if args.image_size else {}
            network = {"architecture": "efficientnet_lite0", "strategy": "fine-tuning"}
            return find_run(api.train(make({"data": data, **network, "recipe": recipe})).run)

        def epoch_seconds(run: Run) -> float:
            return statistics.median(line.seconds for line in run.history[2:])

        room = cache.make_room
        ratios: dict[str, list[float]] = {"all layers": [], "the same groups, nothing kept": []}
        for number in range(args.rounds):
            full = trained(0, 0)
            cache.make_room = lambda wanted: False
            plain = trained(args.groups, args.views)
            cache.make_room = room
            for path in cache.folder("activations").glob("*"):
                path.unlink()
            kept = trained(args.groups, args.views)
            same = [line.train_loss for line in kept.history] == [line.train_loss for line in plain.history]
            of_full, of_plain, of_kept = map(epoch_seconds, (full, plain, kept))
            whole = kept.results.seconds - sum(line.seconds for line in kept.history)
            extra = whole - (plain.results.seconds - sum(line.seconds for line in plain.history))
            size = sum(path.stat().st_size for path in cache.folder("activations").glob("*"))
            print(
                f"round {number + 1}: all layers {of_full:.1f} s an epoch, last {args.groups} groups {of_plain:.1f} s, "
                f"from activations {of_kept:.1f} s; {size / 1e6:.0f} MB made in about {extra:.1f} s, paid back after "
                f"{max(0.0, extra) / (of_plain - of_kept):.1f} epochs; losses {'equal' if same else 'DIFFER'}",
                flush=True,
            )
            ratios["all layers"].append(of_full / of_kept)
            ratios["the same groups, nothing kept"].append(of_plain / of_kept)
        for name, values in ratios.items():
            middle, low, high = statistics.median(values), min(values), max(values)
            print(f"against {name}: {middle:.2f} times as fast ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
