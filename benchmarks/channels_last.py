"""Is a training step faster with channels innermost? Forward and backward of several networks, both ways in turn.

Prints, for each network, the median over the rounds of the time with channels outermost, by that with channels
innermost, as `recipe.channels_last` has it: above 1, innermost is the faster.

    python benchmarks/channels_last.py [--rounds 7] [--threads N]
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as the command line has it
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

# name, channels, side, images a batch, steps a round
NETWORKS = (
    ("lenet5", 1, 28, 64, 15),
    ("lenet5", 1, 28, 128, 15),
    ("resnet18_small", 3, 32, 32, 3),
    ("vgg11_bn_small", 3, 32, 32, 3),
    ("mobilenet_v3_small_small", 3, 32, 32, 10),
    ("efficientnet_lite0", 3, 96, 16, 3),
    ("resnet18", 3, 96, 16, 3),
    ("alexnet", 3, 96, 16, 3),
    ("vit_b_16", 3, 32, 8, 3),
)


def prepared(name: str, channels: int, side: int, *, last: bool):
    """A fresh network in training as `training.loop.State` places it, and the state that places its batches."""
    from clfcore.architectures.build import build
    from clfcore.training.loop import State

    torch.manual_seed(0)
    module = build(name, columns=10, channels=channels, image_size=side).module.train()
    solver = torch.optim.SGD(module.parameters(), lr=0.01)
    return State(module, solver, torch.device("cpu"), channels_last=last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, help="of torch (default: as torch has it)")
    args = parser.parse_args()
    from clfcore.device import keep_freed_memory

    keep_freed_memory()
    if args.threads:
        torch.set_num_threads(args.threads)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {args.rounds} rounds in turn")
    for name, channels, side, batch, steps in NETWORKS:
        states = {last: prepared(name, channels, side, last=last) for last in (False, True)}
        x, y = torch.randn(batch, channels, side, side), torch.randint(0, 10, (batch,))
        ratios = []
        for _ in range(args.rounds):
            took = {}
            for last, state in states.items():
                placed, start = state.placed(x), time.perf_counter()
                for _ in range(steps):
                    torch.nn.functional.cross_entropy(state.model(placed), y).backward()
                    state.optimizer.zero_grad(set_to_none=True)
                took[last] = time.perf_counter() - start
            ratios.append(took[False] / took[True])
        what = f"{name}, {batch} x {channels} x {side} x {side}"
        print(f"{what:44} x{statistics.median(ratios):.2f}  ({min(ratios):.2f} to {max(ratios):.2f})", flush=True)


if __name__ == "__main__":
    main()
