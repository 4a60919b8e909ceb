"""How long the Explain page takes for a picture it has not seen: three classifiers x four methods, warm, in Chromium.

    python benchmarks/explain_page.py

The classifiers are efficientnet_lite0 with ImageNet weights and two runs of it on `shapes`, all opened by a first
picture. For each further sample photo: seconds from the click to the twelfth map on screen, and processor seconds that
the server spent; then the same for a picture whose maps are kept.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

METHODS = ("gradcam", "layercam", "hirescam", "saliency")
SAMPLES = ("cat", "coat", "rocket", "sandals", "t-shirt")


def two_runs(folder: Path) -> list[str]:
    """Two feature extractions of efficientnet_lite0 on a few shapes."""
    from clfcore.api import train
    from clfcore.config import make

    config = {"data": "shapes:count=60,side=64", "architecture": "efficientnet_lite0"}
    return [train(make({**config, "recipe": {"seed": seed}}), runs=folder).run for seed in (0, 1)]


def processor_seconds(pids: list[int]) -> float:
    """User and system time of processes, from /proc (Linux)."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children() -> list[int]:
    own = os.getpid()
    return [int(pid) for task in Path(f"/proc/{own}/task").iterdir() for pid in (task / "children").read_text().split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    from tests.browser.driver import chromium, serving, settled

    drawn = """([name, count]) => {
        const shown = [...document.querySelectorAll('h3')].some((h) => h.textContent.includes(name));
        const maps = [...document.querySelectorAll('.clf-maps')];
        const images = maps.flatMap((m) => [...m.querySelectorAll('figure:not(:first-child) img')]);
        const sees = maps.every((m) => m.querySelector('img').alt.startsWith(name));
        return shown && sees && images.length === count && images.every((i) => i.complete);
    }"""
    with tempfile.TemporaryDirectory() as home:
        os.environ["CLFLAB_CACHE"] = str(Path(home) / "cache")
        models = ["efficientnet_lite0", *two_runs(Path(home) / "runs")]
        with serving(Path(home)) as address, chromium() as browser:
            server = children()[:1]
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            query = "&".join([f"model={name}" for name in models] + [f"method={name}" for name in METHODS])
            page.goto(f"{address}/explain?sample=coffee&{query}")
            settled(page, timeout=300_000)
            page.wait_for_function(drawn, arg=["coffee.jpg", 12], timeout=300_000)
            walls, spent = [], []
            for name in SAMPLES:
                start, before = time.perf_counter(), processor_seconds(server)
                page.get_by_role("button", name=name, exact=False).first.click()
                page.wait_for_function(drawn, arg=[f"{name}.jpg", 12], timeout=300_000)
                walls.append(time.perf_counter() - start)
                spent.append(processor_seconds(server) - before)
                settled(page, timeout=300_000)
                print(f"{name}: {walls[-1]:.2f} s to the twelfth map, {spent[-1]:.2f} processor seconds", flush=True)
            start = time.perf_counter()
            page.get_by_role("button", name="cat", exact=False).first.click()
            page.wait_for_function(drawn, arg=["cat.jpg", 12], timeout=300_000)
            print(f"cat again, from memory: {time.perf_counter() - start:.2f} s")
    print(
        f"median {statistics.median(walls):.2f} s, {statistics.median(spent):.2f} processor seconds; load average "
        f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores (2 when nothing else runs)"
    )


if __name__ == "__main__":
    main()
