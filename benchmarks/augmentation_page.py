"""How quickly do the views of the Augmentations page follow a slider? In Chromium, from the key press to the pictures.

The real server and a headless Chromium on this machine: a photo at 224 pixels under `basic`, the original and 16 views.
A key moves a slider, and the clock stops when every picture of the grid is another and has been drawn. Aim: 300 ms.

    python benchmarks/augmentation_page.py [--moves 20]
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page

from tests.browser.driver import chromium, serving, settled

SLIDERS = ("Zoom", "Degrees", "Brightness")
# Resolves to milliseconds from the next key press to the frame after the views have all been drawn anew.
FOLLOWED = """() => { window.followed = new Promise(done => {
    const views = () => [...document.querySelectorAll('.clf-cards img')].slice(1);
    const before = views().map(view => view.src);
    let pressed = null;
    document.addEventListener('keydown', () => { pressed = performance.now() }, {once: true, capture: true});
    const look = () => {
        const now = views();
        const anew = now.length === before.length && now.every((view, i) => view.src !== before[i] && view.complete);
        if (pressed !== null && anew) requestAnimationFrame(() => done(performance.now() - pressed));
        else requestAnimationFrame(look);
    };
    look();
}) }"""


def follow(page: Page, slider: str, moves: int) -> list[float]:
    """Milliseconds of each move, the first (which warms up) left out."""
    found = []
    for move in range(moves + 1):
        page.get_by_role("slider", name=slider).first.focus()
        page.evaluate(FOLLOWED)
        page.keyboard.press("ArrowRight" if move % 2 else "ArrowLeft")
        found.append(page.evaluate("() => window.followed"))
        page.wait_for_timeout(400)
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=20, help="of each slider")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as lab, serving(Path(lab)) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/augmentations?policy=basic")
        settled(page, timeout=120_000)
        page.get_by_text("Upload", exact=True).first.click()
        page.get_by_label("Views", exact=True).first.fill("16")
        page.keyboard.press("Enter")
        settled(page, timeout=120_000)
        shown = page.locator(".clf-cards img").count()
        print(f"a photo and {shown - 1} views at 224 pixels under `basic`, {args.moves} moves of a slider")
        for slider in SLIDERS:
            found = sorted(follow(page, slider, args.moves))
            share = sum(one <= 300 for one in found) / len(found)
            print(
                f"  {slider:10} {statistics.median(found):5.0f} ms in the middle, {found[0]:4.0f} at best, "
                f"{found[-1]:5.0f} at worst, {100 * share:3.0f}% within 300 ms"
            )


if __name__ == "__main__":
    main()
