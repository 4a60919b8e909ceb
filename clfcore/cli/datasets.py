"""The command about data: the library and the catalogue, a check, a download, an export."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument, by_key
from clfcore.cli.flags import OVERWRITE, READING, needed
from clfcore.cli.terminal import bar, byte_bar, table
from clfcore.files import typed_path

if TYPE_CHECKING:
    from clfcore.results import Result


def _run(given: argparse.Namespace) -> "Result":
    if given.action is None:
        return api.list_datasets()
    if given.action == "download":
        name = needed(given.spec, "NAME", "name the dataset to download")
        return api.download_dataset(name, progress=byte_bar("downloading"))
    if given.action == "export":
        spec = needed(given.spec, "SPEC", "name the data to export")
        out = typed_path(needed(given.out, "--out", "name a .csv to write"), "out")
        return api.export_dataset(spec, out, reading=given.reading, overwrite=given.overwrite, progress=bar("writing"))
    if given.action == "add":
        spec = needed(given.spec, "SPEC", "name the folder, zip or manifest to add")
        return api.add_dataset(spec, reading=given.reading, name=given.name or "")
    if given.action == "rename":
        name = needed(given.spec, "NAME", "name the dataset to rename")
        return api.rename_dataset(name, needed(given.name, "--name", "write the new name"))
    if given.action == "delete":
        return api.delete_dataset(needed(given.spec, "NAME", "name the dataset to delete"))
    spec = needed(given.spec, "SPEC", "name the data to check")
    return api.check_dataset(spec, reading=given.reading, progress=bar("decoding"))


def _list(result: Values) -> str:
    rows = [[d["name"], d["task"], d["classes"], d["items"], d["available"]] for d in result["datasets"]]
    lines = [table(rows, ["name", "task", "classes", "items", "at hand"])]
    lines += [f"{d['name']}: {d['damaged']}" for d in result["datasets"] if d.get("damaged")]
    return "\n".join(lines)


def _added(result: Values) -> str:
    return f"{result['added']['name']}: {_described(result['added'])}"


def _renamed(result: Values) -> str:
    return f"{result['before']} is now {result['renamed']['name']}"


def _deleted(result: Values) -> str:
    if result["files_deleted"]:
        return f"{result['deleted']} is deleted, with its files"
    return f"{result['deleted']} is forgotten; its files stay in {result['folder']}"


def _described(dataset: Values) -> str:
    if dataset["items"] is None:
        return dataset["folder"]
    size = f"{dataset['bytes'] / 1e6:,.1f} MB, digest {dataset['digest']}"
    return (
        f"{dataset['task']}, {dataset['classes']:,} classes, {dataset['items']:,} images, {size}, {dataset['folder']}"
    )


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
        help="list the datasets, or `add`, `check`, `export SPEC`, `rename`, `delete`, `download NAME`",
        example="datasets check photos/",
        arguments=(
            argument(
                "action",
                nargs="?",
                choices=["add", "check", "delete", "download", "export", "rename"],
                help="add gives a folder, zip or manifest a name; check reports its problems; delete NAME deletes what "
                "the lab unpacked and forgets a folder of yours; download NAME fetches a published one; export writes "
                "a manifest; rename NAME takes --name",
            ),
            argument("spec", nargs="?", help="name, folder, nested:FOLDER, .zip or .csv manifest"),
            argument("--name", metavar="NAME", help="of add and rename: what the dataset is called from now on"),
            argument("--out", metavar="FILE", help="of export: the .csv to write; pictures may go beside it"),
            READING,
            OVERWRITE,
        ),
        run=_run,
        calls=(
            "list_datasets",
            "add_dataset",
            "check_dataset",
            "delete_dataset",
            "download_dataset",
            "export_dataset",
            "rename_dataset",
        ),
        render=by_key(datasets=_list, problems=_report, added=_added, renamed=_renamed, deleted=_deleted),
    ),
)
