"""The real server and a real Chromium, for the browser tests and for the screenshots."""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
# The script has run, no spinner turns, nothing is stale and no thread is waited for: since so many milliseconds.
STILL = """([least, wait]) => {
    const main = document.querySelector('[data-testid=stMainBlockContainer]');
    const still = main && main.querySelector('h1')
        && document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
        && !document.querySelector('[data-testid=stSpinner], [data-stale=true], [data-testid=stSkeleton]')
        && !/Reading and checking|Building the network/.test(main.innerText);
    if (!still || window.stillWait !== wait) window.stillSince = performance.now();
    window.stillWait = wait;
    return still && performance.now() - window.stillSince >= least;
}"""
_WAITS = itertools.count()
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextlib.contextmanager
def serving(folder: Path, log: Path | None = None, *, root: Path = ROOT) -> Iterator[str]:
    """The app of a checkout on a free port with all that it writes in `folder`; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = {
        "CLFLAB_RUNS": "runs",
        "CLFLAB_DATASETS": "datasets",
        "CLFLAB_CACHE": "cache",
        "CLFLAB_VERDICTS": "verdicts",
        "CLFLAB_POLICIES": "policies",
        "CLFLAB_CRASHES": "crashes",
        "CLFLAB_LESSONS": "lessons",
    }
    environment = os.environ | {name: str(folder / part) for name, part in names.items()}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    with (log or folder / "server.log").open("w") as out:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:  # on a busy machine
                process.kill()
                process.wait()


def _wait_until_healthy(address: str, process: subprocess.Popen) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not come up")


def chromium_path() -> str | None:
    """Where the system has a Chromium; None where it has none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextlib.contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """The system's Chromium, headless; flags: more of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


def settled(page: Page, *, timeout: float = 60_000, least: int = 300) -> None:
    """Wait until the page has been still for `least` milliseconds; a click takes some to reach the script."""
    page.wait_for_function(STILL, arg=[least, next(_WAITS)], timeout=timeout, polling=50)
