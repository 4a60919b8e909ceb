"""The command that puts a model behind HTTP."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, argument
from clfcore.cli.flags import between
from clfcore.cli.terminal import bar, say
from clfcore.serving import ENGINES

if TYPE_CHECKING:
    from clfcore.results import Result


def _serve(args: argparse.Namespace) -> "Result":
    return api.serve(
        args.name,
        host=args.host,
        port=args.port,
        keep_odd=args.keep_odd,
        calibrated=args.calibrated,
        engine=args.engine,
        ready=lambda address: say(f"serving {args.name} at {address} (Ctrl-C stops it)"),
        announce=say,
        progress=bar("embedding training images"),
    )


COMMANDS = (
    Command(
        name="serve",
        help="answer over HTTP: photos at POST /predict, the Open Inference Protocol at /v2, metrics, a page",
        example="serve RUN --port 8000",
        arguments=(
            argument("name", metavar="RUN_OR_EXPORT", help="a run, an architecture, an .onnx file or a script folder"),
            argument(
                "--host",
                default="127.0.0.1",
                metavar="ADDRESS",
                help="where to listen (default 127.0.0.1, this machine alone); there is no sign-in",
            ),
            argument("--port", type=between(0, 65_535), default=8000, metavar="N", help="default 8000; 0: a free one"),
            argument(
                "--keep-odd",
                metavar="FOLDER",
                help="keep photos that the model is unsure of, or that are unlike its training images, for labelling",
            ),
            argument(
                "--engine",
                default="auto",
                choices=ENGINES,
                help="of a run or an architecture: auto begins with torch and takes onnxruntime once it gave the same "
                "answers here, and faster (default); onnxruntime waits for that first",
            ),
            argument("--calibrated", action="store_true", help="with the temperature that `calibrate RUN` stored"),
        ),
        run=_serve,
        calls=("serve",),
    ),
)
