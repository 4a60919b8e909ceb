"""A server as a process: a run behind a port, asked by clients of others, ended by a signal."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clfcore import api
from clfcore.runs.folder import Run
from clfcore.serving.run import listen


@pytest.fixture(scope="module")
def server(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen, str]]:
    """A server of the trained run, and its address."""
    words = ["serve", str(trained.path), "--port", "0", "--engine", "torch"]
    process = subprocess.Popen(
        [sys.executable, "-m", "clfcore", *words, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CLFLAB_CRASHES": str(tmp_path_factory.mktemp("crashes"))},
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r"at (http://127\.0\.0\.1:\d+) ", line)
    assert found, line
    yield process, found[1]
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_photo_is_answered_as_by_predict(server: tuple, trained: Run, photos: Path) -> None:
    path = photos / "red" / "00.jpg"
    request = urllib.request.Request(f"{server[1]}/predict", path.read_bytes(), {"Content-Type": "image/jpeg"})
    with urllib.request.urlopen(request, timeout=60) as got:
        answer = json.load(got)
    expected = json.loads(json.dumps(api.predict(str(trained.path), [str(path)]).as_json()))
    assert answer["model"] == expected["model"]
    mine, theirs = answer["predictions"][0], expected["predictions"][0]
    assert [row["label"] for row in mine["top"]] == [row["label"] for row in theirs["top"]]
    assert [row["probability"] for row in mine["top"]] == pytest.approx([row["probability"] for row in theirs["top"]])
    assert set(mine) == set(theirs)
    assert mine["unlike"]["reasons"] == theirs["unlike"]["reasons"]


def test_the_protocols_own_client_talks_to_it(server: tuple, trained: Run) -> None:
    triton = pytest.importorskip("tritonclient.http")
    client = triton.InferenceServerClient(server[1].removeprefix("http://"))
    try:
        assert client.is_server_live()
        assert client.is_server_ready()
        name = trained.id
        assert client.is_model_ready(name)
        given = client.get_model_metadata(name)["inputs"][0]
        squares = np.full((3, *given["shape"][1:]), 128, np.uint8)
        answers = []
        for binary in (True, False):
            tensor = triton.InferInput("image", list(squares.shape), given["datatype"])
            tensor.set_data_from_numpy(squares, binary_data=binary)
            wanted = [triton.InferRequestedOutput("probabilities", binary_data=binary)]
            answers.append(client.infer(name, [tensor], outputs=wanted).as_numpy("probabilities"))
        assert answers[0].sum(axis=1) == pytest.approx(1)
        assert answers[0] == pytest.approx(answers[1])
    finally:
        client.close()


def test_an_answer_waits_for_no_acknowledgement_of_its_head() -> None:
    with (
        listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_signal_ends_it_in_order(server: tuple) -> None:
    process, _ = server
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(out)["requests"] >= 1
    assert "Traceback" not in errors
