"""What the command `explain` does: one map as a PNG, or the table of how far a run's maps can be believed."""

from pathlib import Path
from typing import Any

from PIL import Image

from clfcore.data.catalogue import open_dataset
from clfcore.data.pixels import read_image
from clfcore.errors import InputError, unknown
from clfcore.explain.methods import method as row_of
from clfcore.explain.saliency_map import COLOURS, NO_EVIDENCE, SaliencyMap, overlay_image
from clfcore.explain.targets import column
from clfcore.files import typed_path
from clfcore.outputs import output_path, save_picture
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from clfcore.task import Task


def write_map(
    name: str,
    image: str | None,
    *,
    out: str | None,
    method: str = "gradcam",
    target: str | None = None,
    against: str | None = None,
    level: str | None = None,
    layer: str | None = None,
    opacity: float = 0.6,
    colours: str = "magma",
    threshold: float = 0.0,
    overwrite: bool = False,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The map over the square that the network sees, written to `out`; what is wrong is told before a network opens.

    target: a class by name or number, None the predicted one; against: a second class, for their difference.
    """
    from clfcore.explain.dispatch import explain

    row_of(method)
    picture = _image(image)
    goal = _goal(out, picture, overwrite=overwrite)
    for what, share in (("opacity", opacity), ("threshold", threshold)):
        if not 0 <= share <= 1:
            raise InputError(f"{what} is {share:g}: it must be from 0 to 1")
    if colours not in COLOURS:
        raise unknown("colours", colours, COLOURS)
    if against is not None and target is None:
        raise InputError(f"against is {against!r} without a target: name the class it is set against with --target")

    from clfcore.runs.open_classifier import open_classifier

    classifier = open_classifier(name, runs)
    wanted = None if target is None else column(classifier.task, target, level=level)
    if wanted is not None and against is not None:
        wanted = (wanted, column(classifier.task, against, level=level))
    square = classifier.square(read_image(picture, least_side=classifier.preprocess.stored_side))
    found = explain(classifier, square, method=method, target=wanted, layer=layer, progress=progress)
    _write(overlay_image(square, found, opacity=opacity, colours=colours, threshold=threshold), goal)
    return {"model": classifier.name, **as_dict(found, classifier.task), "out": str(goal)}


def as_dict(found: SaliencyMap, task: Task) -> dict[str, Any]:
    """`method`, `layer`, `target` by name, `evidence` and what to read beside the map."""
    note = found.note if found.evidence else "; ".join(filter(None, (NO_EVIDENCE, found.note)))
    return {
        "method": found.method,
        "layer": found.layer,
        "target": target_name(task, found.target),
        "evidence": found.evidence,
        "note": note,
    }


def target_name(task: Task, target: int | tuple[int, int]) -> str:
    """The class of a column of the logits; of two: `husky, not wolf`.

    >>> from clfcore.task import single_label
    >>> target_name(single_label(["wolf", "husky"]), (1, 0))
    'husky, not wolf'
    """
    names = [name for level in task.levels for name in level.classes]
    return f"{names[target[0]]}, not {names[target[1]]}" if isinstance(target, tuple) else names[target]


def show_examples(
    name: str, image: str | None, *, n: int = 3, runs: Path | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Of each class the n training images nearest to an image, by the run's embeddings. Raises InputError."""
    picture = _image(image)

    from clfcore.explain.examples import as_dict as rows
    from clfcore.runs.nearest_images import nearest_examples
    from clfcore.runs.open_classifier import open_classifier

    classifier = open_classifier(name, runs)
    square = classifier.square(read_image(picture, least_side=classifier.preprocess.stored_side))
    found = nearest_examples(classifier, square, n=n, progress=progress)
    return {"model": classifier.name, "image": str(picture), "examples": rows(found)}


def check_maps(
    name: str,
    *,
    everything: bool = False,
    items: int | None = None,
    data: str | None = None,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Methods x measures, on up to `items` pictures (100) of the run's own data, or of `data`. Raises InputError."""
    if items is not None and items < 1:
        raise InputError(f"items is {items}: it must be at least 1")
    from clfcore.explain.faithfulness import ITEMS, check_dataset
    from clfcore.runs.open_classifier import open_classifier

    classifier = open_classifier(name, runs)
    if data is None and classifier.folder is None:
        raise InputError(f"{name} is an architecture and has no data of its own: name some with --data SPEC")
    dataset = open_dataset(data) if data is not None else open_run_data(Run(classifier.folder))
    return check_dataset(classifier, dataset, items=items or ITEMS, everything=everything, progress=progress).as_dict()


def _image(image: str | None) -> Path:
    if image is None:
        raise InputError("IMAGE is missing: name the image file to explain, or give --check to measure a run's maps")
    path = typed_path(image, "image")
    if not path.is_file():
        raise InputError(f"{image} is no file: name an image file")
    return path


def _goal(out: str | None, picture: Path, *, overwrite: bool) -> Path:
    if out is None:
        raise InputError("out is missing: give --out with the PNG to write")
    goal = output_path(out, inputs=[picture], overwrite=overwrite)
    if goal.suffix.lower() != ".png":
        raise InputError(f"out is {out}: it must end in .png")
    if not goal.parent.is_dir():
        raise InputError(f"out is {out}: the folder {goal.parent} does not exist")
    return goal


def _write(pixels: Any, goal: Path) -> None:
    save_picture(Image.fromarray(pixels), goal, "PNG")
