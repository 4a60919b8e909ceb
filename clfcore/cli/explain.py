"""The command about maps: one over an image, training images like it, or how far a run's maps can be believed."""

import argparse
from typing import Any

from clfcore.cli.flags import number, overwrite_flag, whole
from clfcore.cli.terminal import bar, table


def explain(command: argparse.ArgumentParser) -> None:
    """`explain NAME IMAGE --method … --out PNG`, `explain RUN IMAGE --examples 3`, or `explain RUN --check`."""
    command.add_argument("name", metavar="RUN_OR_ARCHITECTURE")
    command.add_argument("image", nargs="?", metavar="IMAGE")
    command.add_argument(
        "--method",
        default="gradcam",
        metavar="NAME",
        help="gradcam (default), saliency, …; a wrong one lists all",
    )
    command.add_argument("--out", metavar="PNG", help="where the map over the image goes")
    overwrite_flag(command)
    command.add_argument("--target", metavar="CLASS", help="a class by name or number (default: the predicted one)")
    command.add_argument("--against", metavar="CLASS", help="why --target and not this class")
    command.add_argument("--level", metavar="NAME", help="of a hierarchy: the level of the class (default the finest)")
    command.add_argument("--layer", metavar="NAME", help="a layer by its dotted name (default: chosen by itself)")
    command.add_argument("--opacity", type=number, default=0.6, metavar="X", help="0 image, 1 map (default 0.6)")
    command.add_argument("--colours", default="magma", metavar="NAME", help="magma (default), cividis, …")
    command.add_argument("--threshold", type=number, default=0.0, metavar="X", help="hide weaker places, 0 to 1")
    command.add_argument(
        "--examples",
        type=whole,
        metavar="N",
        help="instead of a map: the N nearest training images of each class",
    )
    command.add_argument("--check", action="store_true", help="measure how far the maps of a run can be believed")
    command.add_argument("--all", action="store_true", help="with --check: methods of more than 20 forward passes too")
    command.add_argument("--items", type=whole, metavar="N", help="with --check: images to measure on (100)")
    command.add_argument("--data", metavar="SPEC", help="with --check: other data than the run's own")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore.explain.command import check_maps, show_examples, write_map

        if given.examples is not None:
            return show_examples(given.name, given.image, n=given.examples, progress=bar("embedding"))
        if given.check:
            return check_maps(
                given.name,
                everything=given.all,
                items=given.items,
                data=given.data,
                progress=bar("explaining"),
            )
        return write_map(
            given.name,
            given.image,
            out=given.out,
            method=given.method,
            target=given.target,
            against=given.against,
            level=given.level,
            layer=given.layer,
            opacity=given.opacity,
            colours=given.colours,
            threshold=given.threshold,
            overwrite=given.overwrite,
            progress=bar("explaining"),
        )

    command.set_defaults(run=run)


MEASURES = ("pointing_game", "energy_in_mask", "deletion_auc", "insertion_auc", "changes_with_random_weights")


def text(result: dict[str, Any]) -> str:
    """The table of `--check`, the baselines below, and why methods are missing; or the nearest images of each class."""
    if "examples" in result:
        near = [[row["label"], one["id"], one["similarity"]] for row in result["examples"] for one in row["nearest"]]
        return table(near, ["class", "nearest training images", "cosine similarity"])

    rows = [[one["method"], *(one[name] for name in MEASURES)] for one in (*result["methods"], *result["baselines"])]
    lines = [
        table(rows, ["method", "pointing", "energy in mask", "deletion", "insertion", "depends on weights"]),
        f"{result['items']} images; deletion: lower is better, the others: higher; random and centre look at nothing",
    ]
    return "\n".join(lines + [f"{name} left out: {reason}" for name, reason in result["left_out"].items()])
