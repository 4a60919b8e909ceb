"""The commands about a recipe before it is used: what the network sees, one batch by heart, policies and their use."""

import argparse
from typing import Any

from clfcore.cli.flags import configuration, needed, number, overwrite_flag, recipe_flags, whole
from clfcore.cli.terminal import bar
from clfcore.files import typed_path
from clfcore.outputs import output_path


def check(command: argparse.ArgumentParser) -> None:
    """`check`: the flags of `train`, and where the picture of the first batch goes."""
    recipe_flags(command)
    command.add_argument("--out", metavar="PNG", help="write the first batch, as the network sees it, to this file")
    overwrite_flag(command)

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import api

        out = typed_path(given.out, "out") if given.out else None
        return api.check(configuration(given), out=out, overwrite=given.overwrite, progress=bar("training"))

    command.set_defaults(run=run)


def trial(command: argparse.ArgumentParser) -> None:
    """`trial`: the flags of `train`, the policies, and the budget."""
    recipe_flags(command)
    command.add_argument("--policies", default="none,basic", metavar="A,B", help="names or .json files, by comma")
    command.add_argument("--seconds", type=number, default=60.0, metavar="X", help="for training (default 60)")
    command.add_argument("--sample", type=whole, default=1000, metavar="N", help="training images (default 1000)")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore.augment.policies import policy_by_name
        from clfcore.experiments.compare_policies import compare_policies as try_policies

        names = [name.strip() for name in given.policies.split(",") if name.strip()]
        policies = {name: policy_by_name(name) for name in names}
        config = configuration(given)
        found = try_policies(config, policies, seconds=given.seconds, sample=given.sample, progress=bar("training"))
        return found.as_dict()

    command.set_defaults(run=run)


def policies(command: argparse.ArgumentParser) -> None:
    """`policies`: those at hand; one as JSON and as torchvision code; its views of a picture; one's own kept."""
    command.add_argument("action", nargs="?", choices=["show", "views", "save", "delete"], help="what to do with NAME")
    command.add_argument(
        "name", nargs="?", metavar="NAME", help="a policy; for show and views also JSON or a .json file"
    )
    command.add_argument("--steps", metavar="JSON", dest="given", help="of save: a policy's JSON, .json file or name")
    command.add_argument("--replace", action="store_true", help="of save: where there is one of that name already")
    command.add_argument("--image", metavar="FILE", help="of views: a picture")
    command.add_argument("--data", metavar="SPEC", help="of views: the data to take a picture from")
    command.add_argument("--place", type=whole, default=1, metavar="N", help="of --data: which picture (default 1)")
    command.add_argument("--out", metavar="PNG", help="of views: where the pictures go, the original first")
    overwrite_flag(command)
    command.add_argument("--strip", action="store_true", help="of views: one view after every step")
    for name, default, words in (
        ("--image-size", None, "side of the network's square in pixels"),
        ("--seed", 0, "the run's seed"),
        ("--epoch", 1, "the first epoch that is shown"),
        ("--count", 16, "how many epochs' views"),
    ):
        command.add_argument(name, type=whole, default=default, metavar="N", help=f"of views: {words}")
    command.set_defaults(run=_policies)


def _policies(given: argparse.Namespace) -> dict[str, Any]:
    from clfcore.augment.builtin_policies import POLICIES
    from clfcore.augment.policies import policy_by_name
    from clfcore.augment.saved_policies import delete_policy, save_policy, saved_policies
    from clfcore.augment.to_torchvision import torchvision_code
    from clfcore.augment.train_test_resolution import at_training_scale

    if given.action is None:
        return {"policies": [_line(name) for name in (*POLICIES, *saved_policies())]}
    name = needed(given.name, "NAME", f"name the policy to {given.action}")
    if given.action == "save":
        steps = needed(given.given, "--steps", "give the policy's JSON, a .json file or a name")
        return {"saved": save_policy(policy_by_name(steps), name, replace=given.replace).name}
    if given.action == "delete":
        delete_policy(name)
        return {"deleted": name}
    policy = policy_by_name(name)
    if given.action == "show":
        from clfcore.augment.file_previews import usual_preprocess

        usual = usual_preprocess(given.image_size or 224, 3, given.image_size)
        square = at_training_scale(policy, usual)
        sides = {"size": square.size, "stored_side": square.stored_side}
        code = torchvision_code(policy, **sides, mean=square.mean, deviation=square.deviation)
        return {"policy": policy.as_dict(), "torchvision": code}
    from clfcore.augment.file_previews import file_previews
    from clfcore.experiments.overfit_one_batch import write_contact_sheet

    image = typed_path(given.image, "image") if given.image else None
    goal = needed(given.out, "--out", "name a .png for the pictures")
    out = output_path(goal, inputs=[given.image, given.data, given.name], overwrite=given.overwrite)
    found = file_previews(
        policy, image=image, data=given.data, place=given.place, size=given.image_size, seed=given.seed,
        epoch=given.epoch, count=given.count, steps=given.strip,
    )  # fmt: skip
    write_contact_sheet(found.pictures, out)
    return {"picture": found.name, "out": str(out), "shown": list(found.captions)}


def _line(name: str) -> dict[str, Any]:
    from clfcore.augment.builtin_policies import POLICIES
    from clfcore.augment.policies import policy

    kinds = [step.kind for step in policy(name).steps]
    return {"name": name, "own": name not in POLICIES, "steps": kinds}
