"""The command that takes a classifier out of the lab."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import between, number
from clfcore.cli.terminal import bar
from clfcore.export import CALIBRATE, FORMAT_NAMES

if TYPE_CHECKING:
    from clfcore.results import Result


def _export(args: argparse.Namespace) -> "Result":
    return api.export(
        args.name,
        format=args.format,
        out=args.out,
        calibrate=args.calibrate,
        tolerance=args.tolerance,
        overwrite=args.overwrite,
        progress=bar("verifying"),
    )


def _text(result: Values) -> str:
    parity, accuracy, latency = result["parity"], result["accuracy"], result["latency"]
    lines = [f"{file['path']}: {file['bytes'] / 1e6:.1f} MB" for file in result["files"]]
    agreeing = round(parity["top1_agreement"] * parity["items"])
    lines.append(
        f"verified on {parity['items']:,} {parity['split']} images: {agreeing:,} the same answer, largest difference "
        f"of a logit {parity['max_abs_logit']:.6f}"
    )
    if result["stored"]:
        agreeing = round(result["stored"]["top1_agreement"] * result["stored"]["items"])
        lines.append(
            f"against the run's stored predictions: {agreeing:,} of {result['stored']['items']:,} the same "
            "(those of embeddings may have been made in bfloat16)"
        )
    if accuracy:
        lines.append(f"accuracy: run {100 * accuracy['run']:.1f}%, export {100 * accuracy['export']:.1f}%")
    lines.append(
        f"latency: run {latency['run_ms']:.1f} ms an image, export {latency['export_ms']:.1f} ms "
        f"({latency['ratio']:.1f} times as fast)"
    )
    return "\n".join(lines)


COMMANDS = (
    Command(
        name="export",
        help="write a run or an architecture's weights as ONNX and more, verified on its own images",
        example="export RUN --format onnx --out model.onnx",
        arguments=(
            argument("name", metavar="RUN", help="a finished run (id or folder), or an architecture"),
            argument("--format", required=True, metavar="NAME", help=f"{', '.join(FORMAT_NAMES)}"),
            argument(
                "--out",
                required=True,
                metavar="PATH",
                help="the file to write, of onnx, onnx-int8, pt2 and web; else the folder",
            ),
            argument(
                "--calibrate",
                type=between(1, 100_000),
                default=CALIBRATE,
                metavar="N",
                help=f"training images that set the ranges, of onnx-int8 (default {CALIBRATE})",
            ),
            argument(
                "--tolerance",
                type=number,
                metavar="T",
                help="largest difference of a logit as a share of the largest (0.0001, of web 0.01); of onnx-int8 the "
                "share of accuracy that may be lost (0.02)",
            ),
            argument("--overwrite", action="store_true", help="replace an export that is there"),
        ),
        run=_export,
        calls=("export",),
        render=_text,
    ),
)
