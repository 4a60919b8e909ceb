"""A server under load: throughput against the bare model, health meanwhile, memory over many requests.

python benchmarks/serve.py [MODEL] [--engine onnxruntime] [--seconds 10] [--rounds 3] [--clients 8] [--requests 20000]
    [--ahead]

The bare model computes in this process, by the same engine, what the server computes in its own: squares that are
prepared already, in batches as large as there are clients. The clients ask by tensors (the Open Inference Protocol,
binary; by tritonclient where it is installed), so that both sides do the same work. Where other work takes part of the
machine, the ratio of CPU times says more than that of throughputs, whose sides get other shares. It is the bare model's
for an image / that of the server and its clients, and / that of the server alone, whose clients may be other machines.
--ahead lets other work wait while a side is timed: with short rounds, as root, where Linux groups by session
(kernel.sched_autogroup_enabled): `setsid --wait python benchmarks/serve.py --ahead --rounds 24 --seconds 12`.
Memory is that of the server, over photos of 64 x 48 at /predict.
"""

import argparse
import http.client
import io
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from clfcore.serving.engine import engine_of, try_onnxruntime, with_onnxruntime
from clfcore.serving.served import Served, open_served

AUTOGROUP = Path("/proc/self/autogroup")  # niceness of a session among the others


def bare_model(model: str, engine: str) -> Served:
    """What the server computes with, in this process."""
    served = open_served(model)
    if not served.is_network or engine == "torch":
        return served
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.onnx")
        print(try_onnxruntime(model, None, file).describe())
        return with_onnxruntime(served, file)


@contextmanager
def server(model: str, engine: str) -> Iterator[tuple[str, int, psutil.Process]]:
    """Host, port and process of `serve MODEL`."""
    line = [sys.executable, "-m", "clfcore", "serve", model, "--port", "0", "--engine", engine]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    said = process.stderr.readline()
    while said and "serving " not in said:  # the bar of embedding training images comes first
        said = process.stderr.readline()
    address = re.search(r"http://([\d.]+):(\d+)", said)
    if address is None:
        raise SystemExit(f"the server does not start: {said}")
    try:
        yield address[1], int(address[2]), psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def per_second(work: Callable[[], None], *, clients: int, seconds: float) -> float:
    """How often the clients, each in its thread, are done with the work."""
    end = time.perf_counter() + seconds

    def client(_: int) -> int:
        done = 0
        while time.perf_counter() < end:
            work()
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        done = sum(pool.map(client, range(clients)))
    return done / (time.perf_counter() - started)


def asking(host: str, port: int, name: str, square: np.ndarray) -> tuple[str, Callable[[], None]]:
    """What asks the server once for one square, a connection a thread; and by which client."""
    local = threading.local()
    datatype = {"uint8": "UINT8", "float32": "FP32"}[square.dtype.name]
    try:
        import tritonclient.http as triton
    except ImportError:
        tensor = {"name": "image", "datatype": datatype, "shape": [1, *square.shape]}
        tensor["parameters"] = {"binary_data_size": square.nbytes}
        head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
        headers = {"Inference-Header-Content-Length": str(len(head))}

        def ask() -> None:
            if not hasattr(local, "connection"):
                local.connection = http.client.HTTPConnection(host, port)
            local.connection.request("POST", f"/v2/models/{name}/infer", head + square.tobytes(), headers)
            response = local.connection.getresponse()
            assert response.status == 200, response.read()
            response.read()

        return "http.client", ask

    def ask_triton() -> None:
        if not hasattr(local, "client"):
            local.client = triton.InferenceServerClient(f"{host}:{port}")
        tensor = triton.InferInput("image", [1, *square.shape], datatype)
        tensor.set_data_from_numpy(square[None], binary_data=True)
        local.client.infer(name, [tensor]).as_numpy("probabilities")

    return "tritonclient.http", ask_triton


def cpu_seconds(process: psutil.Process) -> float:
    """What a process and its threads have computed."""
    times = process.cpu_times()
    return float(times.user + times.system)


@dataclass(frozen=True)
class Round:
    """Images a second and milliseconds of CPU an image: of the bare model, and of the server and its clients."""

    bare: float
    served: float
    bare_cpu: float
    server_cpu: float
    client_cpu: float

    @property
    def ratio(self) -> float:
        return self.served / self.bare

    @property
    def cpu_ratio(self) -> float:
        return self.bare_cpu / (self.server_cpu + self.client_cpu)

    @property
    def server_cpu_ratio(self) -> float:
        return self.bare_cpu / self.server_cpu


