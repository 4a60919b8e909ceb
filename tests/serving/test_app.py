"""A served model: the Open Inference Protocol, photos, metrics; and whatever is wrong is one line with a 4xx."""

import io
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from clfcore.inference.predictor import Outputs
from clfcore.serving import protocol
from clfcore.serving.app import Application
from clfcore.serving.inbox import Inbox
from clfcore.serving.inbox_photos import open_inbox
from clfcore.serving.limits import Limits, known_hosts
from clfcore.serving.made_file import MadeFile
from clfcore.serving.served import Served
from clfcore.serving.web_page import web_page
from clfcore.task import multi_label
from tests.support.color_predictor import COLORS, LEVELS, color_predictor

HOST = "http://127.0.0.1:8000"
INFER = "/v2/models/colors/infer"
LIMITS = Limits(body=100_000, seconds=5)


def client_of(**changes: object) -> TestClient:
    served = Served(color_predictor(COLORS), "onnxruntime_onnx")
    app = Application(**{"served": served, "limits": LIMITS, "hosts": known_hosts("127.0.0.1"), **changes})
    return TestClient(app.asgi(), base_url=HOST)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with client_of() as client:
        yield client


def photo(color: tuple[int, int, int] = (200, 30, 30), *, kind: str = "PNG", side: int = 20) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), color).save(file, kind)
    return file.getvalue()


def tensor(items: int = 2) -> np.ndarray:
    squares = np.zeros((items, 8, 8, 3), np.uint8)
    squares[::2, ..., 0] = 200
    squares[1::2, ..., 2] = 200
    return squares


def as_json(squares: np.ndarray, **changes: object) -> dict:
    given = {"name": "image", "shape": list(squares.shape), "datatype": "UINT8", "data": squares.ravel().tolist()}
    return {"inputs": [given | changes]}


