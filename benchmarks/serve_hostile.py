"""Hostile requests at a server: 200 damaged, oversized or wrong bodies; each must get a 4xx, and memory stay flat.

python benchmarks/serve_hostile.py [MODEL] [--count 200]
"""

import argparse
import io
import json
import random
import sys
from collections import Counter
from pathlib import Path

import psutil
from PIL import Image
from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from clfcore.serving.app import Application
from clfcore.serving.limits import known_hosts
from clfcore.serving.served import open_served


def bodies(random_: random.Random, infer: str) -> tuple[str, dict]:
    """One hostile request: its address and what it sends."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, random_.choice(["PNG", "JPEG"]))
    photo = file.getvalue()
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0" + bytes(40)
    shape = [random_.choice([-1, 0, 10**9, "x", None, 3]) for _ in range(random_.randint(0, 6))]
    tensor = {"name": "image", "datatype": random_.choice(["UINT8", "FP32", "BYTES", 7]), "shape": shape, "data": [1]}
    return random_.choice(
        [
            ("/predict", {"content": photo[: random_.randint(0, len(photo) // 2)]}),
            ("/predict", {"content": random_.randbytes(random_.randint(1, 5000))}),
            ("/predict", {"content": bomb}),
            ("/predict", {"content": b"x", "headers": {"Content-Length": str(random_.choice([10**9, 10**30]))}}),
            ("/predict", {"content": photo, "headers": {"Content-Encoding": "gzip"}}),
            (infer, {"json": {"inputs": [tensor]}}),
            (infer, {"content": random_.randbytes(200)}),
            (infer, {"content": b"[" * random_.randint(1, 100_000)}),
            (infer, {"json": {}, "headers": {"Inference-Header-Content-Length": str(random_.randint(3, 10**9))}}),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="efficientnet_lite0")
    parser.add_argument("--count", type=int, default=200)
    args = parser.parse_args()
    served = open_served(args.model)
    app = Application(served, hosts=known_hosts("127.0.0.1"))
    random_, statuses, process = random.Random(0), Counter[int](), psutil.Process()
    with TestClient(app.asgi(), base_url="http://127.0.0.1:8000") as client:
        before = process.memory_info().rss
        for _ in range(args.count):
            path, body = bodies(random_, f"/v2/models/{served.name}/infer")
            got = client.post(path, **body)
            statuses[got.status_code] += 1
            if not 400 <= got.status_code < 500:
                print(path, json.dumps(got.text[:200]))
        grown = process.memory_info().rss - before
    print(f"{args.count} hostile requests: {dict(sorted(statuses.items()))}; memory grew {grown / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
