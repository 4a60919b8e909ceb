"""A container's folder: a Dockerfile and a small server of the Open Inference Protocol around predict.py.

It is verified through the server itself, as a process on the loopback address.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import numpy as np
from packaging.requirements import Requirement

from clfcore.errors import Failure
from clfcore.export import onnx_model, script
from clfcore.export.exportable import Exportable

NEEDS = (*onnx_model.NEEDS, "starlette", "uvicorn")
RUNTIME = (*script.RUNTIME, "starlette", "uvicorn")
START = 60.0  # seconds until a server has to be ready


def write(source: Exportable, folder: Path) -> None:
    """The folder: model, predict.py, server.py, Dockerfile, locked requirements, .dockerignore, README.md."""
    script.write_predictor(source, folder)
    shutil.copyfile(script.TEMPLATES / "server.py.txt", folder / "server.py")
    script.pinned(folder, sorted(locked(RUNTIME)))
    dockerfile = (script.TEMPLATES / "Dockerfile.txt").read_text(encoding="utf-8")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    (folder / "Dockerfile").write_text(dockerfile.replace("{python}", python), encoding="utf-8")
    (folder / ".dockerignore").write_text("*\n!requirements.txt\n!*.py\n!model.onnx\n!preprocess.json\n", "utf-8")
    tag = script.host_name(source.classifier.name)
    (folder / "README.md").write_text(
        f"1. Build: `docker build -t {tag} .`\n"
        f"2. Run: `docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8000:8000 {tag}`\n"
        "3. Ask: `curl --data-binary @photo.jpg http://127.0.0.1:8000/predict`"
        " (or the Open Inference Protocol below `/v2`)\n",
        encoding="utf-8",
    )


def locked(names: tuple[str, ...]) -> set[str]:
    """Some installed packages and all that they need in turn, by name, extras left out."""
    everything: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in everything:
            continue
        everything.add(name)
        for line in metadata.requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name.lower().replace("_", "-"))
    return everything


class Server:
    """The folder's server as a process, asked for logits by binary tensors; `close` ends it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(self.port), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-E", "-s", "-B", "server.py"],  # nothing of the lab on its path
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            self._wait()
            about = json.loads((folder / "preprocess.json").read_text(encoding="utf-8"))
            self._datatype = {"uint8": "UINT8", "float32": "FP32"}[about["input"]["dtype"]]
            self._model = script.address_name(about["name"])
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        until = time.monotonic() + START
        while time.monotonic() < until:
            if self._process.poll() is not None:
                assert self._process.stderr is not None
                lines = self._process.stderr.read().decode(errors="replace").strip().splitlines()
                raise Failure(f"the export's server does not start: {lines[-1] if lines else 'it ended'}")
            try:
                if self._ask("GET", "/v2/health/ready")[0].status == 200:
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise Failure(f"the export's server was not ready after {START:.0f} seconds")

    def __call__(self, squares: np.ndarray) -> np.ndarray:
        """N x S x S x 3 squares -> N x columns logits."""
        data = np.ascontiguousarray(squares).tobytes()
        tensor = {"name": onnx_model.INPUT, "shape": list(squares.shape), "datatype": self._datatype}
        asked = {
            "inputs": [{**tensor, "parameters": {"binary_data_size": len(data)}}],
            "outputs": [{"name": "logits", "parameters": {"binary_data": True}}],
        }
        head = json.dumps(asked).encode()
        headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
        try:
            response, body = self._ask("POST", f"/v2/models/{self._model}/infer", body=head + data, headers=headers)
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"the export's server does not answer: {error}") from error
        if response.status != 200:
            raise Failure(f"the export's server answers {response.status}: {body[:200].decode(errors='replace')}")
        length = int(response.headers["Inference-Header-Content-Length"])
        shape = json.loads(body[:length])["outputs"][0]["shape"]
        return np.frombuffer(body[length:], "<f4").reshape(shape)

    def _ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """By no proxy, for the address is this machine's own; a connection each, for the server ends idle ones."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return response, response.read()

    def close(self) -> None:
        """Ask it to end, and wait."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]
