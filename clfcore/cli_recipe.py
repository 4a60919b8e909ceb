"""The commands about a recipe before it is used: what the network sees, one batch by heart, whether policies help."""

import argparse
from pathlib import Path
from typing import Any


def check(command: argparse.ArgumentParser) -> None:
    """`check`: the flags of `train`, and where the picture of the first batch goes."""
    from clfcore import cli

    cli.recipe_flags(command)
    command.add_argument("--out", metavar="PNG", help="write the first batch, as the network sees it, to this file")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore import commands

        out = Path(given.out) if given.out else None
        return commands.check(cli.configuration(given), out=out, progress=cli.bar("training"))

    command.set_defaults(run=run)


def trial(command: argparse.ArgumentParser) -> None:
    """`trial`: the flags of `train`, the policies, and the budget."""
    from clfcore import cli

    cli.recipe_flags(command)
    command.add_argument("--policies", default="none,basic", metavar="A,B", help="names or .json files, by comma")
    command.add_argument("--seconds", type=cli.number, default=60.0, metavar="X", help="for training (default 60)")
    command.add_argument("--sample", type=cli.whole, default=1000, metavar="N", help="training images (default 1000)")

    def run(given: argparse.Namespace) -> dict[str, Any]:
        from clfcore.augment.policies import named
        from clfcore.runs.trial import trial as try_policies

        names = [name.strip() for name in given.policies.split(",") if name.strip()]
        policies = {name: named(name) for name in names}
        config = cli.configuration(given)
        found = try_policies(config, policies, seconds=given.seconds, sample=given.sample, progress=cli.bar("training"))
        return found.as_dict()

    command.set_defaults(run=run)
