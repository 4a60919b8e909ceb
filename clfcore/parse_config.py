"""Parsing of a run's configuration: from flags, a file, a preset, the fields of a page.

A saved policy becomes its steps here, so that a run keeps them whatever becomes of its name or file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from clfcore import presets
from clfcore.augment.policies import policy_or_name
from clfcore.config import Policy, RunConfig, make
from clfcore.data.catalogue import open_dataset
from clfcore.data.importers.readings import with_reading
from clfcore.errors import Failure, InputError
from clfcore.files import parse_json, read_text
from clfcore.task import TaskKind

LARGEST = 1 << 20  # bytes of a configuration file


def configuration(
    values: Mapping[str, object], *, file: Path | None = None, preset: str | None = None, reading: str | None = None
) -> RunConfig:
    """The configuration of `values` over those of a file over those of a preset.

    values: by field, a recipe's as `recipe.epochs`; None is left out. file: a configuration as JSON. reading: how
    ambiguous data is read, as `--reading` takes it. Raises InputError as `parse_config` does.
    """
    merged = read_config_file(file) if file is not None else {}
    recipe = merged.get("recipe", {})
    if not isinstance(recipe, dict):
        raise InputError(f"recipe is {recipe!r}: it must be an object")
    fields = {name: value for name, value in values.items() if value is not None}
    data = fields.get("data") or merged.get("data")
    if reading and isinstance(data, str):
        fields["data"] = data = with_reading(data, reading)
    if preset is not None:
        base = presets.preset_for(preset, _task_kind(data))
        if fields.get("architecture", merged.get("architecture", base.architecture)) == base.architecture:
            merged = {**base.network, **merged}
        merged, recipe = {**base.made_for, **merged}, {**base.recipe.model_dump(), **recipe}
    options = merged.get("options")
    if isinstance(options, Mapping) and isinstance(added := fields.get("options"), Mapping):
        fields["options"] = {**options, **added}
    for name, value in fields.items():
        (recipe if name.startswith("recipe.") else merged)[name.removeprefix("recipe.")] = value
    if "data" not in merged:
        raise InputError("data is missing: give --data SPEC, or a file with --config")
    return parse_config({**merged, "recipe": recipe})


def _task_kind(spec: object) -> TaskKind:
    """The task of the data; single-label where none is named, or where what is named will be refused."""
    try:
        return open_dataset(spec).task.kind if isinstance(spec, str) and spec else "single-label"
    except (InputError, Failure):
        return "single-label"


def parse_config(values: Mapping[str, object]) -> RunConfig:
    """A checked configuration, its augmentation by any name, as JSON, or as a .json file.

    Raises InputError with one sentence for each field that does not fit.
    """
    recipe = values.get("recipe")
    if not isinstance(recipe, Mapping):
        return make(values)
    augmentation = recipe.get("augmentation")
    if augmentation is None or augmentation in get_args(Policy):
        return make(values)
    try:
        steps = policy_or_name(augmentation).as_dict()
    except InputError as error:
        sentences = [f"recipe.augmentation {error}"]
        try:
            make({**values, "recipe": {**recipe, "augmentation": None}})
        except InputError as others:
            sentences.insert(0, str(others))
        raise InputError("; ".join(sentences)) from None
    return make({**values, "recipe": {**recipe, "augmentation": steps}})


def with_changes(config: RunConfig, *, recipe: Mapping[str, object], **fields: object) -> RunConfig:
    """A copy with some fields and some of its recipe's replaced, as text or values."""
    stored = config.model_dump()
    return parse_config({**stored, **fields, "recipe": {**stored["recipe"], **recipe}})


def read_config_file(path: Path) -> dict[str, object]:
    """The values of a configuration file, unchecked. Raises InputError where it is absent or no JSON object."""
    text = read_text(path, most=LARGEST, what="a run's configuration as JSON")
    try:
        values = parse_json(text, what=str(path))
    except InputError as error:
        raise InputError(f"{error}: write it as `train --json` or the Train page shows it") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no JSON object: it must hold the fields of a run's configuration")
    return values
