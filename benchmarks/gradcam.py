"""One Grad-CAM map against one forward pass of efficientnet_lite0 (random weights: speed does not depend on them).

Prints the ratio map / forward for our way and for the package's plain way, medians of alternated rounds, in one run.

    python benchmarks/gradcam.py [ROUNDS]
"""

import argparse
import statistics
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from clfcore.architectures.build import build
from clfcore.explain.dispatch import explain
from clfcore.explain.hooks import as_input
from clfcore.task import single_label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=30)
    rounds = parser.parse_args().rounds
    if rounds < 2:
        parser.error(f"ROUNDS is {rounds}: quartiles need 2 or more")
    torch.manual_seed(0)
    network = build("efficientnet_lite0", columns=1000)
    classifier = SimpleNamespace(
        name="efficientnet_lite0",
        module=network.module.eval(),
        preprocess=network.preprocess,
        task=single_label([str(i) for i in range(1000)]),
        lock=threading.RLock(),
    )
    square = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    x = as_input(classifier, square[None])
    module = classifier.module

    def forward() -> None:
        with torch.no_grad():
            module(x)

    def plain() -> np.ndarray:
        with GradCAM(module, [module.bn2]) as package:
            return package(x, [ClassifierOutputTarget(7)])[0]

    def ours() -> np.ndarray:
        return explain(classifier, square, target=7).values

    assert np.array_equal(ours(), plain()), "the maps differ"
    seconds: dict[str, list[float]] = {"forward": [], "plain": [], "ours": []}
    for _ in range(rounds):
        for name, call in (("forward", forward), ("ours", ours), ("plain", plain)):
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    median = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {rounds} rounds in turn, one 224 px picture")
    print(f"forward pass   {median['forward'] * 1e3:6.1f} ms")
    for name, words in (("ours", "Grad-CAM, ours"), ("plain", "Grad-CAM, plain")):
        ratios = [a / b for a, b in zip(seconds[name], seconds["forward"], strict=True)]
        print(
            f"{words:15s}{median[name] * 1e3:6.1f} ms, x{median[name] / median['forward']:.2f} of the medians, "
            f"x{statistics.median(ratios):.2f} median of the rounds (quartiles "
            f"{statistics.quantiles(ratios)[0]:.2f} to {statistics.quantiles(ratios)[2]:.2f}), equal to the bit"
        )


if __name__ == "__main__":
    main()
