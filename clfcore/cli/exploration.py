"""The commands that find pictures: a map of a dataset, items similar to a photo, what to label next."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import OVERWRITE, READING
from clfcore.cli.terminal import bar, table
from clfcore.files import typed_path

if TYPE_CHECKING:
    from clfcore.results import Result

DATA = argument("data", metavar="DATA", help="a dataset: name, folder, .zip or .csv manifest")
ARCHITECTURE = argument(
    "--architecture", metavar="NAME", help="the pretrained network whose embeddings are compared (efficientnet_lite0)"
)


def _map(args: argparse.Namespace) -> "Result":
    return api.map_dataset(
        args.data,
        architecture=args.architecture,
        run=args.run,
        out=typed_path(args.out, "out"),
        reading=args.reading,
        overwrite=args.overwrite,
        progress=bar("mapping"),
    )


def _map_text(result: Values) -> str:
    points = result["points"]
    sample = "" if len(points) == result["items"] else f", a random sample of {result['items']:,}"
    return f"{result['name']}: {len(points):,} images{sample}, mapped by {result['architecture']}: {result['out']}"


def _search(args: argparse.Namespace) -> "Result":
    return api.search_similar(
        args.data,
        args.photo,
        count=args.count,
        architecture=args.architecture,
        reading=args.reading,
        progress=bar("embedding"),
    )


def _search_text(result: Values) -> str:
    rows = [[i["item"], i["split"] or "no split", i["label"], f"{i['similarity']:.3f}"] for i in result["items"]]
    return table(rows, [f"most similar in {result['name']}", "split", "label", "similarity"])


def _next(args: argparse.Namespace) -> "Result":
    return api.next_to_label(
        args.data,
        args.pool,
        count=args.count,
        by=args.by,
        run=args.run,
        architecture=args.architecture,
        reading=args.reading,
        seed=args.seed,
        progress=bar("embedding"),
    )


def _next_text(result: Values) -> str:
    lines = [f"by {result['by']}: {result['advice']}"]
    left = [f"{result['labeled']:,} are labeled already"] if result["labeled"] else []
    left += [f"{result['unreadable']:,} cannot be read"] if result["unreadable"] else []
    lines.append(f"{len(result['pictures']):,} of {result['pool']:,} pictures{', ' if left else ''}{', '.join(left)}")
    rows = [[p["file"], p["suggested"], f"{p['probability']:.3f}", f"{p['score']:.3f}"] for p in result["pictures"]]
    return "\n".join([*lines, "", table(rows, ["label next", "suggested", "probability", "score"])])


COMMANDS = (
    Command(
        name="map",
        help="lay a dataset out in a plane by t-SNE of its embeddings, as a table or a page to explore",
        example="map photos/ --out map.html",
        arguments=(
            DATA,
            argument("--out", metavar="FILE", required=True, help="the .csv, .json or .html to write"),
            argument(
                "--run", metavar="RUN", help="whose predictions give errors and confidence (heads on the embeddings)"
            ),
            ARCHITECTURE,
            READING,
            OVERWRITE,
        ),
        run=_map,
        calls=("map_dataset",),
        render=_map_text,
    ),
    Command(
        name="search",
        help="find the items of a dataset that are most similar to a photo",
        example="search photos/ cat.jpg",
        arguments=(
            DATA,
            argument("photo", metavar="PHOTO", help="an image file, or the id of an item of the data"),
            argument("--count", type=int, default=12, metavar="N", help="number of images (12)"),
            ARCHITECTURE,
            READING,
        ),
        run=_search,
        calls=("search_similar",),
        render=_search_text,
    ),
    Command(
        name="next",
        help="choose which pictures of a folder to label next, so that few labels teach most",
        example="next photos/ --pool unlabeled/ --count 50",
        arguments=(
            DATA,
            argument("--pool", metavar="FOLDER", required=True, help="pictures without labels"),
            argument("--count", type=int, default=50, metavar="N", help="number of images (50)"),
            argument(
                "--by",
                default="margin",
                metavar="NAME",
                help="margin (default: in our measurements it needed a third fewer labels than random choice), entropy "
                "or core-set (at first often worse than random), or random",
            ),
            argument("--run", metavar="RUN", help="whose predictions are used (a head on the embeddings)"),
            argument("--seed", type=int, default=0, metavar="N", help="of random (0)"),
            ARCHITECTURE,
            READING,
        ),
        run=_next,
        calls=("next_to_label",),
        render=_next_text,
    ),
)
