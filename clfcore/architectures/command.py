"""What the actions of `architectures` give as JSON: each calls the function that the Architectures page calls."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from clfcore.architectures.catalogue import architecture, configured, weights_at_hand
from clfcore.architectures.compound_scaling import TARGET, compound, members
from clfcore.architectures.feature_map_sheet import sheet
from clfcore.architectures.options import number
from clfcore.architectures.papers import about
from clfcore.data.regular_file import read_bytes
from clfcore.errors import InputError
from clfcore.files import typed_path
from clfcore.outputs import output_path, save_picture
from clfcore.progress import Progress
from clfcore.runs import folder

Options = Mapping[str, Any]


def compare(a: str, b: str, *, options: Options | None = None, other: Options | None = None, **size: Any) -> dict:
    """Two networks side by side; `options` are a's, `other` b's; sizes are both networks'."""
    from clfcore.architectures.comparison import differences
    from clfcore.architectures.summary import table

    found = differences(table(a, options=options, **size), table(b, options=other, **size))
    rows = [{**asdict(row), "same": row.same} for row in found.rows]
    only = {"only_a": list(found.only_a), "only_b": list(found.only_b)}
    return {"a": found.a, "b": found.b, "rows": rows, **only, "sentence": found.describe()}


def source(name: str) -> dict[str, Any]:
    """The idea, the papers and the block's source."""
    return about(name).describe()


def inside(
    name: str,
    image: Path,
    out: Path,
    *,
    weights: str | None = None,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    overwrite: bool = False,
    runs: Path | None = None,
) -> dict[str, Any]:
    """The maps of each stage and the first filters of an architecture or a run for an image, as one PNG.

    weights of an architecture: none, default, or None: default where they are at hand and nothing else was asked for.
    """
    from clfcore.architectures.feature_maps import network_features

    if out.suffix.lower() != ".png":
        raise InputError(f"out is {str(out)!r}: it must end in .png")
    if not image.is_file():
        raise InputError(f"image is {str(image)!r}: there is no such file")
    out = output_path(out, inputs=[image], overwrite=overwrite)
    opened, said = _opened(name, weights, plain=not options and image_size is None and channels is None, runs=runs)
    found = network_features(
        name, read_bytes(image), classifier=opened, options=options, image_size=image_size, channels=channels
    )
    save_picture(Image.fromarray(sheet(found)), out, "PNG")
    stages = [
        {"stage": one.stage, "layer": one.layer, "maps": one.maps, "shown": [number for number, _ in one.strongest]}
        for one in found.stages
    ]
    return {"model": name, "weights": said, "stages": stages, "filters": found.filter_count, "out": str(out)}


def _opened(name: str, weights: str | None, *, plain: bool, runs: Path | None) -> tuple[Any, str]:
    """The classifier whose weights are looked into, or None for random ones; and which they are."""
    from clfcore.runs.open_classifier import open_classifier

    if (
        any(run.id.startswith(name) for run in folder.run_folders(runs))
        or (typed_path(name, "model") / "state.json").exists()
    ):
        return open_classifier(name, runs), "of the run"
    architecture(name)
    if weights not in (None, "none", "default"):
        raise InputError(f"weights is {weights!r}: it must be one of none, default")
    if weights == "default" and not plain:
        raise InputError(
            "weights is 'default' beside options or sizes: published weights have their own; leave one out"
        )
    if weights == "default" or (weights is None and plain and weights_at_hand(name)):
        return open_classifier(name, runs), "default"
    return None, "random"


def gradients(
    name: str | None = None, *, normalised: bool = True, progress: Progress | None = None, **asked: Any
) -> dict[str, Any]:
    """Gradient norms layer by layer: of one network, or of 34 layers with and without additions."""
    from clfcore.architectures.gradient_flow import STEPS, GradientReach, gradient_reach, plain_against_residual

    if name is None:
        if any(value is not None and value != {} for value in asked.values()):
            raise InputError("name is missing: options and sizes are of a network; name it, or leave them out")
        reaches: tuple[GradientReach, ...] = plain_against_residual(normalised=normalised, progress=progress)
    else:
        reaches = (gradient_reach(name, normalised=normalised, **asked),)
    networks = [
        {
            "name": reach.name,
            "ratio": reach.share(),
            "ratio_after": reach.share(after=True),
            "layers": [asdict(norm) for norm in reach.norms],
        }
        for reach in reaches
    ]
    return {"networks": networks, "steps": STEPS, "normalised": normalised}


def speed(name: str, *, progress: Progress | None = None, **asked: Any) -> dict[str, Any]:
    """Forward passes timed on this device."""
    from clfcore.architectures.latency import time_network

    device, rows = time_network(name, progress=progress, **asked)
    return {"name": architecture(name).name, "device": device, "batches": [asdict(row) for row in rows]}


def timeline() -> dict[str, Any]:
    """ImageNet accuracy of the catalogue's networks as published with their first weights."""
    from clfcore.architectures.published_accuracy import timeline as points

    return {"points": [asdict(point) for point in points()]}


def scaling(options: Options | None = None) -> dict[str, Any]:
    """EfficientNet's φ: what the formula gives, what the network it builds costs, and B0 to B7 as published."""
    values = configured("efficientnet", options)[1]
    given = {name: number(values, name) for name in ("alpha", "beta", "gamma")}
    found = compound(number(values, "phi"), **given)
    return {
        "phi": found.phi,
        **given,
        **asdict(found.scaling),
        "product": found.product,
        "target": TARGET,
        "cost": found.cost,
        "counted": counted_cost(options),
        "members": [asdict(member) for member in members()],
    }


def counted_cost(options: Options | None = None) -> float:
    """Multiply-adds of the network that φ builds, as a multiple of those at φ = 0 with the other options alike."""
    from clfcore.architectures.summary import table

    start = {**(options or {}), "phi": 0}
    pair = [table("efficientnet", options=chosen).multiply_adds for chosen in (options, start)]
    return pair[0] / pair[1]
