"""How long a selection on the map of a dataset takes: a box over part of 10,000 points, in a real browser.

    python benchmarks/map_lasso.py [--items N] [--rounds R]

From letting go of the mouse until the number of selected images and the first of their cards stand beside the map. The
aim is 2 s. The pictures are shapes; that they are embedded and laid out before is printed, too.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.driver import chromium, serving, settled

PATIENCE = 1_800_000  # milliseconds that embedding and layout may take


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(f"{address}/data?data=shapes:count={args.items},side=32")
        settled(page)
        page.get_by_role("tab", name="Map").click()
        began = time.perf_counter()
        page.get_by_role("button", name="Draw the map").click()
        page.locator(".js-plotly-plot .nsewdrag").first.wait_for(timeout=PATIENCE)
        settled(page)
        print(
            f"embedded and laid out in {time.perf_counter() - began:.0f} s, load {os.getloadavg()[0]:.1f}", flush=True
        )
        seconds, chosen = [], []
        for number in range(args.rounds):
            taken, items = select(page, share=0.3 + 0.1 * number)
            seconds.append(taken)
            chosen.append(items)
        print(
            f"{args.items:,} points, {min(chosen):,} to {max(chosen):,} selected: median {np.median(seconds):.2f} s, "
            f"slowest {max(seconds):.2f} s"
        )


def select(page: Page, *, share: float) -> tuple[float, int]:
    """Seconds until a box over a share of the map's width and height is answered, and how many images it holds."""
    said = page.get_by_text(re.compile(r"^[\d,]+ images? selected\.$"))
    before = said.inner_text() if said.count() else ""
    plot = page.locator(".js-plotly-plot").first
    plot.hover()
    plot.locator('.modebar-btn[data-title="Box Select"]').click()
    area = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert area is not None
    left, top = area["x"] + area["width"] * 0.1, area["y"] + area["height"] * 0.1
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + area["width"] * share, top + area["height"] * share, steps=8)
    began = time.perf_counter()
    page.mouse.up()
    page.wait_for_function(
        """before => [...document.querySelectorAll('[data-testid=stCaptionContainer]')].some(
            one => /^[\\d,]+ images? selected\\.$/.test(one.innerText.trim()) && one.innerText.trim() !== before)
            && document.querySelector('.clf-card img')?.complete""",
        arg=before,
        timeout=60_000,
    )
    taken = time.perf_counter() - began
    settled(page)
    return taken, int(re.sub(r"\D", "", said.inner_text()))


if __name__ == "__main__":
    main()
