"""How often slices report anything where nothing is wrong: outcomes of a real run, shuffled 200 times.

    python benchmarks/slices.py [DATA]

The groups are those of a trained run's test images: classes, quarters, shapes and clusters. At most 10 of 200 draws may
report a group.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

DRAWS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default="digits")
    spec = parser.parse_args().data
    from clfcore.parse_config import parse_config
    from clfcore.quality import run_slices
    from clfcore.quality.slices import Group, find_slices
    from clfcore.runs.create import create_run
    from clfcore.runs.execute import execute

    caught: list[tuple[tuple[str, ...], np.ndarray, list[Group]]] = []

    def keep(ids: tuple[str, ...], right: np.ndarray, groups: list[Group]) -> tuple[()]:
        caught.append((ids, right, groups))
        return ()

    with tempfile.TemporaryDirectory(prefix="clflab-slices-") as folder:
        run = create_run(parse_config({"data": spec, "architecture": "lenet5", "recipe": {"epochs": 3}}), Path(folder))
        execute(run)
        with mock.patch.object(run_slices, "find_slices", keep):
            run_slices.slices_of_run(run)
    ((ids, right, groups),) = caught
    rng = np.random.default_rng(0)
    found = [any(one.significant for one in find_slices(ids, rng.permutation(right), groups)) for _ in range(DRAWS)]
    print(
        f"{spec}: {len(right)} test images, {right.mean():.1%} right, {len(groups)} groups; "
        f"{sum(found)} of {DRAWS} shuffled draws report any ({sum(found) / DRAWS:.1%}, at most 5% wanted)"
    )


if __name__ == "__main__":
    main()
