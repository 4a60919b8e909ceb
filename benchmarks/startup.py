"""How long a start takes: `--help`, `import clfcore`, the first page of a fresh server, and each switch of page.

    python benchmarks/startup.py [CHECKOUT ...] [--rounds N] [--no-browser]

CHECKOUT: folders of the lab to hold against each other, such as a worktree of before and one of after; left out, this
one. The sides take turns within a round, so that all meet the same machine, and with this interpreter. Prints the
median of each side in seconds and, for two, the second's as a multiple of the first's. A switch of page is clicked in
the navigation after a first visit of each page, and ends when the script has run and nothing is stale.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

Seconds = dict[str, list[float]]  # by what was timed
PATIENCE = 300_000  # milliseconds
COMMANDS = {"help": ("-m", "clfcore", "--help"), "import clfcore": ("-c", "import clfcore")}


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def time_commands(side: Path, seconds: Seconds) -> None:
    """Each command once, in a process of its own."""
    for name, words in COMMANDS.items():
        command = [sys.executable, *words]
        seconds[name].append(
            seconds_of(lambda: subprocess.run(command, cwd=side, check=True, stdout=subprocess.DEVNULL))  # noqa: B023
        )


def time_pages(side: Path, seconds: Seconds) -> None:
    """A fresh server: its start, its first page, and a switch to each page that was visited once before."""
    from tests.browser.driver import chromium, serving, settled

    with tempfile.TemporaryDirectory() as lab, chromium() as browser:
        started = time.perf_counter()
        with serving(Path(lab), root=side) as address:
            seconds["server"].append(time.perf_counter() - started)
            page = browser.new_page(viewport={"width": 1440, "height": 900})

            def first() -> None:
                page.goto(address)
                page.wait_for_selector("h1", timeout=PATIENCE)

            seconds["first page"].append(seconds_of(first))
            settled(page, timeout=PATIENCE)
            links = page.locator("[data-testid=stSidebarNavLink]")
            names = links.all_inner_texts()
            for visit in range(2):
                for place, name in enumerate(names):

                    def switch() -> None:
                        links.nth(place).click()  # noqa: B023
                        settled(page, timeout=PATIENCE)

                    taken = seconds_of(switch)
                    if visit:
                        seconds[f"switch to {name.strip().splitlines()[-1]}"].append(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", nargs="*", type=Path, default=[ROOT], metavar="CHECKOUT")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--no-browser", action="store_true", help="time the commands alone")
    args = parser.parse_args()
    sides = [side.resolve() for side in args.checkouts]
    seconds: list[Seconds] = [defaultdict(list) for _ in sides]
    for number in range(args.rounds):
        order = list(zip(sides, seconds, strict=True))
        for side, taken in order if number % 2 == 0 else reversed(order):  # neither is always the one that comes first
            time_commands(side, taken)
            if not args.no_browser:
                time_pages(side, taken)
    print(f"medians of {args.rounds} rounds in seconds; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for place, side in enumerate(sides, 1):
        print(f"{place}: {side}")
    for name in seconds[0]:
        medians = [statistics.median(taken[name]) for taken in seconds if taken[name]]
        ratio = f"  x {medians[1] / medians[0]:.2f}" if len(medians) == 2 else ""
        print(f"{name:24}" + "".join(f"{median:9.3f}" for median in medians) + ratio)


if __name__ == "__main__":
    main()
