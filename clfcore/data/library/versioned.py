"""SPECs of versions: `DATA@VERSION`, where no file or dataset is called so as a whole."""

import re
from pathlib import Path
from typing import NamedTuple

from clfcore.data.importers.readings import parted
from clfcore.data.library.entries import is_here, library
from clfcore.errors import InputError, brief

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9_-])?")
_FILES = (".zip", ".csv", ".tsv", ".json", ".jsonl")


class VersionedSpec(NamedTuple):
    """Parts of a SPEC: the data that a version was made of, and the version's name; None where it names none."""

    base: str
    version: str | None

    def __str__(self) -> str:
        return self.base if self.version is None else f"{self.base}@{self.version}"


def split_version(spec: str) -> VersionedSpec:
    """The parts of a SPEC. A path that is here, and a dataset of the library whose name has an @, are whole.

    >>> split_version("digits@checked"), split_version("me@work/photos")
    (VersionedSpec(base='digits', version='checked'), VersionedSpec(base='me@work/photos', version=None))
    """
    base, sign, version = spec.rpartition("@")
    if not sign or not base or version_fault(version):
        return VersionedSpec(spec, None)
    path = parted(spec).path
    if is_here(Path(path)) or any(entry.name.casefold() == path.casefold() for entry in library()):
        return VersionedSpec(spec, None)
    return VersionedSpec(base, version)


def is_version(spec: str) -> bool:
    """Whether a SPEC names a version of data."""
    return split_version(spec).version is not None


def version_fault(name: str) -> str:
    """Why a version cannot be called so, as a refusal; empty where it can. A name is never a path."""
    if not name:
        return "version is empty: write a name, such as checked"
    if name.lower().endswith(_FILES):
        return f"version is {brief(name)}: leave out {name[name.rindex('.') :]}, which is the end of a file's name"
    if not _NAME.fullmatch(name):
        return (
            f"version is {brief(name)}: use at most 40 letters, digits, dots, hyphens and underscores, and "
            "begin with a letter or digit"
        )
    return ""


def checked_version_name(name: str) -> str:
    """The name of a version. Raises InputError where it cannot be one."""
    if fault := version_fault(name):
        raise InputError(fault)
    return name
