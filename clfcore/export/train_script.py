"""train.py of an exported folder: trains a run again with torch and what it is made of, without the lab.

Its pieces are the run's own: numbers as literals, the network's and the augmentation's source as the lab has it.
"""

import json
import os
import re
import textwrap
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from string import Template

import numpy as np

from clfcore.augment.apply import COMPUTED, CROPS, ONE_BY_ONE, STEPS
from clfcore.augment.policies import policy
from clfcore.augment.policy import Policy
from clfcore.augment.random_table import columns
from clfcore.data.dataset import SPLITS, ImageDataset
from clfcore.data.decode import decode
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.export import train_snippets as snippets
from clfcore.export.exportable import Exportable
from clfcore.export.network_source import network_source
from clfcore.export.own_source import CannotTakeOver, OwnSource, own_source
from clfcore.resolved_config import ResolvedConfig, as_resolved
from clfcore.runs.data_title import data_title
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from clfcore.training.class_balance import class_weights
from clfcore.training.loop import averaged_model
from clfcore.training.schedules import Plateau

TEMPLATE = Path(__file__).parent / "templates" / "train.py.txt"
PACKAGES = {"torch": "torch", "torchvision": "torchvision", "timm": "timm", "numpy": "numpy", "PIL": "pillow"}
PACKAGES |= {"sklearn": "scikit-learn"}  # by the names that they are imported by
_IMPORTS = ("argparse", "itertools", "json", "math", "numpy as np", "torch")
_LONG = {"autoaugment", "randaugment", "trivialaugment", "augmix"}  # hundreds of lines of operations
_NEVER = {  # options that train.py has no lines for: what they are when they are off
    "mixup": (0.0,),
    "cutmix": (0.0,),
    "loss": ("cross-entropy",),
    "sampling": ("plain",),
    "accumulation": (1,),
    "optimizer": ("adamw", "adam", "sgd", "rmsprop"),
    "precision": ("auto", "float32"),
    "compile": (False,),
}


def write(source: Exportable, folder: Path) -> str:
    """train.py, splits.json and requirements-train.txt; returns why they are left out, or nothing."""
    try:
        run, config = _checked(source)
        dataset = _data(run, source.classifier.preprocess)
        text = script(run, config, dataset=dataset, preprocess=source.classifier.preprocess)
    except (InputError, CannotTakeOver) as error:
        return str(error)
    names = _files(dataset)
    splits = {
        split: {
            "items": [names[i] for i in dataset.splits.get(split, ())],
            "labels": [int(dataset.targets[i]) for i in dataset.splits.get(split, ())],
        }
        for split in SPLITS
    }
    (folder / "splits.json").write_text(json.dumps({"classes": dataset.classes, **splits}), encoding="utf-8")
    (folder / "train.py").write_text(text, encoding="utf-8")
    needs = [package for name, package in PACKAGES.items() if re.search(rf"^(import|from) {name}\b", text, re.M)]
    pinned = "".join(f"{name}=={metadata.version(name).partition('+')[0]}\n" for name in needs)
    (folder / "requirements-train.txt").write_text(pinned, encoding="utf-8")
    return ""


def script(run: Run, config: ResolvedConfig, *, dataset: ImageDataset, preprocess: Preprocess) -> str:
    """The text of train.py. Raises InputError or CannotTakeOver where it cannot be written."""
    recipe, augmentation = config.recipe, policy(config.recipe.augmentation)
    network = network_source(
        config.architecture,
        columns=dataset.task.columns,
        channels=preprocess.channels,
        side=preprocess.size,
        options=config.options,
    )
    parts = [*network.parts, *dict.fromkeys(STEPS[step.kind] for step in augmentation.steps)]
    parts += [averaged_model] if recipe.ema else []
    parts += [Plateau] if recipe.schedule == "plateau" else []
    cropped = any(step.kind in CROPS for step in augmentation.steps)
    taken = own_source(parts) if parts else OwnSource((), ())
    digits = dataset.paths is None
    counts = np.bincount(dataset.targets[dataset.splits["train"]], minlength=len(dataset.classes))
    weights = class_weights(recipe, counts)
    imports = {f"import {name}" for name in _IMPORTS} | set(taken.imports) | set(network.imports)
    imports |= {"from pathlib import Path", "from torch import nn", "from torch.nn import functional as F"}
    imports |= {"from sklearn.datasets import load_digits", "from PIL import Image"} if digits else set()
    imports |= set() if digits else {"from PIL import Image, ImageOps"}
    imports |= {"import types"} if augmentation.steps else set()
    definitions = [*taken.definitions, *snippets.helpers(recipe)]
    if augmentation.steps:
        definitions += [snippets.STEP, _policy(augmentation)]
    values = {
        "run": run.id,
        "usage": "" if digits else " FOLDER_OF_PICTURES",
        "network": config.architecture,
        "data": data_title(run),
        "imports": "\n".join(sorted(imports, key=_import_order)),
        "seed": recipe.seed,
        "epochs": recipe.epochs,
        "batch": recipe.batch_size,
        "threads": run.data.computed_on.get("threads") or 1,
        "rate": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "side": preprocess.stored_side,
        "size": preprocess.size,
        "mean": preprocess.mean,
        "deviation": preprocess.deviation,
        "resample": preprocess.interpolation.upper(),
        "taken_over": "\n\n\n".join(part.strip("\n") for part in definitions),
        "make_network": f"return {network.expression}",
        "pictures": (snippets.DIGITS if digits else snippets.FILES).strip(),
        "fit": snippets.fit(preprocess),
        "changed": _changed(cropped=cropped) if augmentation.steps else "",
        "draws": snippets.DRAWS.strip() if augmentation.steps else "",
        "batch_pixels": "changed(pixels[at], [table[rows] for table in tables])"
        if augmentation.steps
        else "middle(pixels[at])",
        "schedule": snippets.schedule(recipe),
        "arguments": ""
        if digits
        else f'parser.add_argument("folder", type=Path, help={f"the folder of {data_title(run)}"!r})',
        "folder": "None" if digits else "given.folder",
        "optimizer": snippets.optimizer(recipe),
        "loss": snippets.loss(recipe, None if weights is None else weights.tolist()),
        **snippets.training_lines(recipe, gray=preprocess.channels == 1),
    }
    return _filled(TEMPLATE.read_text(encoding="utf-8"), values)


