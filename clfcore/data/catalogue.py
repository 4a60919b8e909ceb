"""Catalogue of datasets, each with its licence, source and place; and the dataset that a SPEC names."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from clfcore.data import published_datasets, synthetic_shapes
from clfcore.data.catalogue_rows import ROWS, Entry
from clfcore.data.dataset import ImageDataset, Problem
from clfcore.data.formats.table import read_other_format
from clfcore.data.formats.webdataset import is_pattern
from clfcore.data.importers.archives import import_zip, imported_folder
from clfcore.data.importers.folders import import_folder
from clfcore.data.importers.manifests import import_csv
from clfcore.data.importers.nested import import_tree
from clfcore.data.importers.readings import AmbiguousData, Reading, parted
from clfcore.data.library.entries import is_here, library
from clfcore.data.library.names import is_catalogue
from clfcore.data.library.specs import entry_of, path_spec, without_paths
from clfcore.data.library.versioned import split_version
from clfcore.data.remote.copy import copy_of, fetch_copy
from clfcore.data.versions.versions import lineage, open_version
from clfcore.errors import InputError, nearest
from clfcore.files import app_folder, data_root, datasets_folder, typed_path
from clfcore.remote import is_remote, shown
from clfcore.task import TaskKind

_SHAPES: dict[str, TaskKind] = {row.name: row.task for row in ROWS if row.name.startswith("shapes")}
_PUBLISHED: dict[str, Callable[..., ImageDataset]] = {
    "fashion-mnist": published_datasets.open_mnist,
    "mnist": published_datasets.open_mnist,
    "cifar10": published_datasets.open_cifar,
    "cifar100": published_datasets.open_cifar,
}


def entries() -> tuple[Entry, ...]:
    """The whole catalogue; published sets say whether their files are here, and where they go."""
    return tuple(
        replace(row, available=published_datasets.find(row.name) is not None, where=published_datasets.where(row.name))
        if row.name in _PUBLISHED
        else row
        for row in ROWS
    )


def open_dataset(spec: str, *, split_seed: int = 0, evaluation_only: bool = False) -> ImageDataset:
    """The dataset that a SPEC names: a catalogue name, a folder, a .zip, a .csv manifest or, where nothing stands at
    such a path, a dataset of the library by its name. No picture is decoded. What is at an address, such as
    `s3://bucket/photos`, is fetched first where there is no copy of it here.

    `shapes`, of either form, takes settings: `shapes:count=600,side=64`. A path may have a reading before it, such as
    `nested:photos` (folders in folders are levels). `DATA@VERSION` is a version of the data, as its decisions leave it.
    split_seed draws the splits that the data does not give. evaluation_only: a model is only evaluated on the data: one
    class is enough, and files need no splits. Raises InputError; AmbiguousData where the data can be read in several
    ways and no reading is asked for.
    """
    fetch_spec(spec)
    spec = path_spec(spec)
    base, version = split_version(spec)
    if version is not None:
        path = parted(base).path
        if not is_catalogue(base):
            check_root(typed_path(path, "data"), base)
        if is_catalogue(base) or is_here(Path(path)):
            lineage(spec)  # one that is absent is told before the data is read
        return open_version(open_dataset(base, split_seed=split_seed, evaluation_only=evaluation_only), spec)
    reading, path = parted(spec)
    reading = replace(reading, evaluation_only=evaluation_only)
    if str(reading):
        return _open_path(path, reading, split_seed)
    name, _, settings = spec.partition(":")
    row = next((row for row in ROWS if row.name == name), None)
    if row and (not settings or name in _SHAPES):
        if name == "digits":
            dataset = published_datasets.open_digits(split_seed=split_seed)
        elif name == "clothing-small":
            dataset = import_folder(app_folder() / "assets" / name / "photos", split_seed=split_seed)
        elif name in _SHAPES:
            shape = _settings(spec, settings)
            shortcut = name == "shapes-shortcut"
            dataset = synthetic_shapes.draw(
                _SHAPES[name],
                count=shape.count,
                side=shape.side,
                seed=shape.seed,
                difficulty=shape.difficulty,
                split_seed=split_seed,
                shortcut=shortcut,
            )
        else:
            dataset = _PUBLISHED[name](name, split_seed=split_seed)
        problems = dataset.problems + _namesake(name)
        return replace(dataset, name=spec, digits_like=row.digits_like, problems=problems)
    return _open_path(spec, reading, split_seed)


def fetch_spec(spec: str) -> None:
    """Have a copy here of what a SPEC names by its address; nothing to do for any other. Raises as `fetch_copy`."""
    address = parted(split_version(spec).base).path
    if is_remote(address):
        fetch_copy(address)


def check_copied(spec: str) -> None:
    """Refuse an address without a copy here, where opening the data shall fetch nothing."""
    address = parted(split_version(spec).base).path
    if is_remote(address) and copy_of(address) is None:
        raise InputError(f"data is {shown(address)!r}, and no copy is here: `datasets add {shown(address)}` fetches it")


def _namesake(spec: str) -> tuple[Problem, ...]:
    """What is said where a folder here has the name of a catalogue set."""
    if not Path(spec).exists():
        return ()
    message = f"{spec} is the catalogue's; {spec} in {Path.cwd()} was not read: write ./{spec} for that"
    return (Problem("reading", spec, message),)


def _open_path(spec: str, reading: Reading, split_seed: int) -> ImageDataset:
    try:
        path = typed_path(spec, "data")
    except InputError as error:
        raise InputError(f"{error}; there is no such folder, .zip or .csv") from None
    check_root(path, spec)
    if not path.exists() and not is_pattern(path.name):
        if path.is_relative_to(imported_folder()):
            raise InputError(f"data is {without_paths(spec)!r}: it was imported and is deleted; import the file again")
        names = [row.name for row in ROWS]
        known = [*names, *(entry.name for entry in library())]
        raise InputError(
            f"data is {without_paths(spec)!r}: there is no such folder, .zip or .csv, and the catalogue has "
            f"{', '.join(names)}{nearest(spec, known)}; relative paths start at {Path.cwd()}"
        )
    importers = {".zip": import_zip, ".csv": import_csv, ".tsv": import_csv}
    opener = import_tree if path.is_dir() else importers.get(path.suffix.lower()) if path.is_file() else None
    try:
        dataset = read_other_format(path, split_seed=split_seed, reading=reading)
        if dataset is None:
            if opener is None:
                raise InputError(
                    f"data is {spec!r}: it must be a folder, a .zip of one, a .csv manifest, a .json, .jsonl or .tar "
                    "of another tool, or a name of the catalogue"
                )
            dataset = opener(path, split_seed=split_seed, reading=reading)
    except AmbiguousData as error:
        filled = error.of(reading, spec)
        raise AmbiguousData(without_paths(filled.question), filled.choices) from None
    except InputError as error:
        raise InputError(without_paths(str(error))) from None
    entry = entry_of(str(dataset.files[0] if path.suffix.lower() == ".zip" else path))
    return dataset if entry is None else replace(dataset, name=entry.name, imported_name=dataset.name)


def check_root(path: Path, spec: str) -> None:
    """Refuse what leads out of the folder that a shared lab reads data from, before anything is looked at."""
    root = data_root()
    if root is None:
        return
    real = path.resolve()
    if not any(real.is_relative_to(allowed.resolve()) for allowed in (root, datasets_folder())):
        raise InputError(f"data is {spec!r}: this lab reads data below {root} alone; name a folder or file there")


def _settings(spec: str, text: str) -> synthetic_shapes.Settings:
    """`count=600,side=64` -> the settings of drawn shapes."""
    settings = synthetic_shapes.Settings()
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        try:
            match name:
                case "count":
                    settings = replace(settings, count=int(value))
                case "side":
                    settings = replace(settings, side=int(value))
                case "seed":
                    settings = replace(settings, seed=int(value))
                case "difficulty":
                    settings = replace(settings, difficulty=float(value))
                case _:
                    raise ValueError(name)
        except ValueError:
            raise InputError(
                f"data is {spec!r}: {part!r} is no setting; write count, side, seed or difficulty, = and a number"
            ) from None
    return settings
