"""The command that searches for a configuration."""

import argparse
from typing import TYPE_CHECKING

from clfcore import api
from clfcore.cli.command import Command, Values, argument
from clfcore.cli.flags import between, configuration, needed
from clfcore.cli.terminal import shower, table
from clfcore.files import typed_path

if TYPE_CHECKING:
    from clfcore.results import Result


def _sweep(args: argparse.Namespace) -> "Result":
    space = needed(args.space, "space", "give --space FILE, a JSON object of fields and what they may be")
    return api.sweep(
        configuration(args),
        typed_path(space, "space"),
        trials=args.trials,
        workers=args.workers,
        prune=args.prune,
        on=args.on,
        study=args.study,
        show=shower(),
    )


def _text(result: Values) -> str:
    if "file" in result:
        return f"study {result['study']}: submit it with sbatch {result['file']}"
    names = list(dict.fromkeys(name for trial in result["trials"] for name in trial["values"]))
    rows = [
        [trial["run"], trial["state"], trial["metric"], *(str(trial["values"].get(name, "-")) for name in names)]
        for trial in result["trials"]
    ]
    lines = [table(rows, ["run", "state", "validation score", *(name.removeprefix("recipe.") for name in names)]), ""]
    lines += [f"{trial['run'] or 'a trial'}: {trial['message']}" for trial in result["trials"] if trial.get("message")]
    if result["importances"]:
        shares = ", ".join(
            f"{name.removeprefix('recipe.')} {share:.2f}" for name, share in result["importances"].items()
        )
        lines.append(f"importance: {shares}")
    lines.append(f"study {result['study']}: best {result['best'] or 'none yet'}")
    return "\n".join(lines)


COMMANDS = (
    Command(
        name="sweep",
        help="search a space of configurations; each trial is a run, and the same command continues",
        example="sweep --data digits --architecture lenet5 --epochs 5 --space space.json --trials 20 --workers 2",
        arguments=(
            argument("--space", metavar="FILE", help="JSON: a field to a list of values, or to low and high"),
            argument("--trials", type=between(1, 10_000), default=20, metavar="N", help="trials in all (default 20)"),
            argument("--workers", type=between(1, 64), default=1, metavar="K", help="trials side by side (default 1)"),
            argument("--prune", action="store_true", help="stop trials that fall behind the median of the others"),
            argument("--on", default="local", metavar="NAME", help="local (default), ray, or slurm: a batch file"),
            argument("--study", metavar="NAME", help="name of the study (default: from configuration and space)"),
        ),
        configured=True,
        run=_sweep,
        calls=("sweep",),
        render=_text,
    ),
)