def _checked(source: Exportable) -> tuple[Run, ResolvedConfig]:
    """The run and its configuration. Raises InputError with the reason why it cannot be trained by plain torch."""
    classifier = source.classifier
    if classifier.folder is None:
        raise InputError("these are published weights, which no run trained")
    run = Run(classifier.folder)
    config, device = as_resolved(run.config), str(run.data.computed_on.get("device") or "cpu")
    if config is None or not run.results.reached:
        raise InputError("the run has not ended")
    if config.strategy != "scratch" or config.weights != "none":
        raise InputError(f"the run begins with trained weights ({config.strategy}), and train.py begins with none")
    if classifier.task.kind != "single-label":
        raise InputError(f"the task is {classifier.task.kind}, and train.py trains for one label an image")
    for name, usual in _NEVER.items():
        if (value := getattr(config.recipe, name)) not in usual:
            raise InputError(f"recipe.{name} is {value}, for which train.py has no lines")
    kinds = [step.kind for step in policy(config.recipe.augmentation).steps if step.kind in _LONG]
    if kinds:
        raise InputError(f"its augmentation has {kinds[0]}, for which train.py has no lines")
    if classifier.head == "attention":
        raise InputError("its head is attention, for which train.py has no lines")
    if device != "cpu":
        raise InputError(f"the run was trained on {device}, and train.py trains on the CPU")
    if classifier.preprocess.value_range is not None:
        raise InputError("its pictures have more than 8 bits, which train.py does not read")
    if run.results.finished_early is not None:
        raise InputError("the run was finished early")
    return run, config


def _data(run: Run, preprocess: Preprocess) -> ImageDataset:
    """The run's items as it trained on them. Raises InputError where they are others now, or no files."""
    dataset = open_run_data(run)
    if dataset.paths is None and dataset.name != "digits":
        raise InputError(f"the pictures of {data_title(run)} are no files of their own; export the data as a folder")
    dataset, _ = decode(dataset, preprocess)
    if {name: count for name, count in dataset.sizes().items() if count} != {
        name: count for name, count in run.data.splits.items() if count
    }:
        raise InputError("some of the run's pictures are gone")
    return dataset


def _files(dataset: ImageDataset) -> tuple[str, ...]:
    """Each item as train.py finds it: its path below the folder of the pictures; of digits its id."""
    if dataset.paths is None:
        return dataset.ids
    paths = [str(path.absolute()) for path in dataset.paths]
    places = [os.sep + item.replace("/", os.sep) for item in dataset.ids]
    roots = {path.removesuffix(place) for path, place in zip(paths, places, strict=True)}
    root = roots.pop() if len(roots) == 1 else os.path.commonpath([path.absolute().parent for path in dataset.paths])
    return tuple(os.path.relpath(path, root).replace(os.sep, "/") for path in paths)


def _policy(augmentation: Policy) -> str:
    """The steps as a tuple: the function, how many random numbers an image needs, the parameters."""
    rows = []
    for step in augmentation.steps:
        parameters = ", ".join(f"{name}={value!r}" for name, value in step.parameters)
        rows.append(f"    ({_name(STEPS[step.kind])}, {columns(step)}, Step({parameters})),\n")
    computed = sorted({_name(STEPS[step.kind]) for step in augmentation.steps if step.kind in COMPUTED})
    names = "".join(f"{name}, " for name in computed).rstrip(" ")
    return f"POLICY = (\n{''.join(rows)})\nCOMPUTED = ({names})"


def _name(change: Callable[..., object]) -> str:
    return getattr(change, "__name__", "")


def _changed(*, cropped: bool) -> str:
    begin = "" if cropped else "pixels = middle(pixels)"
    return _filled(snippets.CHANGED.strip(), {"begin": begin, "one_by_one": ONE_BY_ONE})


def _filled(template: str, values: Mapping[str, object]) -> str:
    """A template with its values; a placeholder alone on its line keeps its indent, and goes where it is empty."""

    def block(match: re.Match[str]) -> str:
        text = str(values[match[2]])
        return textwrap.indent(text, match[1]) + "\n" if text else ""

    texts = {name: str(value) for name, value in values.items()}
    text = Template(re.sub(r"^( *)\$(\w+)\n", block, template, flags=re.M)).substitute(texts)
    return re.sub(r"\n{4,}", "\n\n\n", text)


def _import_order(statement: str) -> tuple[bool, bool, str]:
    """Standard library first, plain imports before those of names."""
    return statement.split()[1].partition(".")[0] in PACKAGES, statement.startswith("from"), statement
