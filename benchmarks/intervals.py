"""Do 95% intervals hold the truth in 93 to 97 of 100 samples? Accuracy and paired differences, from 200 items on.

Wanted: coverage between 93 and 97% for the Wilson interval of accuracy (summed exactly over all outcomes) and for the
interval of a paired difference (simulated: two runs on the same items, many samples, from a seed). Beside them, how
often two equal runs are told apart (at most 5%), how often a planted difference of 5 points on 1,000 items is found,
and how often five equal runs yield any false finding after Holm's correction.

    python benchmarks/intervals.py [SAMPLES]
"""

import argparse
import sys
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import binom

sys.path.insert(0, str(Path(__file__).parents[1]))

from clfcore.evaluation.compare import LEVEL, difference_interval, holm, mcnemar
from clfcore.evaluation.intervals import wilson

ITEMS = (200, 373, 1000, 5000)
ACCURACIES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.934, 0.95, 0.97)
# share of items that only a, and only b, gets right
PAIRS = ((0.02, 0.02), (0.03, 0.08), (0.05, 0.05), (0.05, 0.1), (0.1, 0.1), (0.15, 0.05), (0.2, 0.25))


def accuracy_coverage(n: int, p: float) -> float:
    """Exact: the probability of all outcomes whose interval holds p."""
    k = np.arange(n + 1)
    likely = binom.pmf(k, n, p)
    held = [low <= p <= high for low, high in (wilson(int(i), n) for i in k)]
    return float(likely @ held)


@cache
def ends(only_a: int, only_b: int, n: int) -> tuple[float, float]:
    return tuple(difference_interval(only_a, only_b, n, resamples=2000))


def paired_coverage(n: int, only_a: float, only_b: float, samples: int) -> float:
    drawn = np.random.default_rng(n).multinomial(n, [only_a, only_b, 1 - only_a - only_b], size=samples)
    truth = only_b - only_a
    held = 0
    for a, b, _ in drawn.tolist():
        low, high = ends(a, b, n)
        held += low - 1e-12 <= truth <= high + 1e-12
    return held / samples


def found(n: int, only_a: float, only_b: float, samples: int) -> float:
    """How often the exact test tells two runs apart."""
    drawn = np.random.default_rng(n + 1).multinomial(n, [only_a, only_b, 1 - only_a - only_b], size=samples)
    return float(np.mean([mcnemar(a, b) < LEVEL for a, b, _ in drawn.tolist()]))


def any_false_finding(n: int, runs: int, samples: int) -> float:
    """How often any pair among runs of equal accuracy is told apart, after Holm's correction."""
    rng = np.random.default_rng(n + 2)
    wrong = 0
    for _ in range(samples):
        hard = rng.random(n) < 0.2  # items that chance decides
        right = [~hard | (rng.random(n) < 0.5) for _ in range(runs)]
        counts = [
            (int((right[i] & ~right[j]).sum()), int((right[j] & ~right[i]).sum()))
            for i in range(runs)
            for j in range(i)
        ]
        wrong += min(holm([mcnemar(*pair) for pair in counts])) < LEVEL
    return wrong / samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samples", type=int, nargs="?", default=2000)
    samples = parser.parse_args().samples
    print("accuracy, Wilson, exact coverage in %, by true accuracy")
    print(" " * 8 + "".join(f"{p:8.3f}" for p in ACCURACIES))
    shares = {n: [accuracy_coverage(n, p) for p in ACCURACIES] for n in ITEMS}
    for n, row in shares.items():
        print(f"{n:6,}  " + "".join(f"{100 * share:8.1f}" for share in row))
    print(f"\npaired difference, coverage in % of {samples:,} samples, by shares that only one gets right")
    print(" " * 8 + "".join(f"{a:g}, {b:g}".rjust(12) for a, b in PAIRS))
    paired = {n: [paired_coverage(n, a, b, samples) for a, b in PAIRS] for n in ITEMS}
    for n, row in paired.items():
        print(f"{n:6,}  " + "".join(f"{100 * share:12.1f}" for share in row))
    every = [share for rows in (shares, paired) for row in rows.values() for share in row]
    print(f"\nleast {100 * min(every):.1f}%, most {100 * max(every):.1f}%")
    print(f"two equal runs on 1,000 items told apart: {100 * found(1000, 0.05, 0.05, samples):.1f}%")
    print(f"a difference of 5 points on 1,000 items found: {100 * found(1000, 0.04, 0.09, samples):.1f}%")
    print(f"any of 10 pairs of 5 equal runs told apart: {100 * any_false_finding(1000, 5, samples // 5):.1f}%")


if __name__ == "__main__":
    main()
