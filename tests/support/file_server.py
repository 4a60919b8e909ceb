"""A server on loopback that gives files well or badly, as their path says, and a hub of weights as Hugging Face's."""

import contextlib
import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FileServer:
    """base: its address; files: content by path; requests: what was asked for, `METHOD /path from-byte`.

    ranges: whether it goes on from a byte. break_after: bytes after which it hangs up. hold: until it is set, the
    server sends nothing after the first half of a file.
    """

    base: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    ranges: bool = True
    break_after: int | None = None
    hold: threading.Event | None = None
    half_sent: threading.Event = field(default_factory=threading.Event)
    linked: dict[str, str] = field(default_factory=dict)  # path on the hub -> path of its content
    digests: dict[str, str] = field(default_factory=dict)  # of a path, where it is not the content's

    def put_on_hub(self, repository: str, content: bytes, name: str = "model.safetensors") -> None:
        """Have the hub give a file of a repository, by a redirect to a path of its own."""
        path = f"/blobs/{hashlib.sha256(repository.encode()).hexdigest()[:12]}"
        self.files[path] = content
        self.linked[f"/{repository}/resolve/main/{name}"] = path


@contextlib.contextmanager
def serving() -> Iterator[FileServer]:
    """A server that runs until the block ends."""
    state = FileServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(match.group(1)) if match and state.ranges else 0
            state.requests.append(f"{self.command} {self.path} {start}")
            linked = state.linked.get(self.path)
            data = state.files.get(linked or self.path)
            if data is None:
                self.send_error(404)
                return
            if linked:
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{self.server.server_address[1]}{linked}")
                digest = state.digests.get(self.path) or hashlib.sha256(data).hexdigest()
                self.send_header("X-Linked-Etag", f'"{digest}"')
                self.send_header("X-Linked-Size", str(len(data)))
                self.send_header("X-Repo-Commit", REVISION)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if start >= len(data) > 0:
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            if body:
                with contextlib.suppress(OSError):
                    self._send(data[start:])

        def _send(self, data: bytes) -> None:
            if state.break_after is not None:
                self.wfile.write(data[: state.break_after])
                self.close_connection = True
                return
            half = len(data) // 2
            self.wfile.write(data[:half])
            self.wfile.flush()
            state.half_sent.set()
            if state.hold is not None:
                state.hold.wait(30)
            self.wfile.write(data[half:])

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        served.daemon_threads = True
        state.base = f"http://127.0.0.1:{served.server_address[1]}"
        threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield state
        finally:
            if state.hold is not None:
                state.hold.set()
            served.shutdown()
