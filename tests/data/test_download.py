"""Downloads from a server of this process: whole, checked, refused in one line, and as torchvision names them."""

import contextlib
import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torchvision

from clfcore import fetch
from clfcore.cli.main import main
from clfcore.data import download
from clfcore.data.download import FILES, Remote
from clfcore.errors import Failure, InputError
from clfcore.files import datasets_folder

CONTENT = {"a.gz": b"abc" * 50_000, "b.gz": b"xyz"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    for name, data in CONTENT.items():
        (tmp_path / name).write_bytes(data)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path))) as served:
        threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}/"
        served.shutdown()


def remotes(base: str) -> tuple[Remote, ...]:
    return tuple(Remote(name, base + name, hashlib.md5(data).hexdigest(), len(data)) for name, data in CONTENT.items())


def test_files_come_whole_with_progress_and_once(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "mnist", remotes(server))
    seen: list[tuple[int, int]] = []
    folder = download.download("mnist", progress=lambda done, total: seen.append((done, total)))
    assert folder == datasets_folder() / "mnist"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT
    assert seen[-1] == (150_003, 150_003)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    monkeypatch.setattr(fetch.urllib.request, "urlopen", lambda *_, **__: pytest.fail("fetched again"))
    download.download("mnist")


def test_a_wrong_digest_leaves_nothing(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = remotes(server)
    monkeypatch.setitem(FILES, "mnist", (first, Remote(second.name, second.url, "0" * 32, second.size)))
    with pytest.raises(Failure, match=r"b\.gz from 127.* is damaged"):
        download.download("mnist")
    assert [path.name for path in (datasets_folder() / "mnist").iterdir()] == ["a.gz"]


def test_a_host_out_of_reach_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(FILES, "cifar10", (Remote("a", "http://127.0.0.1:9/a", "0", 1),))
    assert main(["datasets", "download", "cifar10"]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "127.0.0.1:9 cannot be reached" in error
    assert "put its files into" in error


def test_what_has_no_files_is_refused() -> None:
    with pytest.raises(InputError, match="it must be one of mnist, fashion-mnist"):
        download.download("digits")


def test_digests_are_those_of_torchvision() -> None:
    sets = torchvision.datasets
    for name, known in (("mnist", sets.MNIST), ("fashion-mnist", sets.FashionMNIST)):
        assert {remote.name: remote.md5 for remote in FILES[name]} == dict(known.resources)
        assert all(remote.url.rsplit("/", 1)[0] + "/" in known.mirrors for remote in FILES[name])
    for name, known in (("cifar10", sets.CIFAR10), ("cifar100", sets.CIFAR100)):
        assert [(remote.url, remote.md5) for remote in FILES[name]] == [(known.url, known.tgz_md5)]


class Hostile(http.server.BaseHTTPRequestHandler):
    """A host that answers by the path's name."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        kind = self.path.rsplit("/", 1)[-1]
        self.send_response(302 if kind == "elsewhere" else 200)
        if kind == "elsewhere":
            self.send_header("Location", "file:///etc/hostname")
        if kind in ("endless", "chunks"):
            self.send_header("Transfer-Encoding", "chunked")
        if kind == "promises":
            self.send_header("Content-Length", str(10**12))
        if kind == "short":
            self.send_header("Content-Length", "1000")
        if kind == "nonsense":
            self.send_header("Content-Length", "many")
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            if kind == "chunks":
                self.wfile.write(b"5\r\nabcde\r\nzz\r\n")
            elif kind == "endless":
                while True:
                    self.wfile.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            else:
                self.wfile.write(b"x" * 100)
        self.close_connection = True


@pytest.fixture
def hostile() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as served:
        threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}/"
        served.shutdown()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("endless", "is larger than the 100 bytes"),
        ("promises", "is larger than the 100 bytes"),
        ("short", "broke off after 100 of 1,000 bytes"),
        ("chunks", "cannot be reached"),
        ("nonsense", "cannot be reached"),
        ("elsewhere", "cannot be reached"),
        ("damaged", "is damaged"),
    ],
)
def test_a_hostile_host_is_one_sentence_and_leaves_nothing(
    hostile: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, words: str
) -> None:
    monkeypatch.setitem(FILES, "mnist", (Remote("a.gz", hostile + kind, "0" * 32, 100),))
    assert main(["datasets", "download", "mnist"]) == 1
    text = capsys.readouterr().err
    assert words in text
    assert len(text.splitlines()) == 1
    assert [*(datasets_folder() / "mnist").iterdir()] == []


def test_a_host_that_drips_is_given_up(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "WINDOW", 0.0)
    monkeypatch.setattr(fetch, "LEAST", 1e12)
    monkeypatch.setitem(FILES, "mnist", (Remote("a.gz", hostile + "drip", "0" * 32, 100),))
    with pytest.raises(Failure, match="bytes a second"):
        download.download("mnist")