@contextmanager
def ahead_of_others() -> Iterator[None]:
    """The scheduler's favor for this session, the server among it; a rest before it, in which others do their work."""
    time.sleep(0.7)
    AUTOGROUP.write_text("-20")
    try:
        yield
    finally:
        AUTOGROUP.write_text("0")


def one_round(
    compute: Callable[[], None],
    ask: Callable[[], None],
    process: psutil.Process,
    *,
    clients: int,
    seconds: float,
    ahead: bool,
) -> Round:
    """Both sides, one after the other. compute: a batch as large as there are clients."""
    here = psutil.Process()
    with ahead_of_others() if ahead else nullcontext():
        starts = [time.perf_counter(), cpu_seconds(here)]
        bare = clients * per_second(compute, clients=1, seconds=seconds)
        bare_cpu = (cpu_seconds(here) - starts[1]) / (bare * (time.perf_counter() - starts[0]))
    with ahead_of_others() if ahead else nullcontext():
        start, starts = time.perf_counter(), [cpu_seconds(process), cpu_seconds(here)]
        served = per_second(ask, clients=clients, seconds=seconds)
        images = served * (time.perf_counter() - start)
        server_cpu, client_cpu = (cpu_seconds(process) - starts[0]) / images, (cpu_seconds(here) - starts[1]) / images
    return Round(bare, served, 1e3 * bare_cpu, 1e3 * server_cpu, 1e3 * client_cpu)


@contextmanager
def health(host: str, port: int) -> Iterator[list[float]]:
    """Milliseconds of /v2/health/live, twenty times a second, while this is open."""
    times: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            started = time.perf_counter()
            connection = http.client.HTTPConnection(host, port)
            connection.request("GET", "/v2/health/live")
            connection.getresponse().read()
            connection.close()
            times.append(1e3 * (time.perf_counter() - started))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield times
    finally:
        ended.set()
        thread.join()


def memory(host: str, port: int, process: psutil.Process, requests: int) -> None:
    """Print the server's memory at tenths of so many photos, of which every one is another."""
    connection = http.client.HTTPConnection(host, port)
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    for i in range(requests + 1):
        if i % max(1, requests // 10) == 0:
            print(f"  after {i:,}: {process.memory_info().rss / 1e6:.0f} MB", flush=True)
        file = io.BytesIO()
        Image.fromarray(np.roll(pixels, i)).save(file, "JPEG")
        connection.request("POST", "/predict", file.getvalue(), {"Content-Type": "image/jpeg"})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        response.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="efficientnet_lite0")
    parser.add_argument("--engine", default="onnxruntime", choices=["torch", "onnxruntime"])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--ahead", action="store_true", help="let other work of the machine wait meanwhile")
    args = parser.parse_args()
    served = bare_model(args.model, args.engine)
    square = np.random.default_rng(0).integers(0, 256, served.square).astype(served.dtype)
    batch = served.squares(np.repeat(square[None], args.clients, axis=0))
    with server(args.model, args.engine) as (host, port, process):
        client, ask = asking(host, port, served.name, square)
        ask()
        served.predictor.compute(batch)
        print(
            f"{args.model} by {engine_of(served)}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
            f"asked by {client}"
        )
        with health(host, port) as idle:
            time.sleep(1)
        with health(host, port) as busy:
            rounds = [  # by turns, so that both meet the same machine
                one_round(
                    lambda: served.predictor.compute(batch),
                    ask,
                    process,
                    clients=args.clients,
                    seconds=args.seconds / args.rounds,
                    ahead=args.ahead,
                )
                for _ in range(args.rounds)
            ]
        for row in rounds:
            print(
                f"  bare {row.bare:.1f} images/s ({row.bare_cpu:.1f} ms of CPU each), served to {args.clients} clients "
                f"{row.served:.1f} ({row.server_cpu:.1f} and {row.client_cpu:.1f} ms): {row.ratio:.2f}, "
                f"by CPU {row.cpu_ratio:.2f}, of the server alone {row.server_cpu_ratio:.2f}"
            )
        print(f"  median of ratios {statistics.median(row.ratio for row in rounds):.2f}", end="")
        print(f", by CPU {statistics.median(row.cpu_ratio for row in rounds):.2f}", end="")
        print(f", of the server alone {statistics.median(row.server_cpu_ratio for row in rounds):.2f}")
        with health(host, port) as many:
            memory(host, port, process, args.requests)
        for title, times in (("idle", idle), ("under load", busy), ("during the requests for memory", many)):
            half, most = statistics.median(times), sorted(times)[int(0.95 * (len(times) - 1))]
            print(f"  health {title}: median {half:.1f} ms, 95% under {most:.1f} ms, largest {max(times):.1f} ms")


if __name__ == "__main__":
    main()
