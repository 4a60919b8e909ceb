"""The commands about the machine: what it has, and what the cache takes of it."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import between
from clfcore.cli.terminal import table

if TYPE_CHECKING:
    from clfcore.api.system import AppExit
    from clfcore.results import Result

KINDS = {
    "decoded": "decoded images",
    "embeddings": "embeddings",
    "activations": "activations of frozen layers",
    "checked": "index of checked files",
    "fingerprints": "content fingerprints",
    "photos": "photos of open tabs",
    "measures": "image measures",
    "maps": "maps of datasets",
}


def _cache(args: argparse.Namespace) -> "Result":
    return api.clear_cache() if args.action == "clear" else api.cache_usage()


def _doctor(_: argparse.Namespace) -> "Result":
    return api.doctor()


def _run(args: argparse.Namespace) -> "AppExit":
    return api.run_app(port=args.port, headless=args.headless)


def _exit_status(result: "AppExit") -> int:
    return int(result.status != 0)


def _closed(_: Values) -> str:
    return "the app is closed"


def _usage(result: Values) -> str:
    rows = [[name, result[kind]["files"], f"{result[kind]['bytes'] / 1e6:.1f}"] for kind, name in KINDS.items()]
    lines = [f"freed {result['freed'] / 1e6:.1f} MB"] if result["freed"] else []
    lines += [table(rows, ("kept", "entries", "MB"))]
    lines += [f"{result['bytes'] / 1e6:.1f} of at most {result['limit'] / 1e6:,.0f} MB, in {result['folder']}"]
    return "\n".join(lines)


COMMANDS = (
    Command(
        name="run",
        help="open the app in the browser",
        example="run",
        arguments=(
            argument("--port", type=between(1, 65535), metavar="N", help="port (default 8501, or the next free one)"),
            argument("--headless", action="store_true", help="start the server and open no browser"),
        ),
        run=_run,
        calls=("run_app",),
        render=_closed,
        exit_status=_exit_status,
    ),
    Command(
        name="cache",
        help="what the cache takes, or `cache clear`",
        example="cache clear",
        arguments=(argument("action", nargs="?", choices=["clear"], help="clear deletes all of it"),),
        run=_cache,
        calls=("cache_usage", "clear_cache"),
        render=_usage,
    ),
    Command(
        name="doctor",
        help="what this machine has, and what is missing",
        example="doctor",
        arguments=(),
        run=_doctor,
        calls=("doctor",),
    ),
)
