"""Names of datasets: what a dataset is called at first, and which names it can be given."""

import itertools
import re
from collections.abc import Iterable
from pathlib import Path

from clfcore.data.catalogue_rows import ROWS
from clfcore.data.importers.walk import as_text
from clfcore.errors import brief

LONGEST = 60  # characters
_GENERAL = {"data", "dataset", "datasets", "images", "image", "img", "imgs", "pictures", "train", "training", "raw"}
_IDENTITY = re.compile(r"-[0-9a-f]{8,16}$")  # behind the name of an unpacked folder


def default_name(place: Path, imported: str = "") -> str:
    """What data is called at first: the imported file's name, or the folder's; a general one gives way to its parent's.

    >>> default_name(Path("/home/ada/signs/Dataset")), default_name(Path("/home/ada/birds.csv"))
    ('signs', 'birds')
    """
    name = imported or (place.stem if place.suffix.lower() in (".csv", ".tsv", ".zip") else place.name)
    if not imported and name.lower() in _GENERAL and place.parent.name:
        name = place.parent.name
    name = " ".join(
        "".join(" " if sign in "/\\:" or not sign.isprintable() else sign for sign in as_text(name)).split()
    )
    return name[:LONGEST].strip() or "dataset"


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, or with a number behind it the first that is free.

    >>> free_name("cats", ["Cats", "cats (2)"]), free_name("digits", [])
    ('cats (3)', 'digits (2)')
    """
    used = {other.casefold() for other in (*taken, *(row.name for row in ROWS))}
    number, free = 1, name
    while free.casefold() in used:
        number += 1
        free = f"{name} ({number})"
    return free


def name_fault(name: str, taken: Iterable[str]) -> str:
    """Why a dataset cannot be given a name, as a refusal; empty where it can."""
    if not name:
        return "the name is empty: write one, such as clothing photos"
    if len(name) > LONGEST:
        return f"the name is {brief(name)}: it has {len(name)} characters, and a name has at most {LONGEST}"
    if any(sign in "/\\:" or not sign.isprintable() for sign in name):
        return f"the name is {brief(name)}: leave out / \\ : and signs that cannot be printed, which are of paths"
    if name.casefold() in {row.name for row in ROWS}:
        return f"the name is {name!r}: that is a dataset of the catalogue; choose another name"
    if name.casefold() in {other.casefold() for other in taken}:
        return f"the name is {name!r}: another dataset has it; choose another name, or rename that one first"
    return ""


def original_name(path: str) -> str:
    """The last part of a path; of a folder of the lab's own, on whatever machine, what was uploaded into it.

    >>> original_name("/home/ada/.clflab/datasets/imported/signs-5f5272ab59cb038a/Dataset")
    'signs'
    >>> original_name("C:\\\\photos\\\\cats.zip"), original_name("/home/ada/photos of cats/")
    ('cats.zip', 'photos of cats')
    """
    parts = path.rstrip("/\\").replace("\\", "/").split("/")
    for before, part in itertools.pairwise(parts):
        if before == "imported" and _IDENTITY.search(part):
            return _IDENTITY.sub("", part)
    return last_part(path)


def last_part(path: str) -> str:
    """A path without the folders above it."""
    return path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1] or path


def is_catalogue(spec: str) -> bool:
    """Whether a SPEC is of the catalogue, with or without settings and a version.

    >>> is_catalogue("shapes:count=60"), is_catalogue("digits@checked"), is_catalogue("./shapes")
    (True, True, False)
    """
    return spec.partition("@")[0].partition(":")[0] in {row.name for row in ROWS}
