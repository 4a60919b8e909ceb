"""The commands about augmentation: policies, their views of a picture, and whether they help."""

import argparse
import json
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument, by_key
from clfcore.cli.flags import OVERWRITE, configuration, names_of, needed, number, whole
from clfcore.cli.terminal import bar, table
from clfcore.files import typed_path

if TYPE_CHECKING:
    from clfcore.results import Result


def _policies(args: argparse.Namespace) -> "Result":
    if args.action is None:
        return api.list_policies()
    name = needed(args.name, "NAME", f"name the policy to {args.action}")
    match args.action:
        case "save":
            steps = needed(args.policy, "--steps", "give the policy's JSON, a .json file or a name")
            return api.save_policy(steps, name, replace=args.replace)
        case "delete":
            return api.delete_policy(name)
        case "show":
            return api.show_policy(name, image_size=args.image_size)
    return api.preview_policy(
        name,
        needed(args.out, "--out", "name a .png for the pictures"),
        image=typed_path(args.image, "image") if args.image else None,
        data=args.data,
        place=args.place,
        image_size=args.image_size,
        seed=args.seed,
        epoch=args.epoch,
        count=args.count,
        steps=args.strip,
        overwrite=args.overwrite,
    )


def _list(result: Values) -> str:
    rows = [[p["name"], "own" if p["own"] else "", ", ".join(p["steps"])] for p in result["policies"]]
    return table(rows, ["policy", "", "steps"])


def _source(result: Values) -> str:
    return f"{json.dumps(result['policy'], indent=2, ensure_ascii=False)}\n\n{result['torchvision'].rstrip()}"


def _trial(args: argparse.Namespace) -> "Result":
    policies, config = names_of(args.policies), configuration(args)
    return api.trial(config, policies, seconds=args.seconds, sample=args.sample, progress=bar("training"))


def _trial_table(result: Values) -> str:
    rows = []
    for one in result["policies"]:
        reached = [line["validation_accuracy"] for line in one["history"]]
        rows.append([one["policy"], len(reached), reached[-1], max(reached)])
    text = (
        f"validation accuracy on {result['validation_items']:,} images, trained on {result['train_items']:,}; a "
        f"difference under {100 * result['noise']:.0f} points can be chance"
    )
    return table(rows, ["policy", "epochs", "last", "best"]) + "\n" + text


COMMANDS = (
    Command(
        name="policies",
        help="list augmentation policies, or `show`, `views`, `save`, `delete NAME`",
        example="policies views basic --data digits --out views.png",
        arguments=(
            argument("action", nargs="?", choices=["show", "views", "save", "delete"], help="what to do with NAME"),
            argument("name", nargs="?", metavar="NAME", help="a policy; for show and views also JSON or a .json file"),
            argument("--steps", metavar="JSON", dest="policy", help="of save: a policy's JSON, .json file or name"),
            argument("--replace", action="store_true", help="of save: where there is one of that name already"),
            argument("--image", metavar="FILE", help="of views: a picture"),
            argument("--data", metavar="SPEC", help="of views: the data to take a picture from"),
            argument("--place", type=whole, default=1, metavar="N", help="of --data: which picture (default 1)"),
            argument("--out", metavar="PNG", help="of views: where the pictures go, the original first"),
            OVERWRITE,
            argument("--strip", action="store_true", help="of views: one view after every step"),
            argument("--image-size", type=whole, metavar="N", help="of views: side of the network's square in pixels"),
            argument("--seed", type=whole, default=0, metavar="N", help="of views: the run's seed"),
            argument("--epoch", type=whole, default=1, metavar="N", help="of views: the first epoch that is shown"),
            argument("--count", type=whole, default=16, metavar="N", help="of views: how many epochs' views"),
        ),
        run=_policies,
        calls=("list_policies", "show_policy", "preview_policy", "save_policy", "delete_policy"),
        render=by_key(policies=_list, policy=_source),
    ),
    Command(
        name="trial",
        help="does augmentation help? train policies on a sample within a time budget",
        example="trial --data digits --architecture lenet5 --policies none,digits --seconds 30",
        arguments=(
            argument("--policies", default="none,basic", metavar="A,B", help="names or .json files, by comma"),
            argument("--seconds", type=number, default=60.0, metavar="X", help="for training (default 60)"),
            argument("--sample", type=whole, default=1000, metavar="N", help="training images (default 1000)"),
        ),
        configured=True,
        run=_trial,
        calls=("trial",),
        render=_trial_table,
    ),
)
