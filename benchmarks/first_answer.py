"""A server's first page and its first answer, in Chromium: seconds from `streamlit run`, medians of N cold servers.

Promise: the first page within 2.5 s, and within 60 s of `make run`, with no network, the first answer to a photo: a
sample clicked on Home, its classes and its map on Predict. `page` counts from the start of the server's process to the
heading and its drop zone, `answer` from there on to the top class, `map` to where the network looked. A server is a
process of its own; the browser runs already. The operating system has the files in its memory after the first server.

    python benchmarks/first_answer.py [N]

The times are the wall clock's: on a busy machine they say little of the app. So each server is held against one whose
page is a bare title, `bare`: what Streamlit and Chromium take by themselves, the floor of `page`. `processor` is what
the server itself used until the first page.
"""

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from playwright.sync_api import Browser

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.driver import ROOT, chromium, chromium_path, serving

PROMISED = {"page": 2.5, "answer": 60.0}
PATIENCE = 300_000  # milliseconds


def bare_visit(browser: "Browser") -> float:
    """Seconds of one cold server of a page that is a title alone, with the lab's settings."""
    with tempfile.TemporaryDirectory() as lab:
        shutil.copytree(ROOT / ".streamlit", Path(lab, ".streamlit"))
        Path(lab, "app.py").write_text('import streamlit as st\n\nst.title("A title")\n', encoding="utf-8")
        began = time.perf_counter()
        with serving(Path(lab), root=Path(lab)) as address:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(address)
            page.get_by_role("heading", name="A title").wait_for(timeout=PATIENCE)
            seconds = time.perf_counter() - began
            page.close()
            return seconds


def first_visit(browser: "Browser") -> dict[str, float]:
    """Seconds of one cold server with an empty lab."""
    with tempfile.TemporaryDirectory() as lab:
        began = time.perf_counter()
        with serving(Path(lab)) as address:
            server = next(one for one in psutil.Process().children() if "streamlit" in " ".join(one.cmdline()))
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.goto(address)
            page.get_by_role("heading", name="A lab for image classification").wait_for(timeout=PATIENCE)
            page.locator(".st-key-drop button", has_text="Upload").wait_for(timeout=PATIENCE)
            seconds = {"page": time.perf_counter() - began, "processor": sum(server.cpu_times()[:2])}
            page.get_by_role("link", name="Cat").click(timeout=PATIENCE)
            page.get_by_text("Egyptian cat").first.wait_for(timeout=PATIENCE)
            seconds["answer"] = time.perf_counter() - began
            page.get_by_alt_text(re.compile("^Where it looked")).wait_for(timeout=PATIENCE)
            seconds["map"] = time.perf_counter() - began
            context.close()
            return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", type=int, nargs="?", default=5)
    servers = parser.parse_args().servers
    if chromium_path() is None:
        sys.exit("there is no Chromium here: install the packages chromium and chromium-driver")
    with chromium() as browser:
        visits = []
        for number in range(1, servers + 1):
            visits.append({"bare": bare_visit(browser)} | first_visit(browser))
            print(f"server {number}: " + ", ".join(f"{name} {value:.1f} s" for name, value in visits[-1].items()))
    print(f"{servers} cold servers, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in visits[0]:
        values = [visit[name] for visit in visits]
        promise = f", promised {PROMISED[name]:g}" if name in PROMISED else ""
        print(f"{name}: median {statistics.median(values):.1f} s (least {min(values):.1f}{promise})")


if __name__ == "__main__":
    main()
