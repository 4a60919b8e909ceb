"""Are two processes nearly twice as fast as one, and does a killed one cost no more than its epoch?

Speed: a network whose steps are bound by computing, one thread a process, in rounds that take turns: one process that
accumulates two batches; two processes that share a batch of twice the size; and two trainings at once that know
nothing of each other, which is all that the machine can give. Prints the images a second of each, and the medians of
the rounds' ratios to twice the speed of one; two cores that are otherwise idle are needed.

Kills: one of two processes is killed at random moments of short runs. Prints how long the others took to end, and
whether every run then read as interrupted and resumed to the end of an unbroken one, to the bit.

    python benchmarks/processes.py [--rounds 7] [--kills 50] [--architecture resnet18_small]
"""

import argparse
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

ENOUGH = 0.85  # of twice the speed
DATA = "shapes:count=364,side=32"  # 256 images to train on: whole batches of 64, for the last is not cut evenly


def trained(recipe: dict, *, data: str, architecture: str, processes: int):
    """A finished run of a configuration."""
    from clfcore.api import train
    from clfcore.config import make
    from clfcore.runs.folder import Run

    config = make({"data": data, "architecture": architecture, "recipe": {"device": "cpu", "seed": 0, **recipe}})
    return Run(train(config, processes=processes).path)


def rate(recipe: dict, data: str, architecture: str, processes: int) -> float:
    """Images a second in the last epoch of a run."""
    run = trained(recipe, data=data, architecture=architecture, processes=processes)
    return run.history[-1].images_per_second


def speed(rounds: int, architecture: str) -> bool:
    """Print the speeds; whether the median ratio is enough."""
    data, shared = DATA, {"epochs": 2, "augmentation": "none"}
    slices = {**shared, "batch_size": 32, "accumulation": 2}
    ratios, ceilings = [], []
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for number in range(rounds):
            one = rate(slices, data, architecture, 1)
            two = rate({**shared, "batch_size": 64}, data, architecture, 2)
            apart = sum(pool.starmap(rate, [(slices, data, architecture, 1)] * 2, chunksize=1))
            ratios.append(two / one / 2)
            ceilings.append(apart / one / 2)
            print(
                f"round {number + 1}: {one:.1f} images/s; two processes {two:.1f}, {ratios[-1]:.2f} of twice the "
                f"speed; two trainings that share nothing {apart:.1f}, {ceilings[-1]:.2f}",
                flush=True,
            )
    median, ceiling = statistics.median(ratios), statistics.median(ceilings)
    shares = [ratio / most for ratio, most in zip(ratios, ceilings, strict=True)]
    print(
        f"{architecture}, medians of {rounds} rounds: {median:.2f} of twice the speed (at least {ENOUGH}), where the "
        f"machine gives {ceiling:.2f}: {statistics.median(shares):.2f} of that"
    )
    return median >= ENOUGH


def kills(count: int) -> bool:
    """Print what became of runs of which a process was killed; whether all went well."""
    from clfcore.config import make
    from clfcore.errors import Failure
    from clfcore.resolved_config import with_name
    from clfcore.runs.create import create_run
    from clfcore.runs.execute import execute
    from clfcore.runs.processes import Processes, start_rank
    from tests.support.same_end import assert_same_end

    recipe = {"epochs": 6, "batch_size": 8, "image_size": 20, "augmentation": "basic", "device": "cpu"}
    config = with_name(make({"data": "shapes:count=300,side=20", "architecture": "lenet5", "recipe": recipe}))
    straight = create_run(config)
    began = time.perf_counter()
    execute(straight, crew=Processes(straight, 2))
    whole, chance = time.perf_counter() - began, random.Random(0)
    waits, killed, completed = [], 0, 0
    while killed < count:
        run, children, moment = create_run(config), [], {}

        def start(said, children=children):
            children.append(start_rank(said))
            return children[-1]

        def strike(children=children, moment=moment):
            children[-1].kill()
            moment["killed"] = time.perf_counter()

        timer = threading.Timer(chance.uniform(0.0, whole), strike)
        timer.start()
        try:
            execute(run, crew=Processes(run, 2, start=start))
        except Failure:
            waits.append(time.perf_counter() - moment["killed"])
            assert run.state == "interrupted", (run.state, run.message)
            killed += 1
            execute(run, crew=Processes(run, 2))
        else:
            completed += 1  # it was killed after its part was done
        timer.cancel()
        assert run.state == "completed"
        assert_same_end(straight, run)
        if killed % 10 == 0 and killed:
            print(f"{killed} killed, the longest wait for the end {max(waits):.2f} s", flush=True)
    print(f"{killed} runs interrupted and {completed} past it: all resumed to the same end, to the bit;")
    print(f"the first process ended at most {max(waits):.2f} s after a kill (median {statistics.median(waits):.2f} s)")
    return max(waits) < 30


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--architecture", default="resnet18_small")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clflab-") as folder:
        os.environ["CLFLAB_RUNS"] = folder
        quick = speed(args.rounds, args.architecture) if args.rounds else True
        safe = kills(args.kills) if args.kills else True
    return 0 if quick and safe else 1


if __name__ == "__main__":
    sys.exit(main())
