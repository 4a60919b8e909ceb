"""Accuracy and speed of a run as it is, as ONNX and as ONNX in 8-bit integers, on the test split of a folder of photos.

Fits a head on EfficientNet-Lite0's embeddings (feature extraction, its defaults), exports the run both ways as
`clflab export` does, and asks all three for every test image. Prints the accuracies with the paired 95% interval of
each export's difference to the run, the latency of one image (medians, run and export by turns, in one process), and
whether the CPU has VNNI, the instructions that 8-bit integers are fast by.

    python benchmarks/export_int8.py FOLDER [--architecture efficientnet_lite0] [--calibrate 200] [--run RUN]

Aims: at most 1.0 point lost; with VNNI at least 1.5 times as fast as the run. Ends with status 1 where one is missed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
POINTS, FASTER = 0.01, 1.5


def has_vnni() -> bool | None:
    """Whether the CPU multiplies 8-bit integers in one instruction; None where the system does not say."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return None
    return any(flag in flags for flag in ("avx512_vnni", "avx_vnni", "asimddp"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="FOLDER", help="photos, a folder a class")
    parser.add_argument("--architecture", default="efficientnet_lite0")
    parser.add_argument("--calibrate", type=int, default=200, help="training images that set the ranges")
    parser.add_argument("--run", help="a finished run on the photos instead of a new one: its id or folder")
    args = parser.parse_args()

    import torch

    from clfcore import api
    from clfcore.config import make
    from clfcore.export import export

    with tempfile.TemporaryDirectory() as folder:
        name = args.run
        if name is None:
            trained = api.train(
                make({"data": args.data, "architecture": args.architecture, "strategy": "feature-extraction"}),
                runs=Path(folder, "runs"),
            )
            name = str(trained.path)
        vnni = has_vnni()
        print(f"VNNI: {'not known' if vnni is None else 'yes' if vnni else 'no'}; threads: {torch.get_num_threads()}")
        print(
            "| format | MB | accuracy, % | minus run, points | 95% interval | same answer, % | ms an image | as fast |"
        )
        print("|---|---|---|---|---|---|---|---|")
        ok = True
        for kind in ("onnx", "onnx-int8"):
            out = Path(folder, f"{kind}.onnx")
            result = export(
                name, format=kind, out=out, calibrate=args.calibrate, tolerance=None if kind == "onnx" else 1.0
            )
            accuracy, latency = result.accuracy, result.latency
            assert accuracy is not None, "the photos have labels"
            if kind == "onnx":
                print(f"| run | | {100 * accuracy.run:.2f} | | | | {latency.run_ms:.2f} | 1.00 |")
            low, high = (100 * end for end in accuracy.interval)
            print(
                f"| {kind} | {out.stat().st_size / 1e6:.1f} | {100 * accuracy.export:.2f} "
                f"| {100 * accuracy.difference:+.2f} | {low:+.2f} to {high:+.2f} "
                f"| {100 * result.parity.top1_agreement:.2f} | {latency.export_ms:.2f} | {latency.ratio:.2f} |",
                flush=True,
            )
            if kind == "onnx-int8":
                ok = accuracy.run - accuracy.export <= POINTS and (latency.ratio >= FASTER or not vnni)
        print(f"{result.parity.items:,} {result.parity.split} images")
    return int(not ok)


if __name__ == "__main__":
    sys.exit(main())
