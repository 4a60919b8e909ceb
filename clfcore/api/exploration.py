"""Exploration by embeddings: the map of a dataset, items similar to a photo, and what to label next."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clfcore.architectures.pretrained import OFFLINE
from clfcore.data.bit_depth import shown
from clfcore.data.catalogue import check_root, open_dataset
from clfcore.data.importers.readings import with_reading
from clfcore.data.pixels import read_image
from clfcore.default_network import pretrained_at_hand
from clfcore.embeddings.tsne import check_installed, sampled_rows, tsne
from clfcore.errors import InputError
from clfcore.files import typed_path, write_text
from clfcore.heavy_imports import load
from clfcore.inference.pictures import folder_pictures
from clfcore.outputs import MADE_BY, output_path
from clfcore.progress import Progress
from clfcore.quality.next_to_label import ADVICE, PoolPicture, check_strategy, choose_next
from clfcore.quality.pool_predictions import run_logits, suggestions
from clfcore.results import WHEN_KNOWN, Result
from clfcore.runs.folder import open_run
from clfcore.spreadsheet import csv_text

if TYPE_CHECKING:
    from clfcore.embeddings.pretrained import EmbeddedDataset
    from clfcore.embeddings.similar import SimilarItem
    from clfcore.quality.dataset_map import Guess, MapPoint

HEADER = ("item", "x", "y", "split", "label", "error", "confidence", "suspicion")
MOST_SIMILAR = 200  # items of an answer
SIDE = 512  # pixels that a photo is read with at least


@dataclass(frozen=True)
class DatasetMap(Result):
    """The map of a dataset by t-SNE.

    items: how many could be read; points: all of them, or a random sample of 10,000. predicted_by: whose predictions
    error and confidence are of: a run's id, `out-of-fold heads`, or nobody's, then empty. seconds: of the whole.
    """

    name: str
    architecture: str
    items: int
    predicted_by: str
    points: tuple["MapPoint", ...]
    seconds: float
    out: Path | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class SimilarItems(Result):
    """The items of a dataset that are most similar to a photo, or to one of its own items."""

    name: str
    architecture: str
    photo: str
    items: tuple["SimilarItem", ...]
    seconds: float


@dataclass(frozen=True)
class NextToLabel(Result):
    """Pictures of a pool to label next, the most wanted first.

    model: what was asked about them: a run's id, or `a head on` an architecture. pool: how many pictures there are;
    labeled: how many of them the data has already; unreadable: how many could not be read.
    """

    name: str
    by: str
    advice: str
    model: str
    pool: int
    labeled: int
    unreadable: int
    pictures: tuple["PoolPicture", ...]
    seconds: float


def map_dataset(
    data: str,
    *,
    architecture: str | None = None,
    run: str | None = None,
    out: str | Path | None = None,
    reading: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> DatasetMap:
    """Lay a dataset out in a plane by t-SNE of its embeddings, and write it to `out`, a .csv, .json or .html, if given.

    run: whose predictions color errors and confidence; None: those of heads that were fitted on other items. Raises
    InputError where openTSNE is missing, or the data or the weights cannot be used.
    """
    started = time.perf_counter()
    target = None if out is None else _map_path(out, data, overwrite=overwrite)
    check_installed()
    embedded, network = _embedded(data, reading, architecture, progress=progress)
    from clfcore.quality.check import copies_and_groups
    from clfcore.quality.dataset_map import guesses_of_run, guesses_out_of_fold, map_points
    from clfcore.quality.label_errors import find_label_errors

    dataset = embedded.dataset
    rows = sampled_rows(len(dataset))
    values = embedded.all
    rows = rows[np.isfinite(values[rows]).all(axis=1)]
    positions = tsne(values[rows], progress=progress)
    known: dict[str, Guess] = {}
    quality: dict[str, float] = {}
    by = ""
    if run is not None:
        opened = open_run(run)
        if opened.task != dataset.task:
            raise InputError(f"run {opened.id} has other classes than {dataset.name}: give a run of this data")
        known, by = guesses_of_run([opened.predictions(split) for split in opened.splits]), opened.id
    try:
        clusters = copies_and_groups(embedded.decoded.digests, dataset.groups)
        labels = find_label_errors(dataset, values, clusters=clusters, progress=progress)
    except InputError:  # too few of each class to judge by: the map is still one
        labels = None
    if labels is not None:
        quality = {suspect.item: suspect.score for suspect in labels.ranking}
        if run is None:
            known, by = guesses_out_of_fold(dataset, labels), "out-of-fold heads"
    result = DatasetMap(
        name=dataset.name,
        architecture=network,
        items=len(dataset),
        predicted_by=by,
        points=map_points(dataset, rows, positions, guessed=known, quality=quality),
        seconds=round(time.perf_counter() - started, 3),
        out=target,
    )
    if target is not None:
        write_text(target, _map_text(result, target.suffix.lower()))
    return result


def _map_path(out: str | Path, data: str, *, overwrite: bool) -> Path:
    if typed_path(out, "out").suffix.lower() not in (".csv", ".json", ".html"):
        raise InputError(f"out is {str(out)!r}: a map's name ends with .csv, .json or .html")
    return output_path(out, inputs=[data], marks=(MADE_BY, ",".join(HEADER), '"predicted_by"'), overwrite=overwrite)


def _map_text(result: DatasetMap, suffix: str) -> str:
    """The map as a file of this kind."""
    if suffix == ".csv":
        return csv_text([HEADER, *([getattr(point, name) for name in HEADER] for point in result.points)])
    if suffix == ".json":
        return json.dumps(result.as_json(), ensure_ascii=False)
    load("plotly")
    from clfcore.figures.dataset_map import dataset_map_figure
    from clfcore.reports.html import Section, page

    about = f"{result.items:,} images by t-SNE of the embeddings of {result.architecture}"
    figures = [dataset_map_figure(result.points, color) for color in ("class", "split", "suspicion")]
    return page(f"Map of {result.name}", about, [Section("Map", figures=figures)])


def search_similar(
    data: str,
    photo: str | Path | bytes,
    *,
    count: int = 12,
    architecture: str | None = None,
    reading: str | None = None,
    progress: Progress | None = None,
) -> SimilarItems:
    """The items nearest to a photo: the path of a file, a file's bytes, or the id of an item of the data.

    Raises InputError where it is none of these or cannot be read.
    """
    if not 1 <= count <= MOST_SIMILAR:
        raise InputError(f"count is {count}: it must be from 1 to {MOST_SIMILAR}")
    started = time.perf_counter()
    is_file = isinstance(photo, bytes) or typed_path(photo, "photo").is_file()
    pixels = read_image(photo if isinstance(photo, bytes) else Path(photo), least_side=SIDE) if is_file else None
    embedded, network = _embedded(data, reading, architecture, progress=progress)
    from clfcore.embeddings.similar import embed_photo, nearest_items

    dataset = embedded.dataset
    if pixels is not None:
        near = nearest_items(embedded, embed_photo(shown(pixels, None), architecture=network), count=count)
    elif str(photo) in dataset.ids:
        own = str(photo)
        every = nearest_items(embedded, embedded.all[dataset.ids.index(own)], count=count + 1)
        near = tuple(item for item in every if item.item != own)[:count]
    else:
        raise InputError(f"photo is {str(photo)!r}: it is no file, and no item of {dataset.name}")
    name = "photo" if isinstance(photo, bytes) else str(photo)
    return SimilarItems(dataset.name, network, name, near, round(time.perf_counter() - started, 3))


def next_to_label(
    data: str,
    pool: str | Path,
    *,
    count: int = 50,
    by: str = "margin",
    run: str | None = None,
    architecture: str | None = None,
    reading: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> NextToLabel:
    """Which pictures of a folder to label next, so that the model learns most from few labels.

    by: margin, entropy, core-set or random. run: whose predictions are used; None: a head on embeddings, fitted on the
    data's training split. Pictures that the data already has are left out. Raises InputError where nothing is left.
    """
    started = time.perf_counter()
    strategy = check_strategy(by)
    if count < 1:
        raise InputError(f"count is {count}: it must be at least 1")
    folder = typed_path(pool, "pool")
    check_root(folder, str(pool))
    if not folder.is_dir():
        raise InputError(f"pool is {str(pool)!r}: name a folder of pictures without labels")
    files = list(folder_pictures(folder))
    if not files:
        raise InputError(f"pool is {str(pool)!r}, which holds no pictures: name a folder of some")
    opened = None if run is None else open_run(run)
    embedded, network = _embedded(data, reading, architecture, progress=progress)
    from clfcore.embeddings.similar import embed_pictures
    from clfcore.quality.out_of_fold import fitted_logits

    dataset = embedded.dataset
    others = embed_pictures(
        [path for _, path in files],
        [name for name, _ in files],
        architecture=network,
        name=str(pool),
        progress=progress,
    )
    known = set(embedded.decoded.digests)
    new = np.array([i for i, digest in enumerate(others.decoded.digests) if digest not in known], np.int64)
    if not len(new):
        raise InputError(f"pool is {str(pool)!r}: {dataset.name} has every picture of it already")
    values, train = embedded.all, dataset.splits["train"]
    vectors = others.all[new]
    if opened is None:
        task, model = dataset.task, f"a head on {network}"
        rows = np.concatenate([train, dataset.splits.get("validation", train[:0])])
        logits = fitted_logits(
            task, dataset.targets[rows], values[rows], chooses=np.arange(len(rows)) >= len(train), pool=vectors
        )
    else:
        task, model = opened.task, opened.id
        logits = run_logits(opened, others.dataset, new, progress=progress)
    chosen, scores = choose_next(
        strategy, logits=logits, task=task, pool=vectors, labeled=values[train], count=count, seed=seed
    )
    suggested = suggestions(task, logits[chosen])
    return NextToLabel(
        name=dataset.name,
        by=strategy,
        advice=ADVICE[strategy],
        model=model,
        pool=len(files),
        labeled=len(others.dataset) - len(new),
        unreadable=len(files) - len(others.dataset),
        pictures=tuple(
            PoolPicture(others.dataset.ids[int(new[i])], label, probability, round(float(score), 4))
            for i, score, (label, probability) in zip(chosen.tolist(), scores.tolist(), suggested, strict=True)
        ),
        seconds=round(time.perf_counter() - started, 3),
    )


def _embedded(
    data: str, reading: str | None, architecture: str | None, *, progress: Progress | None
) -> tuple["EmbeddedDataset", str]:
    """A dataset's embeddings, and the network that made them."""
    dataset = open_dataset(with_reading(data, reading))
    network = architecture or pretrained_at_hand() or OFFLINE
    load("torch")
    from clfcore.embeddings.pretrained import embed_dataset

    return embed_dataset(dataset, network, progress=progress), network
