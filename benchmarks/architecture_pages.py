"""The Architectures page for every network of the catalogue: seconds until it stands in a real browser.

One server, past its first page (torch is loaded), real Chromium, a new tab a network. Measured is the time from the
address to the page with this network's parameter count and its diagram; `shapes` is the layer table alone, computed
anew in this process. The server keeps what it computed, so each network is opened for the first time.

    python benchmarks/architecture_pages.py [--limit 1.5] [--names resnet152,swin_t]

The time is the wall clock's: on a busy machine it says little of the app.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def shapes(name: str) -> tuple[float, int]:
    """Seconds for the layer table, and the parameters that the page must name."""
    from clfcore.architectures.inspect import table

    start = time.perf_counter()
    found = table(name)
    return time.perf_counter() - start, found.parameters


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=1.5, help="seconds")
    parser.add_argument("--names", help="some networks alone, separated by commas")
    given = parser.parse_args()

    import timm  # noqa: F401 - a warm process, as the server is

    from clfcore.architectures.catalogue import architectures
    from tests.browser.driver import chromium, serving, settled

    names = given.names.split(",") if given.names else [row.name for row in architectures()]
    shapes("lenet5")
    slow = []
    with tempfile.TemporaryDirectory() as lab, serving(Path(lab)) as address, chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        first = context.new_page()
        first.goto(f"{address}/architectures?architecture=resnet18&beside=lenet5")
        settled(first, timeout=180_000)
        first.close()
        print(f"{'network':26} {'shapes, s':>9}  {'page, s':>7}")
        for name in names:
            alone, parameters = shapes(name)
            page = context.new_page()
            start = time.perf_counter()
            page.goto(f"{address}/architectures?architecture={name}", wait_until="commit")
            page.get_by_test_id("stMetric").filter(has_text=f"{parameters:,}").wait_for(timeout=60_000)
            page.locator(".js-plotly-plot .scatterlayer").first.wait_for(timeout=60_000)
            seconds = time.perf_counter() - start
            page.close()
            slow += [name] * (seconds > given.limit)
            print(f"{name:26} {alone:9.2f}  {seconds:7.2f}", flush=True)
    print(
        f"{len(names) - len(slow)} of {len(names)} pages within {given.limit:g} s; later: {', '.join(slow) or 'none'}"
    )


if __name__ == "__main__":
    main()
