"""A run's configuration from a person's words: flags, a file, the fields of a page.

One's own policy becomes its steps here, so that a run keeps them whatever becomes of the policy's name or file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from clfcore.augment.policies import policy_or_name
from clfcore.config import Policy, RunConfig, make
from clfcore.errors import InputError
from clfcore.files import parse_json, read_text

LARGEST = 1 << 20  # bytes of a configuration file


def parse_config(values: Mapping[str, Any]) -> RunConfig:
    """A checked configuration, its augmentation by any name, as JSON, or as a .json file.

    Raises InputError with one sentence for each field that does not fit.
    """
    recipe = values.get("recipe")
    if not isinstance(recipe, Mapping):
        return make(values)
    given = recipe.get("augmentation")
    if given is None or given in get_args(Policy):
        return make(values)
    try:
        steps = policy_or_name(given).as_dict()
    except InputError as error:
        sentences = [f"recipe.augmentation {error}"]
        try:
            make({**values, "recipe": {**recipe, "augmentation": None}})
        except InputError as others:
            sentences.insert(0, str(others))
        raise InputError("; ".join(sentences)) from None
    return make({**values, "recipe": {**recipe, "augmentation": steps}})


def with_changes(config: RunConfig, *, recipe: Mapping[str, Any], **fields: Any) -> RunConfig:
    """A copy with some fields and some of its recipe's replaced, as words. Raises InputError as `parse_config` does."""
    stored = config.model_dump()
    return parse_config({**stored, **fields, "recipe": {**stored["recipe"], **recipe}})


def read_config_file(path: Path) -> dict[str, Any]:
    """The values of a configuration file, unchecked. Raises InputError where it is absent or no JSON object."""
    text = read_text(path, most=LARGEST, what="a run's configuration as JSON")
    try:
        values = parse_json(text, what=str(path))
    except InputError as error:
        raise InputError(f"{error}: write it as `train --json` or the Train page shows it") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no JSON object: it must hold the fields of a run's configuration")
    return values
