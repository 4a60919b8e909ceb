"""The exported web page against `predict`: share of the same answers, bytes, and milliseconds a photo.

    python benchmarks/web_page.py RUN PHOTOS_FOLDER [--photos 300] [--page page.html]

Opens the page from the disk in headless Chromium with the network refused. Exits with 1 below 99.5% agreement.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

from clfcore import api
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import open_classifier
from clfcore.runs.temperature import temperature_of
from tests.browser.driver import chromium

LEAST = 0.995
BATCH = 25
READ = """() => [...document.querySelectorAll('article')].map(card => ({
    labels: [...card.querySelectorAll('.label')].map(label => label.textContent),
    shares: [...card.querySelectorAll('.probability')].map(share => parseFloat(share.textContent)),
    ms: parseFloat(/in (\\d+) ms/.exec(card.textContent)?.[1] ?? 'NaN'),
}))"""


def answers(page_path: Path, photos: list[Path]) -> list[dict]:
    """What the page shows for each photo."""
    rows = []
    with chromium() as browser:
        context = browser.new_context(offline=True)
        context.route("http*://**/*", lambda route: route.abort())
        page = context.new_page()
        start = time.perf_counter()
        page.goto(page_path.as_uri())
        page.locator("html[data-state=ready]").wait_for(state="attached", timeout=300_000)
        print(f"ready after {time.perf_counter() - start:.1f} s", flush=True)
        for first in range(0, len(photos), BATCH):
            batch = photos[first : first + BATCH]
            page.locator("#file").set_input_files(batch)
            page.locator("article").nth(len(batch) - 1).wait_for(timeout=600_000)
            rows += page.evaluate(READ)
            page.evaluate("document.getElementById('results').replaceChildren()")
            print(f"{len(rows)} of {len(photos)}", end="\r", file=sys.stderr)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--page", type=Path, help="an exported page of the run; else one is made")
    args = parser.parse_args()
    photos = sorted(path for path in args.folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    photos = photos[:: max(1, len(photos) // args.photos)][: args.photos]
    with contextlib.ExitStack() as holding:
        page = args.page
        if page is None:
            page = Path(holding.enter_context(tempfile.TemporaryDirectory())) / "page.html"
            print(api.export(args.run, format="web", out=page).parity.describe())
        size = page.stat().st_size
        theirs = answers(page.resolve(), photos)
    classifier = open_classifier(args.run)
    fitted = classifier.folder is not None and temperature_of(Run(classifier.folder)) is not None
    mine = api.predict(args.run, [str(photo) for photo in photos], calibrated=fitted).predictions
    same, gaps = 0, []
    for photo, shown, expected in zip(photos, theirs, mine, strict=True):
        top = expected.top or ()
        same += shown["labels"][:1] == [row.label for row in top[:1]]
        known = {row.label: 100 * row.probability for row in top}
        pairs = zip(shown["labels"], shown["shares"], strict=True)
        gaps += [abs(share - known[label]) for label, share in pairs if label in known]
        if shown["labels"][:1] != [row.label for row in top[:1]]:
            print(f"{photo.name}: page {shown['labels'][:2]} {shown['shares'][:2]}, predict {list(known.items())[:2]}")
    print(f"the same answer: {same} of {len(photos)} ({100 * same / len(photos):.2f}%)")
    print(f"largest difference of a probability: {max(gaps):.2f} points, mean {statistics.mean(gaps):.3f}")
    print(f"page: {size / 1e6:.2f} MB")
    print(f"median of one photo's network: {statistics.median(row['ms'] for row in theirs):.0f} ms")
    return 0 if same >= LEAST * len(photos) else 1


if __name__ == "__main__":
    sys.exit(main())
