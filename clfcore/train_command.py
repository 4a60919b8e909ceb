"""The train command of a configuration: what a page shows to be copied, and a report to do it again."""

import json
import shlex

from clfcore.config import FIELDS, RunConfig


def command_of(config: RunConfig, *, processes: int = 1, search: str = "") -> str:
    """The command line that runs the same configuration: only what differs from the defaults.

    search: the flags of a sweep around it.

    >>> command_of(RunConfig(data="digits", architecture="lenet5"), processes=2)
    'python -m clfcore train --data digits --architecture lenet5 --processes 2'
    """
    arguments = ["python", "-m", "clfcore", "sweep" if search else "train"]
    stored, recipe = config.model_dump(), config.recipe.model_dump()
    for name, info in FIELDS.items():
        value = recipe[name.removeprefix("recipe.")] if name.startswith("recipe.") else stored[name]
        if name == "options":
            arguments += [word for key, option in value.items() for word in ("--option", f"{key}={_plain(option)}")]
        elif value != info.default:
            arguments += [flag(name), _plain(value)]
    arguments += ["--processes", str(processes)] if processes > 1 else []
    return " ".join([shlex.join(arguments), search]).rstrip()


def flag(field: str) -> str:
    """`recipe.learning_rate` -> `--learning-rate`."""
    return "--" + field.removeprefix("recipe.").replace("_", "-")


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)
