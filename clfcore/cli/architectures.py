"""The command `architectures`: the catalogue, and what one network, or two, are made of and do."""

import argparse
from typing import Any

from clfcore.cli.flags import options_flag, options_of, overwrite_flag, whole
from clfcore.cli.terminal import bar
from clfcore.errors import InputError, unknown
from clfcore.files import typed_path

ACTIONS = {
    "show": "NAME: the layer table",
    "source": "NAME: the idea, the papers, the block's source",
    "compare": "A B: two networks side by side",
    "inside": "NAME_OR_RUN IMAGE --out PNG: feature maps and first filters",
    "gradients": "[NAME]: gradient norms a layer; without NAME plain 34 layers against residual 34",
    "speed": "NAME: forward passes timed on this device",
    "timeline": ": ImageNet accuracy as published, against cost",
    "scaling": "[--option phi=X]…: EfficientNet's φ, its cost, the published networks",
}
_NAMES = {"show": 1, "source": 1, "compare": 2, "inside": 2, "gradients": None, "speed": 1, "timeline": 0, "scaling": 0}


def architectures(command: argparse.ArgumentParser) -> None:
    """`architectures [ACTION] [NAME…]` and its flags."""
    actions = "; ".join(f"{name} {what}".replace(" :", ":") for name, what in ACTIONS.items())
    command.add_argument("action", nargs="?", metavar="ACTION", help=actions)
    command.add_argument("names", nargs="*", metavar="NAME", help="architectures, or timm/NAME")
    command.add_argument("--search", metavar="TEXT", help="look in the catalogue and among timm's names")
    options_flag(command)
    command.add_argument(
        "--other-option", action="append", metavar="K=V", help="of compare: an option of the second network"
    )
    command.add_argument("--image-size", type=side, metavar="N", help="side of the square input in pixels")
    for name, what in (("channels", "channels of the input"), ("classes", "logits")):
        command.add_argument(f"--{name}", type=whole, metavar="N", help=f"{what} (default: the network's own)")
    command.add_argument("--out", metavar="PNG", help="of inside: where the picture goes")
    overwrite_flag(command)
    command.add_argument(
        "--weights", metavar="NAME", help="of inside: none, or default (taken by itself where they are at hand)"
    )
    command.add_argument(
        "--no-normalisation", action="store_true", help="of gradients: without batch normalisation, as before 2015"
    )
    command.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> dict[str, Any]:
    from clfcore import api
    from clfcore.architectures import command

    if given.action is None:
        return api.architectures(given.search)
    names = _names(given)
    options = options_of(given.option)
    size = {"image_size": given.image_size, "channels": given.channels, "classes": given.classes}
    match given.action:
        case "show":
            return api.architectures_show(names[0], options=options, **size)
        case "source":
            return command.source(names[0])
        case "compare":
            other = options_of(given.other_option, flag="other-option")
            return command.compare(*names, options=options, other=other, **size)
        case "inside":
            if given.out is None:
                raise InputError("--out is missing: name a .png to write")
            size.pop("classes")
            paths = (typed_path(names[1], "image"), typed_path(given.out, "out"))
            more = {"weights": given.weights, "overwrite": given.overwrite}
            return command.inside(names[0], *paths, options=options, **more, **size)
        case "gradients":
            chosen = names[0] if names else None
            progress, plain = bar("computing gradients"), not given.no_normalisation
            return command.gradients(chosen, normalised=plain, progress=progress, options=options, **size)
        case "speed":
            return command.speed(names[0], progress=bar("timing"), options=options, **size)
        case "timeline":
            return command.timeline()
    return command.scaling(options)


def _names(given: argparse.Namespace) -> list[str]:
    """The names that the action takes. Raises InputError for an action that there is not, or too few or many names."""
    if given.action not in ACTIONS:
        raise unknown("action", given.action, list(ACTIONS))
    wanted, names = _NAMES[given.action], given.names
    what = ACTIONS[given.action].partition(":")[0].strip()
    usage = f"`{f'architectures {given.action} {what}'.strip()}`"
    if wanted is None and len(names) <= 1:
        return names
    if wanted is not None and len(names) < wanted:
        raise InputError(f"NAME is missing: write {usage}")
    if len(names) > (wanted or 1) or (wanted == 0 and names):
        raise InputError(f"{names[-1]!r} is one name too many: write {usage}")
    return names


def side(word: str) -> int:
    """A side in pixels. Raises ArgumentTypeError that says what would work."""
    try:
        return int(word)
    except ValueError:
        height, _, width = word.lower().partition("x")
        if height.isdigit() and width.isdigit():
            raise argparse.ArgumentTypeError(
                f"{word!r}: networks take square images; give one side, such as {height}: a picture of any shape is "
                "cropped, padded or squashed to it (--fit of train)"
            ) from None
        raise argparse.ArgumentTypeError(f"{word!r} is no whole number: give a side in pixels, such as 224") from None
