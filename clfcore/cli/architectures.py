"""The command `architectures`: the catalogue, and what one network, or two, are made of and do."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli import architecture_views as views
from clfcore.cli.command import Command, argument, by_key
from clfcore.cli.flags import OPTION, OVERWRITE, needed, options_of, whole
from clfcore.cli.terminal import bar
from clfcore.errors import InputError, unknown
from clfcore.files import typed_path

if TYPE_CHECKING:
    from clfcore.results import Result

ACTIONS = {
    "show": "NAME: the layer table",
    "source": "NAME: the idea, the papers, the block's source",
    "compare": "A B: two networks side by side",
    "inside": "NAME_OR_RUN IMAGE --out PNG: feature maps and first filters",
    "tokens": "NAME_OR_RUN IMAGE [--out PNG]: a vision transformer's patches, and where a token attends to",
    "gradients": "[NAME]: gradient norms a layer; without NAME plain 34 layers against residual 34",
    "speed": "NAME: forward passes timed on this device",
    "timeline": ": each architecture's year, and ImageNet accuracy as published, against cost",
    "scaling": "[--option phi=X]…: EfficientNet's φ, its cost, the published networks",
}
_NAMES = {
    "show": 1,
    "source": 1,
    "compare": 2,
    "inside": 2,
    "tokens": 2,
    "gradients": None,
    "speed": 1,
    "timeline": 0,
    "scaling": 0,
}


def _run(args: argparse.Namespace) -> "Result":
    if args.action is None:
        return api.list_architectures(args.search)
    names = _names(args)
    options = options_of(args.option)
    size = {"image_size": args.image_size, "channels": args.channels, "classes": args.classes}
    match args.action:
        case "show":
            return api.describe_architecture(names[0], options=options, **size)
        case "source":
            return api.show_source(names[0])
        case "compare":
            other = options_of(args.other_option, flag="other-option")
            return api.compare_architectures(*names, options=options, other=other, **size)
        case "inside":
            return api.feature_maps(
                names[0],
                out=typed_path(needed(args.out, "--out", "name a .png to write"), "out"),
                image=typed_path(names[1], "image"),
                weights=args.weights,
                options=options,
                image_size=args.image_size,
                channels=args.channels,
                overwrite=args.overwrite,
            )
        case "tokens":
            return api.token_attention(
                names[0],
                typed_path(names[1], "image"),
                None if args.out is None else typed_path(args.out, "out"),
                block=args.block,
                head=args.head,
                query=args.query,
                weights=args.weights,
                options=options,
                image_size=args.image_size,
                channels=args.channels,
                overwrite=args.overwrite,
            )
        case "gradients":
            return api.gradient_norms(
                names[0] if names else None,
                normalized=not args.no_normalization,
                options=options,
                progress=bar("computing gradients"),
                **size,
            )
        case "speed":
            return api.time_architecture(names[0], progress=bar("timing"), options=options, **size)
        case "timeline":
            return api.published_accuracy()
    return api.scale_efficientnet(options)


def _names(args: argparse.Namespace) -> list[str]:
    """The names that the action takes. Raises InputError for an action that there is not, or too few or many names."""
    if args.action not in ACTIONS:
        raise unknown("action", args.action, list(ACTIONS))
    wanted, names = _NAMES[args.action], args.names
    what = ACTIONS[args.action].partition(":")[0].strip()
    usage = f"`{f'architectures {args.action} {what}'.strip()}`"
    if wanted is None and len(names) <= 1:
        return names
    if wanted is not None and len(names) < wanted:
        raise InputError(f"NAME is missing: write {usage}")
    if len(names) > (wanted or 1) or (wanted == 0 and names):
        raise InputError(f"{names[-1]!r} is one name too many: write {usage}")
    return names


def _side(word: str) -> int:
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


COMMANDS = (
    Command(
        name="architectures",
        help="list architectures, or show, compare, time and look into them",
        example="architectures show resnet18",
        arguments=(
            argument(
                "action",
                nargs="?",
                metavar="ACTION",
                help="; ".join(f"{name} {what}".replace(" :", ":") for name, what in ACTIONS.items()),
            ),
            argument("names", nargs="*", metavar="NAME", help="architectures, or timm/NAME"),
            argument("--search", metavar="TEXT", help="look in the catalogue and among timm's names"),
            OPTION,
            argument(
                "--other-option", action="append", metavar="K=V", help="of compare: an option of the second network"
            ),
            argument("--image-size", type=_side, metavar="N", help="side of the square input in pixels"),
            argument("--channels", type=whole, metavar="N", help="channels of the input (default: the network's own)"),
            argument("--classes", type=whole, metavar="N", help="logits (default: the network's own)"),
            argument("--out", metavar="PNG", help="of inside and tokens: where the picture goes"),
            argument("--block", type=whole, metavar="N", help="of tokens: from 1 (default: the last)"),
            argument("--head", type=whole, metavar="N", help="of tokens: from 1 (default: the mean of all)"),
            argument(
                "--query",
                metavar="TOKEN",
                help="of tokens: ROW,COLUMN of a patch from 1,1, or a name such as 'class token' (default: the first)",
            ),
            OVERWRITE,
            argument(
                "--weights",
                metavar="NAME",
                help="of inside and tokens: none, or default (taken by itself where they are at hand)",
            ),
            argument(
                "--no-normalization",
                "--no-normalisation",
                action="store_true",
                help="of gradients: without batch normalization, as before 2015",
            ),
        ),
        run=_run,
        calls=(
            "list_architectures",
            "describe_architecture",
            "show_source",
            "compare_architectures",
            "feature_maps",
            "token_attention",
            "gradient_norms",
            "time_architecture",
            "published_accuracy",
            "scale_efficientnet",
        ),
        render=by_key(
            architectures=views.catalogue,
            attention=views.tokens,  # it has rows too
            layers=views.layers,
            rows=views.comparison,
            source=views.source,
            stages=views.stages,
            networks=views.gradients,
            batches=views.latency,
            points=views.timeline,
            members=views.scaling,
        ),
    ),
)
