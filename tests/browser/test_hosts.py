"""Who may open the lab: its own page under the machine's own names, and no other site's page."""

import base64
import http.client
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.driver import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
# Playwright's own thread runs one event loop: a second Chromium needs a process of its own.
REBOUND = """
import sys
from tests.browser.driver import chromium
with chromium("--host-resolver-rules=MAP evil.example 127.0.0.1") as browser:
    page = browser.new_page()
    refused = []
    page.on("websocket", lambda socket: socket.on("socketerror", lambda why: refused.append(why)))
    page.goto(sys.argv[1])
    while len(refused) < 2:  # it tries again
        page.wait_for_timeout(50)
    assert page.locator("h1").count() == 0
    assert page.locator("img").count() == 0
"""


def handshake(address: str, host: str, origin: str) -> int:
    """The status of a websocket's first answer."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    key = base64.b64encode(b"0123456789abcdef").decode()
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    for name, value in {
        "Host": host, "Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key,
    }.items():  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders()
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_machines_own_names_open_the_lab(address: str, host: str) -> None:
    port = urlsplit(address).port
    assert handshake(address, f"{host}:{port}", f"http://{host}:{port}") == 101


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.7"])
def test_a_foreign_name_is_refused_though_it_leads_here(address: str, host: str) -> None:
    port = urlsplit(address).port
    assert handshake(address, f"{host}:{port}", f"http://{host}:{port}") == 403
    assert handshake(address, f"127.0.0.1:{port}", f"http://{host}:{port}") == 403


def test_a_name_that_was_bound_to_this_machine_shows_nothing(address: str, photos: Path) -> None:
    port = urlsplit(address).port
    where = f"http://evil.example:{port}/data?data={photos}"
    done = subprocess.run([sys.executable, "-c", REBOUND, where], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_inside_another_sites_frame_nothing_can_be_clicked(address: str, browser: Browser, tmp_path: Path) -> None:
    """A file, for Chromium itself keeps pages of the network from framing this machine's."""
    (tmp_path / "other.html").write_text(f'<iframe src="{address}/runs" width="1200" height="800"></iframe>')
    page = browser.new_page()
    page.goto((tmp_path / "other.html").as_uri())
    framed = page.frame_locator("iframe")
    expect(framed.get_by_text("does not work inside another site's page")).to_be_visible(timeout=60_000)
    expect(framed.locator("body")).to_be_hidden()
    page.close()
