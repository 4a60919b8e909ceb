"""The Architectures page for every network of the catalogue: seconds until it stands in a real browser.

One server, past its first page (torch is loaded), real Chromium. `chosen`: from the choice in the list of networks to
the page with this network's parameter count and its diagram, nothing left to run; this is held against the limit.
`new tab`: the same from an address, with Streamlit's own start and Plotly's in it (`home` says how long the first page
takes there). `shapes`: the layer table alone, computed anew in this process. The server keeps what it computed; each
network is chosen before its address is opened, so its choice computes it.

    python benchmarks/architecture_pages.py [--limit 1.5] [--names resnet152,swin_t]

The times are the wall clock's: on a busy machine they say little of the app.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1]))
BEGUN = "resnet18"  # what the page shows before the first choice


def shapes(name: str) -> tuple[float, int]:
    """Seconds for the layer table, and the parameters that the page must name."""
    from clfcore.architectures.summary import table

    start = time.perf_counter()
    found = table(name)
    return time.perf_counter() - start, found.parameters


def stands(page: "Page", name: str, parameters: int) -> None:
    """Wait until the page shows this network's parameters and its diagram, and runs no more."""
    from tests.browser.driver import settled

    page.locator(f'a[href="train?architecture={name}"]').wait_for(timeout=60_000)  # the page is this network's
    page.get_by_test_id("stMetric").filter(has_text=f"{parameters:,}").wait_for(timeout=60_000)
    page.locator(".js-plotly-plot .scatterlayer").first.wait_for(timeout=60_000)
    settled(page, least=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=1.5, help="seconds")
    parser.add_argument("--names", help="some networks alone, separated by commas")
    args = parser.parse_args()

    import timm  # noqa: F401 - a warm process, as the server is

    from clfcore.architectures.catalogue import architectures
    from tests.browser.driver import chromium, serving, settled

    names = args.names.split(",") if args.names else [row.name for row in architectures()]
    shapes("lenet5")
    took: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as lab, serving(Path(lab)) as address, chromium() as browser:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(f"{address}/architectures?architecture={BEGUN}&beside=lenet5")
        settled(page, timeout=180_000)
        other = context.new_page()
        start = time.perf_counter()
        other.goto(address, wait_until="commit")
        other.locator("h1").first.wait_for()
        print(f"home in a new tab: {time.perf_counter() - start:.2f} s")
        other.close()
        print(f"{'network':26} {'shapes, s':>9} {'chosen, s':>9} {'new tab, s':>10}")
        for name in names:
            alone, parameters = shapes(name)
            box = page.get_by_role("combobox", name="Architecture").first
            box.click()
            box.fill(name)
            option = page.get_by_role("option", name=re.compile(rf"^{name}\b")).first
            option.wait_for()
            start = time.perf_counter()
            option.click()
            stands(page, name, parameters)
            chosen = time.perf_counter() - start
            other = context.new_page()
            start = time.perf_counter()
            other.goto(f"{address}/architectures?architecture={name}", wait_until="commit")
            stands(other, name, parameters)
            took[name] = chosen, time.perf_counter() - start
            other.close()
            print(f"{name:26} {alone:9.2f} {chosen:9.2f} {took[name][1]:10.2f}", flush=True)
    late = [name for name, (chosen, _) in took.items() if chosen > args.limit]
    middle = [statistics.median(times) for times in zip(*took.values(), strict=True)]
    print(f"medians: {middle[0]:.2f} s chosen, {middle[1]:.2f} s in a new tab")
    print(
        f"{len(names) - len(late)} of {len(names)} chosen within {args.limit:g} s; later: {', '.join(late) or 'none'}"
    )


if __name__ == "__main__":
    main()