def test_the_server_describes_itself(client: TestClient) -> None:
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    for path in (
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/colors/ready",
        "/v2/models/colors/versions/1/ready",
    ):
        assert client.get(path).status_code == 200
    model = client.get("/v2/models/colors").json()
    assert model["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [-1, 8, 8, 3]}]
    assert [output["shape"] for output in model["outputs"]] == [[-1, 3], [-1, 3]]
    assert client.get("/v2/models/other").status_code == 404


def test_tensors_go_in_as_json_and_binary(client: TestClient) -> None:
    squares = tensor(3)
    answer = client.post(INFER, json=as_json(squares) | {"id": "7"}).json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("colors", "1", "7")
    logits, p = (np.array(output["data"]).reshape(output["shape"]) for output in answer["outputs"])
    assert p.argmax(axis=1).tolist() == [0, 1, 0]
    assert p.sum(axis=1) == pytest.approx(1)
    assert p == pytest.approx(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    nested = client.post(INFER, json=as_json(squares, data=squares.tolist())).json()
    assert nested["outputs"] == answer["outputs"]
    given = as_json(squares, parameters={"binary_data_size": squares.nbytes})
    del given["inputs"][0]["data"]
    header = json.dumps(given | {"outputs": [{"name": "probabilities", "parameters": {"binary_data": True}}]}).encode()
    got = client.post(
        INFER, content=header + squares.tobytes(), headers={"Inference-Header-Content-Length": str(len(header))}
    )
    length = int(got.headers["inference-header-content-length"])
    (output,) = json.loads(got.content[:length])["outputs"]
    assert output["parameters"]["binary_data_size"] == len(got.content) - length == 3 * 3 * 4
    assert np.frombuffer(got.content[length:], "<f4").reshape(3, 3) == pytest.approx(p)


@pytest.mark.parametrize("task", [COLORS, multi_label(("red", "blue", "none")), LEVELS], ids=lambda task: task.kind)
def test_a_photo_gets_the_object_of_predict(task: object) -> None:
    with client_of(served=Served(color_predictor(task), "onnxruntime_onnx")) as client:
        answer = client.post("/predict", content=photo()).json()
        assert set(answer) == {"model", "predictions"}
        (prediction,) = answer["predictions"]
        assert prediction["image"] == "photo"
        assert prediction["top"][0]["label"] == "red"
        assert ("labels" in prediction, "levels" in prediction) == (
            task.kind == "multi-label",
            task.kind == "hierarchical",
        )
        form = client.post("/predict", files={"x": ("my <b>.png", photo((0, 0, 200)), "image/png")}).json()
        assert form["predictions"][0]["image"] == "my <b>.png"
        assert form["predictions"][0]["top"][0]["label"] in ("=blue", "blue")


def test_the_page_is_one_file_under_a_policy(client: TestClient) -> None:
    got = client.get("/")
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert 'type="file"' in got.text
    assert "http" not in got.text


FORM = {"Content-Type": "multipart/form-data; boundary=a"}
BINARY = {"binary_data_size": 384}
SQUARES = tensor()
HOSTILE: dict[str, tuple[str, dict]] = {
    "nothing": ("/predict", {"content": b""}),
    "no picture": ("/predict", {"content": b"hello"}),
    "half a PNG": ("/predict", {"content": photo()[:40]}),
    "half a JPEG": ("/predict", {"content": photo(kind="JPEG")[:300]}),
    "a zip": ("/predict", {"content": b"PK\x03\x04" + bytes(100)}),
    "postscript": ("/predict", {"content": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"}),
    "a bomb": ("/predict", {"content": photo(side=8)[:16] + b"\x00\x0f\xff\xff" * 2 + photo(side=8)[24:]}),
    "too large": ("/predict", {"content": bytes(100_001)}),
    "too large, it says": ("/predict", {"content": b"x", "headers": {"Content-Length": "1000000000"}}),
    "a size without end": ("/predict", {"content": b"x", "headers": {"Content-Length": "9" * 400}}),
    "too large, in chunks": ("/predict", {"content": (bytes(10_000) for _ in range(20))}),
    "compressed": ("/predict", {"content": photo(), "headers": {"Content-Encoding": "gzip"}}),
    "JSON for a photo": ("/predict", {"json": {"image": "/etc/passwd"}}),
    "text for a photo": ("/predict", {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
    "a form without a boundary": ("/predict", {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}),
    "a broken form": ("/predict", {"content": b"--a\r\nx", "headers": FORM}),
    "a form without a file": ("/predict", {"content": b"--a--\r\n", "headers": FORM}),
    "two files": ("/predict", {"files": [("a", photo()), ("b", photo())]}),
    "no JSON": (INFER, {"content": b"{"}),
    "no UTF-8": (INFER, {"content": b"\xff\xfe"}),
    "nested without end": (INFER, {"content": b"[" * 50_000}),
    "a list": (INFER, {"json": []}),
    "no inputs": (INFER, {"json": {}}),
    "inputs is text": (INFER, {"json": {"inputs": "image"}}),
    "two inputs": (INFER, {"json": {"inputs": as_json(SQUARES)["inputs"] * 2}}),
    "another name": (INFER, {"json": as_json(SQUARES, name="picture")}),
    "another type": (INFER, {"json": as_json(SQUARES, datatype="FP32")}),
    "another shape": (INFER, {"json": as_json(SQUARES, shape=[2, 8, 8, 4])}),
    "no batch": (INFER, {"json": as_json(SQUARES, shape=[8, 8, 3])}),
    "an empty batch": (INFER, {"json": as_json(SQUARES, shape=[0, 8, 8, 3], data=[])}),
    "a negative batch": (INFER, {"json": as_json(SQUARES, shape=[-1, 8, 8, 3])}),
    "a huge batch": (INFER, {"json": as_json(SQUARES, shape=[10**12, 8, 8, 3])}),
    "a shape of text": (INFER, {"json": as_json(SQUARES, shape="2,8,8,3")}),
    "a shape of booleans": (INFER, {"json": as_json(SQUARES, shape=[True, 8, 8, 3])}),
    "too few values": (INFER, {"json": as_json(SQUARES, data=[1, 2])}),
    "ragged values": (INFER, {"json": as_json(SQUARES, data=[[1], [2, 3]])}),
    "values of text": (INFER, {"json": as_json(SQUARES, data=["a"] * 384)}),
    "values past a byte": (INFER, {"json": as_json(SQUARES, data=[300] * 384)}),
    "values without end": (INFER, {"json": as_json(SQUARES, data=[10**40] * 384)}),
    "NaN": (INFER, {"content": json.dumps(as_json(SQUARES, data=[float("nan")] * 384)).encode()}),
    "no data": (INFER, {"json": as_json(SQUARES, data=None)}),
    "parameters of text": (INFER, {"json": as_json(SQUARES, data=None, parameters="x")}),
    "binary that is absent": (INFER, {"json": as_json(SQUARES, parameters=BINARY)}),
    "binary without end": (INFER, {"json": as_json(SQUARES, parameters={"binary_data_size": 10**15})}),
    "a header past the body": (INFER, {"json": {}, "headers": {"Inference-Header-Content-Length": "99999"}}),
    "a header of text": (INFER, {"json": {}, "headers": {"Inference-Header-Content-Length": "-1"}}),
    "an unknown output": (INFER, {"json": as_json(SQUARES) | {"outputs": [{"name": "secrets"}]}}),
    "outputs of numbers": (INFER, {"json": as_json(SQUARES) | {"outputs": [1]}}),
    "an id without end": (INFER, {"json": as_json(SQUARES) | {"id": "x" * 1000}}),
    "another model": ("/v2/models/other/infer", {"json": as_json(SQUARES)}),
    "another version": ("/v2/models/colors/versions/2/infer", {"json": as_json(SQUARES)}),
    "no address": ("/v2/models/../../etc/passwd", {"content": b""}),
    "another host": ("/predict", {"content": photo(), "headers": {"Host": "evil.example"}}),
    "another origin": ("/predict", {"content": photo(), "headers": {"Origin": "http://evil.example"}}),
}  # fmt: skip


@pytest.fixture(scope="module")
def attacked() -> Iterator[TestClient]:
    with client_of() as client:
        yield client


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_wrong_is_said_in_one_line(attacked: TestClient, name: str) -> None:
    path, given = HOSTILE[name]
    got = attacked.post(path, **given)
    assert 400 <= got.status_code < 500
    assert list(got.json()) == ["error"]
    assert "\n" not in got.json()["error"]
    assert "Traceback" not in got.text
    assert attacked.post("/predict", content=photo()).status_code == 200
    assert "too large" not in name or got.status_code == 413


@pytest.mark.parametrize(("method", "path"), [("GET", "/predict"), ("DELETE", INFER), ("POST", "/metrics")])
def test_a_wrong_method_is_refused(client: TestClient, method: str, path: str) -> None:
    got = client.request(method, path)
    assert got.status_code == 405
    assert list(got.json()) == ["error"]


def test_health_and_metrics_answer_while_the_model_computes_and_a_full_queue_says_when() -> None:
    going, let = threading.Event(), threading.Event()
    plain = color_predictor(COLORS)

    def slow(squares: list[np.ndarray]) -> Outputs:
        going.set()
        assert let.wait(30)
        return plain.compute(squares)

    served = Served(replace(plain, compute=slow), "onnxruntime_onnx")
    with client_of(served=served, limits=Limits(requests=2)) as client, ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.post, "/predict", content=photo())
        assert going.wait(30)
        second = pool.submit(client.post, INFER, json=as_json(tensor()))
        while "clflab_queue_pictures 2" not in client.get("/metrics").text:
            assert client.get("/v2/health/live").status_code == 200
        busy = client.post("/predict", content=photo())
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
        let.set()
        assert (first.result().status_code, second.result().status_code) == (200, 200)
        text = client.get("/metrics").text
        assert 'clflab_requests_total{route="/predict",status="503"} 1' in text
        assert "clflab_pictures_total 3" in text


def threads_that_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that read requests and write answers from now on."""
    names: list[str] = []

    def named(work: Callable) -> Callable:
        return lambda *given: (names.append(threading.current_thread().name), work(*given))[1]

    for function in ("read_request", "write_answer"):
        monkeypatch.setattr(protocol, function, named(getattr(protocol, function)))
    return names


@pytest.mark.parametrize(("items", "binary", "in_threads"), [(2, True, [False, False]), (40, False, [True, False])])
def test_only_what_takes_long_goes_to_a_thread(
    monkeypatch: pytest.MonkeyPatch, client: TestClient, items: int, binary: bool, in_threads: list[bool]
) -> None:
    names, squares = threads_that_read(monkeypatch), tensor(items)
    given, headers = as_json(squares) | {"parameters": {"binary_data_output": binary}}, {}
    if binary:
        del given["inputs"][0]["data"]
        given["inputs"][0]["parameters"] = {"binary_data_size": squares.nbytes}
        headers["Inference-Header-Content-Length"] = str(len(json.dumps(given)))
    got = client.post(
        INFER, content=json.dumps(given).encode() + (squares.tobytes() if binary else b""), headers=headers
    )
    assert got.status_code == 200
    assert [name.startswith("requests") for name in names] == in_threads


def test_an_answer_out_of_time_is_a_504() -> None:
    let = threading.Event()
    plain = color_predictor(COLORS)
    slow = replace(plain, compute=lambda squares: (let.wait(30), plain.compute(squares))[1])
    with client_of(served=Served(slow, "onnxruntime_onnx"), limits=Limits(seconds=0.05)) as client:
        assert client.post("/predict", content=photo()).status_code == 504
        let.set()


def test_what_waits_is_computed_as_one_batch() -> None:
    sizes: list[int] = []
    going, let = threading.Event(), threading.Event()
    plain = color_predictor(COLORS)

    def compute(squares: list[np.ndarray]) -> Outputs:
        sizes.append(len(squares))
        going.set()
        assert let.wait(30)
        return plain.compute(squares)

    served = Served(replace(plain, compute=compute), "onnxruntime_onnx")
    with client_of(served=served) as client, ThreadPoolExecutor(6) as pool:
        first = pool.submit(client.post, "/predict", content=photo())
        assert going.wait(30)
        rest = [pool.submit(client.post, "/predict", content=photo((0, 0, 100 + i))) for i in range(5)]
        while "clflab_queue_pictures 5" not in client.get("/metrics").text:
            pass
        let.set()
        assert first.result().json()["predictions"][0]["top"][0]["label"] == "red"
        assert {r.result().json()["predictions"][0]["top"][0]["label"] for r in rest} == {"=blue"}
    assert sizes == [1, 5]


def test_odd_photos_are_kept_within_bounds(tmp_path: Path) -> None:
    plain = color_predictor(COLORS)

    def unsure(squares: list[np.ndarray]) -> Outputs:
        outputs = plain.compute(squares)
        return Outputs(outputs.logits / 10, outputs.single)

    inbox = Inbox(tmp_path / "inbox", photos=2)
    served = Served(replace(plain, compute=unsure), "onnxruntime_onnx")
    with client_of(served=served, inbox=inbox) as client:
        for shade in (10, 10, 20, 30):  # one twice, one too many
            assert client.post("/predict", files={"f": ("../../x.sh", photo((200, shade, 0)))}).status_code == 200
    photos = sorted(path for path in (tmp_path / "inbox").iterdir() if path.suffix == ".png")
    assert len(photos) == inbox.kept == 2
    about = json.loads(photos[0].with_suffix(".json").read_text())
    assert (about["model"], about["reasons"]) == ("colors", ["unsure"])
    assert about["prediction"]["top"][0]["label"] == "red"
    box = open_inbox(inbox.folder, served.predictor.task)
    assert {item.suggested for item in box.queue.items} == {("red",)}
    assert {item.reason.partition(":")[0] for item in box.queue.items} == {"the model was unsure"}
    assert len(list(tmp_path.rglob("*"))) == 5


def test_a_sure_answer_is_not_kept(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    with client_of(inbox=inbox) as client:
        client.post("/predict", content=photo())
    assert list((tmp_path / "inbox").iterdir()) == []


def page_of(code: str) -> MadeFile:
    """A page that these lines of Python write to the path `out`."""
    return web_page((sys.executable, "-c", f"import sys; out = sys.argv[-1]; {code}"))


def test_the_web_page_stands_at_the_root_once_it_is_made(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    made = page_of(f"open({str(gate)!r}).read(); open(out, 'w').write('<title>whole</title>')")
    with client_of(web_page=made) as client:
        first = client.get("/")
        assert "is being made" in first.text
        assert 'type="file"' in first.text
        gate.write_text("go")
        made.wait(60)
        whole = client.get("/")
        assert whole.text == "<title>whole</title>"
        assert whole.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert client.post("/predict", content=photo()).status_code == 200
        written = made.path()
    assert written is not None
    assert not written.exists()  # with the server


def test_the_form_stays_where_no_web_page_can_be_made(caplog: pytest.LogCaptureFixture) -> None:
    made = page_of("sys.exit('net has pictures of more than 8 bits')")
    with client_of(web_page=made) as client:
        client.get("/")
        made.wait(60)
        again = client.get("/").text
    assert 'type="file"' in again
    assert "is being made" not in again
    assert "more than 8 bits" in caplog.text


def test_a_page_that_is_being_made_ends_with_the_server(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    made = page_of(f"open({str(gate)!r}).read()")
    with client_of(web_page=made) as client:
        client.get("/")
        assert made.making
    made.wait(60)
    assert not made.making
    assert made.path() is None
