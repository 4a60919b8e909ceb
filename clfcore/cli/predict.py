"""The commands that ask a model about images: predictions, and explanations of them."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument, by_key
from clfcore.cli.flags import OVERWRITE, number, whole
from clfcore.cli.terminal import bar, duration, long_bar, table
from clfcore.numerals import decimal

if TYPE_CHECKING:
    from clfcore.api.many_predictions import PredictionTable
    from clfcore.api.predictions import ClassList
    from clfcore.inference.image_prediction import PredictionList
    from clfcore.results import Result

MEASURES = ("pointing_game", "energy_in_mask", "deletion_auc", "insertion_auc", "changes_with_random_weights")


def _predict(args: argparse.Namespace) -> "PredictionList | PredictionTable":
    if args.out is not None:
        return api.predict_many(
            args.name,
            args.images,
            out=args.out,
            k=2 if args.top is None else args.top,
            views=args.views,
            sure=args.sure,
            calibrated=args.calibrated,
            coverage=args.coverage,
            overwrite=args.overwrite,
            progress=long_bar("predicting"),
        )
    return api.predict(
        args.name,
        args.images,
        k=5 if args.top is None else args.top,
        views=args.views,
        sure=args.sure,
        calibrated=args.calibrated,
        coverage=args.coverage,
        progress=bar("embedding training images"),
    )


def _exit_status(result: "PredictionList | PredictionTable") -> int:
    return int(not result.complete)


def _table_text(result: Values) -> str:
    """What was written, and the classes that were predicted most."""
    total = result["files"]
    lines = [f"{result['out']}: {total:,} pictures in {duration(result['seconds'])}"]
    if result["resumed"]:
        lines.append(f"{result['resumed']:,} of them were there already")
    lines += [f"{count:7,}  {label}" for label, count in list(result["classes"].items())[:20]]
    lines += [f"{len(result['classes']) - 20:,} more classes"] if len(result["classes"]) > 20 else []
    if result["unlike"]:
        lines.append(f"{result['unlike']:,} unlike the training images or with no likely class: column unlike")
    if result["errors"]:
        lines.append(f"{result['errors']:,} without a prediction: column error says why")
    return "\n".join(lines)


def _predictions(result: Values) -> str:
    lines: list[str] = []
    basis = ""
    for answer in result["predictions"]:
        lines.append(answer["image"])
        lines += [f"  {answer['error']}"] if "error" in answer else []
        if "seen" in answer:
            lines.append(f"  {answer['seen']['message']}")
        if answer.get("unlike", {}).get("unlike"):
            lines.append(f"  {answer['unlike']['message']}")
            basis = answer["unlike"]["basis"]
        there = answer.get("labels")
        for one in answer.get("top", []) if "path" not in answer else []:
            mark = (
                ""
                if there is None
                else ("  yes" if one["label"] in there else "  no") + f", from {decimal(one['threshold'], digits=3)}"
            )
            lines.append(f"  {100 * one['probability']:5.1f}%  {one['label']}{mark}")
        lines += [f"  {100 * p['probability']:5.1f}%  {p['level']} {p['label']}" for p in answer.get("path", [])]
        lines += ["  not sure enough to go on"] if answer.get("stopped") else []
        lines += [f"  set: {', '.join(answer['set']) or 'none of the classes'}"] if "set" in answer else []
    return "\n".join([*lines, basis] if basis else lines)


def _explain(args: argparse.Namespace) -> "Result":
    if args.examples is not None:
        return api.nearest_examples(args.name, args.image, n=args.examples, progress=bar("embedding"))
    if args.check:
        return api.check_maps(
            args.name, everything=args.all, items=args.items, data=args.data, progress=bar("explaining")
        )
    return api.explain(
        args.name,
        args.image,
        out=args.out,
        method=args.method,
        target=args.target,
        against=args.against,
        level=args.level,
        layer=args.layer,
        opacity=args.opacity,
        colors=args.colors,
        threshold=args.threshold,
        overwrite=args.overwrite,
        progress=bar("explaining"),
    )


def faithfulness_table(result: Values) -> str:
    """The table of `explain --check`, the baselines below, and why methods are missing."""
    rows = [[one["method"], *(one[name] for name in MEASURES)] for one in (*result["methods"], *result["baselines"])]
    lines = [
        table(rows, ["method", "pointing", "energy in mask", "deletion", "insertion", "depends on weights"]),
        f"{result['items']} images; deletion: lower is better, the others: higher; random and centre look at nothing",
    ]
    return "\n".join(lines + [f"{name} left out: {reason}" for name, reason in result["left_out"].items()])


def _examples(result: Values) -> str:
    near = [[row["label"], one["id"], one["similarity"]] for row in result["examples"] for one in row["nearest"]]
    return table(near, ["class", "nearest training images", "cosine similarity"])


def _inspect(args: argparse.Namespace) -> "Result":
    return api.inspect_item(
        args.name,
        args.item,
        top=args.top,
        neighbors=args.nearest,
        level=args.level,
        target=args.target,
        out=args.out,
        overwrite=args.overwrite,
        progress=bar("embedding"),
    )


def _inspected(result: Values) -> str:
    place = f"{result['split']}, {result['place']:,} of {result['of']:,}" if result["split"] else "in no split"
    lines = [result["item"], f"{place}; truth: {result['truth'] or 'none of the labels'}"]
    lines += [result["path"]] if result["path"] else []
    lines.append("predicted" if result["stored"] else "predicted now: the run stores no prediction of it")
    for row in result["classes"]:
        marks = ", ".join(name for name in ("predicted", "true") if row[name])
        lines.append(f"  {100 * row['probability']:5.1f}%  {row['label']}" + (f"  ({marks})" if marks else ""))
    if result["neighbors"]:
        near = [[one["id"], one["label"], one["similarity"]] for one in result["neighbors"]]
        lines.append(table(near, ["nearest training images", "class", "cosine similarity"]))
    if "out" in result:
        lines.append(f"map of {result['target']}: {result['out']}" + ("" if result["evidence"] else " (no evidence)"))
    return "\n".join(lines)


def _list_classes(args: argparse.Namespace) -> "ClassList":
    return api.list_classes(args.name, search=args.search)


def _class_list(result: Values) -> str:
    levels = result.get("levels", {"": result["classes"]})
    rows = [[level, label] if level else [label] for level, labels in levels.items() for label in labels]
    of = f"{len(rows):,} of " if "search" in result else ""
    near = f"; did you mean {result['nearest']!r}?" if "nearest" in result else ""
    heading = ["level", "class"] if "levels" in result else ["class"]
    total = f"{of}{result['known']:,} {'labels' if result['task'] == 'multi-label' else 'classes'}{near}"
    return "\n".join([table(rows, heading), total] if rows else [total])


COMMANDS = (
    Command(
        name="classes",
        help="which classes a model knows",
        example="classes efficientnet_lite0 --search cat",
        arguments=(
            argument("name", metavar="RUN_OR_ARCHITECTURE", help="a finished run (id or folder), or an architecture"),
            argument("--search", metavar="TEXT", help="those with this in their name"),
        ),
        run=_list_classes,
        calls=("list_classes",),
        render=_class_list,
    ),
    Command(
        name="predict",
        help="what a model says of images",
        example="predict efficientnet_lite0 cat.jpg --top 3",
        arguments=(
            argument("name", metavar="RUN_OR_ARCHITECTURE", help="a finished run (id or folder), or an architecture"),
            argument("images", nargs="+", metavar="IMAGE", help="images; with --out also folders, zips and CSV files"),
            argument(
                "--out",
                metavar="FILE",
                help="a table instead, .csv or .parquet, a row a picture; interrupted, the same command goes on",
            ),
            OVERWRITE,
            argument("--top", type=whole, metavar="K", help="how many classes an image (default 5, in a table 2)"),
            argument("--views", metavar="NAME", help="average over views of each image: flip or five-crops"),
            argument(
                "--sure",
                type=number,
                default=0.0,
                metavar="X",
                help="of a hierarchy: stop where the path is less sure",
            ),
            argument("--calibrated", action="store_true", help="with the temperature that `calibrate RUN` stored"),
            argument(
                "--coverage",
                type=number,
                metavar="X",
                help="also a set of classes that includes the truth as often (default: as `sets RUN` keeps)",
            ),
        ),
        run=_predict,
        calls=("predict", "predict_many"),
        render=by_key(predictions=_predictions, out=_table_text),
        exit_status=_exit_status,
    ),
    Command(
        name="inspect",
        help="one picture of a run's data: place, truth, probabilities, nearest training images, map",
        example="inspect RUN digits/0007 --out map.png",
        arguments=(
            argument("name", metavar="RUN", help="a run: id or folder"),
            argument("item", metavar="ITEM", help="its id in the data, as pages and lists of errors name it"),
            argument("--top", type=whole, default=5, metavar="K", help="how many classes (default 5)"),
            argument(
                "--nearest", type=whole, default=5, metavar="N", help="nearest training images (default 5; 0: none)"
            ),
            argument("--level", metavar="NAME", help="of a hierarchy: the level of the classes (default the finest)"),
            argument("--target", metavar="CLASS", help="the class of the map (default: the predicted one)"),
            argument("--out", metavar="PNG", help="where the whole picture under its Grad-CAM goes"),
            OVERWRITE,
        ),
        run=_inspect,
        calls=("inspect_item",),
        render=_inspected,
    ),
    Command(
        name="explain",
        help="a map of where a model looked, or --check: how far its maps can be believed",
        example="explain efficientnet_lite0 cat.jpg --method gradcam --out map.png",
        arguments=(
            argument("name", metavar="RUN_OR_ARCHITECTURE", help="a finished run (id or folder), or an architecture"),
            argument("image", nargs="?", metavar="IMAGE"),
            argument(
                "--method",
                default="gradcam",
                metavar="NAME",
                help="gradcam (default), saliency, …; a wrong one lists all",
            ),
            argument("--out", metavar="PNG", help="where the map over the image goes"),
            OVERWRITE,
            argument("--target", metavar="CLASS", help="a class by name or number (default: the predicted one)"),
            argument("--against", metavar="CLASS", help="why --target and not this class"),
            argument("--level", metavar="NAME", help="of a hierarchy: the level of the class (default the finest)"),
            argument("--layer", metavar="NAME", help="a layer by its dotted name (default: chosen by itself)"),
            argument("--opacity", type=number, default=0.6, metavar="X", help="0 image, 1 map (default 0.6)"),
            argument("--colors", "--colours", default="magma", metavar="NAME", help="magma (default), cividis, …"),
            argument("--threshold", type=number, default=0.0, metavar="X", help="hide weaker places, 0 to 1"),
            argument(
                "--examples",
                type=whole,
                metavar="N",
                help="instead of a map: the N nearest training images of each class",
            ),
            argument("--check", action="store_true", help="measure how far the maps of a run can be believed"),
            argument("--all", action="store_true", help="with --check: methods of more than 20 forward passes too"),
            argument("--items", type=whole, metavar="N", help="with --check: images to measure on (100)"),
            argument("--data", metavar="SPEC", help="with --check: other data than the run's own"),
        ),
        run=_explain,
        calls=("explain", "nearest_examples", "check_maps"),
        render=by_key(methods=faithfulness_table, examples=_examples),
    ),
)
