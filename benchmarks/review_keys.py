"""How long the server takes for a key in the queue of Review: 50 suspects decided in a real browser.

    python benchmarks/review_keys.py [--data SPEC] [--keys 50]

Of each key the time between the message that the browser sends and the last one that it receives for it, on this
machine, and the processor time that the server spends on it, which other work on the machine does not lengthen. The
quality checks and the embeddings are done before. The aim is 300 ms.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.driver import chromium, serving, settled

QUIET = 0.25  # seconds without a message, after which a key is done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="clothing-small")
    parser.add_argument("--keys", type=int, default=50)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        client = page.context.new_cdp_session(page)
        client.send("Network.enable")
        frames: list[tuple[str, float]] = []  # sent or received, and when
        for kind in ("Sent", "Received"):
            client.on(
                f"Network.webSocketFrame{kind}", lambda event, kind=kind: frames.append((kind, event["timestamp"]))
            )
        page.goto(f"{address}/review?data={args.data}&from=suspects")
        settled(page)
        page.get_by_role("button", name="Check quality").click()
        page.get_by_text("The nearest training images, with").wait_for(timeout=600_000)
        settled(page)
        page.wait_for_timeout(2000)
        seconds, before = [], server_seconds()
        for number in range(args.keys):
            name = page.locator(".clf-title").first.inner_text()
            frames.clear()
            page.keyboard.press("akd"[number % 3])
            page.wait_for_function(
                "name => document.querySelector('.clf-title').innerText !== name", arg=name, timeout=30_000
            )
            last, since = len(frames), time.monotonic()
            while time.monotonic() - since < QUIET:
                page.wait_for_timeout(50)
                if len(frames) != last:
                    last, since = len(frames), time.monotonic()
            begin = next(at for kind, at in frames if kind == "Sent")
            seconds.append(max(at for kind, at in frames if kind == "Received") - begin)
        spent = 1000 * (server_seconds() - before) / args.keys
        ms = 1000 * np.array(seconds)
        print(
            f"{args.data}, {len(ms)} keys: median {np.median(ms):.0f} ms, 95% within {np.percentile(ms, 95):.0f}, "
            f"slowest {ms.max():.0f}; {int((ms <= 300).sum())} within 300 ms; "
            f"processor time of the server {spent:.0f} ms a key"
        )
        print("ms a key:", " ".join(f"{value:.0f}" for value in ms))


def server_seconds() -> float:
    """Processor seconds that the server, this process's child, has spent so far (Linux)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and b"streamlit" in (path.parent / "cmdline").read_bytes():
                return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return float("nan")


if __name__ == "__main__":
    main()
