"""The command about data: the catalogue, a check, a download, an export."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument, by_key
from clfcore.cli.flags import OVERWRITE, READING, needed
from clfcore.cli.terminal import bar, table
from clfcore.files import typed_path

if TYPE_CHECKING:
    from clfcore.results import Result


def _run(given: argparse.Namespace) -> "Result":
    if given.action is None:
        return api.list_datasets()
    if given.action == "download":
        name = needed(given.spec, "NAME", "name the dataset to download")
        return api.download_dataset(name, progress=bar("downloading"))
    if given.action == "export":
        spec = needed(given.spec, "SPEC", "name the data to export")
        out = typed_path(needed(given.out, "--out", "name a .csv to write"), "out")
        return api.export_dataset(spec, out, reading=given.reading, overwrite=given.overwrite, progress=bar("writing"))
    spec = needed(given.spec, "SPEC", "name the data to check")
    return api.check_dataset(spec, reading=given.reading, progress=bar("decoding"))


def _catalogue(result: Values) -> str:
    rows = [[d["name"], d["task"], d["classes"], d["items"], d["available"]] for d in result["datasets"]]
    return table(rows, ["name", "task", "classes", "items", "at hand"])


def _report(result: Values) -> str:
    names = ", ".join(result["classes"][:12]) + (", …" if len(result["classes"]) > 12 else "")
    splits = ", ".join(f"{name} {count:,}" for name, count in result["splits"].items())
    lines = [
        f"{result['name']}: {result['task']}, {len(result['classes']):,} classes ({names})",
        splits,
        result["advice"],
    ]
    lines += [f"{p['kind']}: {p['message']}" for p in result["problems"]] or ["no problems found"]
    return "\n".join(lines)


COMMANDS = (
    Command(
        name="datasets",
        help="list the datasets, or `check SPEC`, `download NAME`, `export SPEC`",
        example="datasets check photos/",
        arguments=(
            argument(
                "action",
                nargs="?",
                choices=["check", "download", "export"],
                help="check reports its problems, download NAME fetches a published one, export writes a manifest",
            ),
            argument("spec", nargs="?", help="catalogue name, folder, nested:FOLDER, .zip or .csv manifest"),
            argument("--out", metavar="FILE", help="of export: the .csv to write; pictures may go beside it"),
            READING,
            OVERWRITE,
        ),
        run=_run,
        calls=("list_datasets", "check_dataset", "download_dataset", "export_dataset"),
        render=by_key(datasets=_catalogue, problems=_report),
    ),
)
