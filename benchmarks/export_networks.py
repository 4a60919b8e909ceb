"""Every network of the catalogue, and the smallest of N families of timm's, written as ONNX and compared with torch.

Each is exported as `clflab export --format onnx` does, then run on batches of 1, 3 and 17 images of noise: the
share of images with the same top-1, and the largest difference of a logit as a share of the largest logit, have to be
1 and at most 1e-4. Weights are the published ones where they are on this machine, else random ones whose batch
normalization has seen a batch; the side is the network's own. A network is a process of its own, so that its memory
comes back and its failure ends no other.

    python benchmarks/export_networks.py [--families 22] [--names resnet18,vgg] [--threads 1] [--results rows.jsonl]

--results keeps a line for each network that was compared; the same command continues after these. Ends with status 1
where a network differs; one that refuses in one line is listed with its line.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
BATCHES = (1, 3, 17)
MOST = 1e-4
MINUTES = 20  # for one network


def compare(name: str) -> dict[str, object]:
    """One network's row: its side, which weights, agreement, relative difference and seconds of the export."""
    import numpy as np
    import torch

    from clfcore.architectures.build import build, pretrained
    from clfcore.architectures.catalogue import architecture
    from clfcore.architectures.pretrained import at_hand
    from clfcore.classifier import Classifier
    from clfcore.export import onnx_model
    from clfcore.export.exportable import Exportable
    from clfcore.export.verify import logits_of
    from clfcore.task import single_label

    torch.manual_seed(0)
    row, published = architecture(name), at_hand(architecture(name))
    if published:
        network = pretrained(name)
    else:
        side = row.native_image
        network = build(name, columns=10, image_size=side)
        for part in network.module.modules():
            if (
                isinstance(part, torch.nn.Linear) and not part.weight.any()
            ):  # a head that begins at 0 hides all before it
                torch.nn.init.normal_(part.weight, std=0.02)
        with torch.no_grad():  # statistics of its own, else logits hardly depend on the picture
            network.module.train()(torch.randn(8 if side < 64 else 4, 3, side, side))
    columns = list(network.labels) if published else [str(i) for i in range(10)]
    classifier = Classifier(name, network.module.eval(), network.preprocess, single_label(columns))
    source, random = Exportable(classifier), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        onnx_model.write(source, Path(folder, "model.onnx"))
        seconds = time.perf_counter() - start
        predict = onnx_model.read(Path(folder, "model.onnx"))
        same, gap, side = [], 0.0, classifier.preprocess.size
        for items in BATCHES:
            squares = random.integers(0, 256, (items, side, side, 3), np.uint8)
            mine, theirs = logits_of(classifier, squares), predict(squares)
            assert np.abs(mine).max() > 0, "there is something to compare"
            same.append(float((mine.argmax(1) == theirs.argmax(1)).mean()))
            gap = max(gap, float(np.abs(mine - theirs).max() / np.abs(mine).max()))
    return {
        "side": side,
        "weights": "published" if published else "random",
        "same": min(same),
        "gap": gap,
        "seconds": seconds,
    }


def timm_families(count: int) -> list[str]:
    """The smallest network of each of some families, spread over the alphabet."""
    from clfcore.architectures import timm_index

    smallest: dict[str, timm_index.Row] = {}
    for row in timm_index.rows():
        if row.parameters and row.parameters < smallest.get(row.family, row).parameters + 1:
            smallest[row.family] = row
    families = sorted(smallest)
    return [f"timm/{smallest[families[i * len(families) // count]].name}" for i in range(min(count, len(families)))]


def in_child(name: str, threads: int) -> dict[str, object]:
    """`compare` in a process of its own; its refusal where there is one."""
    line = [sys.executable, __file__, "--child", name]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    try:
        done = subprocess.run(
            line, capture_output=True, text=True, timeout=60 * MINUTES, cwd=ROOT, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return {"refused": f"took more than {MINUTES} minutes"}
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    return {"refused": (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1]}


def stored_results(path: Path | None) -> dict[str, dict[str, object]]:
    """Those of networks that were compared before, by name."""
    if path is None or not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row.pop("name"): row for row in rows}


def as_row(name: str, result: dict[str, object]) -> str:
    if "refused" in result:
        return f"| {name} | | | | | | {result['refused']} |"
    verdict = "equal" if equal(result) else "DIFFERS"
    return (
        f"| {name} | {result['side']} | {result['weights']} | {result['same']:.0%} | {result['gap']:.1e} "
        f"| {result['seconds']:.0f} | {verdict} |"
    )


def equal(result: dict[str, object]) -> bool:
    return result["same"] == 1 and float(str(result["gap"])) <= MOST


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", help="these networks alone, separated by commas")
    parser.add_argument("--families", type=int, default=22, help="of timm's; 0: none")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="that a network computes with")
    parser.add_argument("--results", type=Path, help="JSON lines, one a network: these are not computed again")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        from clfcore.errors import Failure, InputError

        try:
            print(json.dumps(compare(args.child)))
        except (InputError, Failure) as error:
            print(error, file=sys.stderr)
            return 1
        return 0

    from clfcore.architectures.catalogue import architectures

    names = args.names.split(",") if args.names else [row.name for row in architectures()]
    names += [] if args.names else timm_families(args.families)
    print("| network | side | weights | same top-1 | largest difference | export, s | |\n|---|---|---|---|---|---|---|")
    stored = stored_results(args.results)
    results = []
    for name in names:
        result = stored.get(name) or in_child(name, args.threads)
        results.append(result)
        print(as_row(name, result), flush=True)
        if args.results and name not in stored:
            with args.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"name": name, **result}) + "\n")
    written = [result for result in results if "refused" not in result]
    good = sum(map(equal, written))
    most = max((float(str(result["gap"])) for result in written), default=0.0)
    print(f"{good} of {len(names)} equal, at most {most:.1e} apart, {len(names) - len(written)} refused")
    return int(good < len(written))


if __name__ == "__main__":
    sys.exit(main())
