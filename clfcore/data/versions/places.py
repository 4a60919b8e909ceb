"""Where the decisions on a dataset and its versions live: a folder a dataset, apart from its files.

`versions/` of the datasets folder. The folder belongs to the place of the data (a path, with how it is read) or to its
name in the catalogue, so that renaming a dataset of the library changes nothing.
"""

import hashlib
from pathlib import Path

from clfcore.data.importers.readings import parted
from clfcore.data.library.entries import place_of
from clfcore.data.library.names import is_catalogue, original_name
from clfcore.data.library.specs import path_spec
from clfcore.data.library.versioned import split_version
from clfcore.files import datasets_folder, safe_name


def versions_root() -> Path:
    """The folder above all of them."""
    return datasets_folder() / "versions"


def versions_folder(spec: str) -> Path:
    """The folder of the data of a SPEC, whichever version that names; it need not be there."""
    base = split_version(path_spec(spec)).base
    if is_catalogue(base):
        return versions_root() / f"{safe_name(base)}-{_digest(base)}"
    reading, path = parted(base)
    identity = f"{reading} {place_of(Path(path)).id}"
    return versions_root() / f"{safe_name(original_name(path))}-{_digest(identity)}"


def decisions_file(spec: str) -> Path:
    """The decisions on a dataset, or on one version of it, which are other decisions."""
    version = split_version(spec).version
    return versions_folder(spec) / ("decisions.jsonl" if version is None else f"decisions@{version}.jsonl")


def version_file(spec: str, name: str) -> Path:
    """The file of a version. name: one that `version_fault` finds nothing wrong with."""
    return versions_folder(spec) / f"{name}.version.json"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
