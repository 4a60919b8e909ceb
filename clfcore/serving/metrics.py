"""Metrics of a server as Prometheus text: requests by route and status, their latency, batches, queue and memory."""

import threading
from collections import Counter, defaultdict

import psutil

from clfcore.serving.batching import Batcher

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Metrics:
    """Counts of what was answered. `observe` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._process = psutil.Process()

    @property
    def requests(self) -> int:
        return sum(self._requests.values())

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count an answer. route: one of the server's own, never what a client wrote."""
        with self._lock:
            self._requests[route, status] += 1
            self._seconds[route] += seconds
            for edge in BUCKETS:
                self._buckets[route, edge] += seconds <= edge

    def text(self, batcher: Batcher, *, odd: int | None) -> str:
        """All of them. odd: how many photos were kept for labelling, None where none are."""
        lines: list[str] = []

        def metric(name: str, kind: str, help: str, *, values: list[tuple[str, float]]) -> None:
            lines.append(f"# HELP clflab_{name} {help}")
            lines.append(f"# TYPE clflab_{name} {kind}")
            lines.extend(f"clflab_{name}{labels} {value:g}" for labels, value in values)

        with self._lock:
            requests, buckets, seconds = dict(self._requests), dict(self._buckets), dict(self._seconds)
        by_route = Counter[str]()
        for (route, _), count in requests.items():
            by_route[route] += count
        metric(
            "requests_total", "counter", "Requests answered, by route and status.",
            values=[(f'{{route="{route}",status="{status}"}}', n) for (route, status), n in sorted(requests.items())],
        )  # fmt: skip
        lines.append("# HELP clflab_request_seconds Seconds from a request's head to its answer.")
        lines.append("# TYPE clflab_request_seconds histogram")
        for route in sorted(by_route):
            name = "clflab_request_seconds"
            lines += [f'{name}_bucket{{route="{route}",le="{edge:g}"}} {buckets[route, edge]}' for edge in BUCKETS]
            lines.append(f'{name}_bucket{{route="{route}",le="+Inf"}} {by_route[route]}')
            lines.append(f'{name}_sum{{route="{route}"}} {seconds[route]:.6f}')
            lines.append(f'{name}_count{{route="{route}"}} {by_route[route]}')
        metric("batches_total", "counter", "Batches that the model computed.", values=[("", batcher.batches)])
        metric("pictures_total", "counter", "Pictures that the model computed.", values=[("", batcher.squares)])
        metric("inference_seconds_total", "counter", "Seconds that the model computed.", values=[("", batcher.seconds)])
        metric("queue_pictures", "gauge", "Pictures that wait for the model.", values=[("", batcher.queued)])
        if odd is not None:
            metric("odd_kept_total", "counter", "Photos kept for labelling.", values=[("", odd)])
        metric("memory_bytes", "gauge", "Resident memory.", values=[("", self._process.memory_info().rss)])
        return "\n".join(lines) + "\n"
