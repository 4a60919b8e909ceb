"""How long robustness takes on 200 test images, and what accuracy is left.

python benchmarks/robustness.py [DATA:ARCHITECTURE…]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

ITEMS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", default=["digits:lenet5", "clothing-small:efficientnet_lite0"])
    args = parser.parse_args()
    from clfcore import api
    from clfcore.parse_config import parse_config
    from clfcore.runs.create import create_run
    from clfcore.runs.execute import execute

    with tempfile.TemporaryDirectory(prefix="clflab-robustness-") as folder:
        for text in args.runs:
            spec, _, name = text.rpartition(":")
            run = create_run(parse_config({"data": spec, "architecture": name}), Path(folder))
            execute(run)
            start, own = time.perf_counter(), time.process_time()
            report = api.robustness([str(run.path)], items=ITEMS)
            (one,) = report.runs
            took = f"{time.perf_counter() - start:.0f} s ({time.process_time() - own:.0f} s of processor time)"
            print(f"{text}: {report.items} images x 37 predictions in {took}")
            print(f"  {one.clean:.1%} right on clean images, {one.corrupted:.1%} on corrupted ones")


if __name__ == "__main__":
    main()
