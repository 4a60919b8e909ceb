"""The eight lessons' experiments over several seeds: does each claim hold, and how long does it take?

    python benchmarks/lessons.py [--lessons 1,2,3] [--seeds 5] [--write]

Prints every finding, and for each lesson in how many seeds its claim held and the median of its time: the processor's,
of one thread, since machines are shared. `--write` puts the record into clfcore/lessons/recorded.json, which the page
and docs/lessons/ show beside the reader's own figures, and keeps the pictures of seed 0 for paper; lessons that are not
run keep theirs.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lessons", default="1,2,3,4,5,6,7,8", help="separated by commas")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from clfcore.files import write_json
    from clfcore.lessons.catalogue import lesson
    from clfcore.lessons.recorded import RECORD, summarize
    from clfcore.lessons.recorded_panels import record_panels

    machine = f"{os.cpu_count()} processors ({platform.machine()}), one thread"
    with tempfile.TemporaryDirectory() as home:
        for name in ("RUNS", "CACHE"):
            os.environ[f"CLFLAB_{name}"] = str(Path(home) / name.lower())
        for number in map(int, args.lessons.split(",")):
            row, findings, seconds = lesson(number), [], []
            for seed in range(args.seeds):
                began = time.process_time()
                finding = row.experiment(row.setting.default, seed, lambda done, total: None)
                seconds.append(time.process_time() - began)
                findings.append(finding)
                held = "holds" if finding.holds else "FAILS"
                print(f"{number}, seed {seed}, {seconds[-1]:.1f} s: {held}. {finding.sentence}", flush=True)
            recorded = summarize(findings, seconds=seconds, machine=machine, date=datetime.now(UTC).date().isoformat())
            print(f"{number}: the claim held in {recorded.held} of {recorded.seeds}, {recorded.seconds} s", flush=True)
            if args.write:
                stored = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
                write_json(RECORD, {**stored, str(number): recorded.as_json()})
                record_panels(number, findings[0].panels or (), step=None)


if __name__ == "__main__":
    main()
