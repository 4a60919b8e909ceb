"""The command about data: the library and the catalogue, a check, a download, an export; corrections and versions."""

import argparse
from typing import TYPE_CHECKING, TypedDict

from clfcore import api
from clfcore.cli import version_views
from clfcore.cli.command import Command, Values, argument, by_key
from clfcore.cli.flags import OVERWRITE, READING, needed, whole
from clfcore.cli.terminal import bar, byte_bar, table
from clfcore.errors import InputError
from clfcore.files import typed_path

if TYPE_CHECKING:
    from clfcore.results import Result


def _run(args: argparse.Namespace) -> "Result":
    if args.action is None:
        return api.list_datasets()
    if args.action == "download":
        name = needed(args.spec, "NAME", "name the dataset to download")
        return api.download_dataset(name, progress=byte_bar("downloading"))
    if args.action == "export":
        spec = needed(args.spec, "SPEC", "name the data to export")
        out = typed_path(needed(args.out, "--out", "name a .csv or a new folder to write"), "out")
        return api.export_dataset(
            spec,
            out,
            format=args.format,
            reading=args.reading,
            side=args.side,
            overwrite=args.overwrite,
            progress=bar("writing"),
        )
    if args.action == "add":
        spec = needed(args.spec, "SPEC", "name the folder, zip or manifest to add")
        return api.add_dataset(spec, reading=args.reading, name=args.name or "")
    if args.action == "rename":
        name = needed(args.spec, "NAME", "name the dataset to rename")
        return api.rename_dataset(name, needed(args.name, "--name", "write the new name"))
    if args.action == "delete":
        name = needed(args.spec, "NAME", "name the dataset to delete")
        return api.delete_dataset(name)
    if args.action == "versions":
        return api.list_versions(needed(args.spec, "SPEC", "name the data whose versions to list"))
    if args.action == "decisions":
        spec = needed(args.spec, "SPEC", "name the data whose decisions to list")
        table_out = typed_path(args.out, "out") if args.out else None
        return api.list_decisions(spec, out=table_out, overwrite=args.overwrite, reading=args.reading)
    if args.action == "correct":
        spec = needed(args.spec, "SPEC", "name the data to correct")
        if args.item is not None:
            if args.decisions or args.version:
                raise InputError("--item stands alone: give --decisions or --version in a command of their own")
            return api.decide(spec, args.item, reading=args.reading, note=args.note, **_decided(args))
        decisions = typed_path(args.decisions, "decisions") if args.decisions else ()
        return api.correct_dataset(spec, decisions=decisions, version=args.version, reading=args.reading)
    if args.action == "undo":
        return api.undo_decisions(needed(args.spec, "SPEC", "name the data"), reading=args.reading)
    if args.action == "diff":
        first = needed(args.spec, "SPEC", "name the two to compare, such as photos photos@checked")
        return api.diff_datasets(first, needed(args.other, "OTHER", "name the second, such as photos@checked"))
    spec = needed(args.spec, "SPEC", "name the data to check")
    return api.check_dataset(spec, reading=args.reading, progress=bar("decoding"))


class _Decided(TypedDict):
    action: str
    label: list[str]
    group: str


def _decided(args: argparse.Namespace) -> _Decided:
    """What --item is decided to be: one of --label, --group, --keep, --drop, --doubt and --wrong."""
    flags = {name: getattr(args, name) for name in ("label", "group", "keep", "drop", "doubt", "wrong")}
    asked = [name for name, value in flags.items() if value is not None and value is not False]
    if len(asked) != 1:
        raise InputError(
            f"--item needs one of --label, --group, --keep, --drop, --doubt and --wrong: {len(asked)} are given"
        )
    return {"action": asked[0], "label": [*(args.label or ())], "group": args.group or ""}


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
    if result.get("version"):
        return f"version {result['deleted']} is deleted; no picture was"
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
        help="list the datasets, or `add`, `check`, `correct`, `delete`, `diff`, `export`, `rename`, `download NAME`",
        example="datasets check photos/",
        arguments=(
            argument(
                "action",
                nargs="?",
                choices=[
                    "add",
                    "check",
                    "correct",
                    "decisions",
                    "delete",
                    "diff",
                    "download",
                    "export",
                    "rename",
                    "undo",
                    "versions",
                ],
                help="add gives a folder, zip or manifest a name; check reports its problems; correct keeps decisions "
                "on pictures and makes a --version of them, decisions lists them, undo takes the last step back; "
                "delete NAME deletes a version or what the lab unpacked and forgets a folder of yours; diff compares "
                "two; download NAME fetches a published one; export writes a manifest or another "
                "tool's format; rename NAME takes --name; "
                "versions lists those of a dataset",
            ),
            argument(
                "spec",
                nargs="?",
                help="name, folder, nested:FOLDER, .zip, .tar, .csv manifest, address such as s3://bucket/photos, or "
                "one of these @VERSION",
            ),
            argument("other", nargs="?", help="of diff: the second dataset"),
            argument("--name", metavar="NAME", help="of add and rename: what the dataset is called from now on"),
            argument(
                "--out",
                metavar="PATH",
                help="of export: the .csv to write, and pictures may go beside it, or a new folder; of decisions: a "
                ".csv or .json",
            ),
            argument(
                "--format",
                default="manifest",
                metavar="NAME",
                help="of export: manifest (default), coco, class-tree, label-studio, huggingface or webdataset; all of "
                "them open again as data",
            ),
            argument(
                "--side",
                type=whole,
                metavar="PIXELS",
                help="of export: write photos smaller, with a shorter side of so many pixels (256 suits most networks)",
            ),
            argument(
                "--decisions",
                metavar="FILE",
                help="of correct: a .csv or .json with item, and label or action (keep, drop, group, doubt, wrong)",
            ),
            argument("--version", metavar="NAME", help="of correct: make a version of all decisions, for DATA@NAME"),
            argument("--item", metavar="ID", help="of correct: the picture that --label, --drop … decides about"),
            argument("--label", action="append", metavar="CLASS", help="its class; repeat for several, or for a path"),
            argument("--group", metavar="NAME", help="it belongs together with others of this group"),
            argument("--keep", action="store_true", help="its label is right"),
            argument("--drop", action="store_true", help="leave it out"),
            argument("--doubt", action="store_true", help="undecidable: recorded, changes nothing"),
            argument("--wrong", action="store_true", help="its label is wrong, the right one is not known yet"),
            argument("--note", default="", metavar="TEXT", help="kept with the decision on --item"),
            READING,
            OVERWRITE,
        ),
        run=_run,
        calls=(
            "list_datasets",
            "add_dataset",
            "check_dataset",
            "correct_dataset",
            "decide",
            "delete_dataset",
            "diff_datasets",
            "download_dataset",
            "export_dataset",
            "list_decisions",
            "list_versions",
            "rename_dataset",
            "undo_decisions",
        ),
        render=by_key(
            datasets=_list,
            problems=_report,
            added=_added,
            renamed=_renamed,
            deleted=_deleted,
            versions=version_views.versions,
            relabeled=version_views.difference,
            corrected=version_views.corrected,
            decisions=version_views.decisions,
        ),
    ),
)
