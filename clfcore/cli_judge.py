"""Flags of the commands that judge runs: calibrate, report."""

import argparse
from pathlib import Path
from typing import Any


def calibrate(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="RUN")
    command.add_argument("--forget", action="store_true", help="remove the stored temperature")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import commands

        return commands.calibrate(given.name, forget=given.forget)

    command.set_defaults(run=run)


def report(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="RUN")
    command.add_argument("--out", required=True, metavar="FILE", help="ends in .html (report) or .md (model card)")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import commands

        return commands.report(given.name, Path(given.out))

    command.set_defaults(run=run)
