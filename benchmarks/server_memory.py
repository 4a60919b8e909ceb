"""Memory of the app's server over many visits and predictions, with one classifier open, in Chromium.

Visits switch from page to page by the navigation; predictions drop photos that the server has not seen, some a tab, and
each tab is closed. Prints the server's resident memory along the way, how much it grew after the first fifth (in which
caches fill), and the median and 95th percentile of a warm switch of page until the script has run and nothing is stale.

    python benchmarks/server_memory.py [--visits 500] [--predictions 500]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.driver import ROOT, chromium, serving, settled

PATIENCE = 300_000  # milliseconds
A_TAB = 10  # photos of a tab
STILL = 20  # milliseconds without a change after which a switch is over


def photos(folder: Path, count: int) -> list[Path]:
    """Sample photos with some noise each, so that none is known to the server."""
    samples = sorted((ROOT / "assets" / "samples").glob("*.jpg"))
    rng, paths = np.random.default_rng(0), []
    for number in range(count):
        pixels = np.asarray(Image.open(samples[number % len(samples)]).convert("RGB").resize((640, 480))).astype(int)
        noisy = (pixels + rng.integers(-8, 9, pixels.shape)).clip(0, 255).astype(np.uint8)
        paths.append(folder / f"photo {number}.jpg")
        Image.fromarray(noisy).save(paths[-1])
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=500)
    parser.add_argument("--predictions", type=int, default=500)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as lab, serving(Path(lab)) as address, chromium() as browser:
        server = next(one for one in psutil.Process().children() if "streamlit" in " ".join(one.cmdline()))
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")

        def megabytes() -> float:
            return server.memory_info().rss / 1e6

        def told(what: str, levels: list[float]) -> None:
            fifth = levels[len(levels) // 5]
            print(
                f"{what}: {fifth:.0f} MB after a fifth, {levels[-1]:.0f} MB at the end ({levels[-1] - fifth:+.0f}), "
                f"at most {max(levels):.0f} MB",
                flush=True,
            )

        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        settled(page, timeout=PATIENCE)
        links = page.locator("[data-testid=stSidebarNavLink]")
        count, levels, seconds = links.count(), [], []
        for number in range(args.visits):
            started = time.perf_counter()
            links.nth(number % count).click()
            settled(page, timeout=PATIENCE, least=STILL)
            if number >= 2 * count:  # all pages are warm
                seconds.append(time.perf_counter() - started - STILL / 1000)
            levels.append(megabytes())
        told(f"{args.visits} visits", levels)
        if len(seconds) > 1:
            late = statistics.quantiles(seconds, n=20)[-1]
            print(f"a warm switch of page: median {statistics.median(seconds):.2f} s, 95th percentile {late:.2f} s")
        page.close()
        paths, levels = photos(Path(lab), args.predictions), []
        for first in range(0, len(paths), A_TAB):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{address}/predict")
            for path in paths[first : first + A_TAB]:
                page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(path)
                page.locator(".st-key-held").get_by_role("button", name=path.name).wait_for(timeout=PATIENCE)
                settled(page, timeout=PATIENCE)
                levels.append(megabytes())
            assert page.get_by_test_id("stException").count() == 0
            page.close()
        told(f"{args.predictions} predictions", levels)


if __name__ == "__main__":
    main()
