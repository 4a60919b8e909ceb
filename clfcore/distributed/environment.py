"""What torchrun says of this process, in the environment. Imports no torch."""

import os
from typing import NamedTuple

from clfcore.errors import InputError


class Place(NamedTuple):
    """A process among `size`: its number, and its number among the `here` processes of its machine."""

    rank: int
    size: int
    local: int
    here: int


def place() -> Place | None:
    """This process's place where torchrun started several; None where it works by itself. Raises InputError."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return None
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    try:
        known = Place(*(int(os.environ[name]) for name in names))
    except (KeyError, ValueError) as error:
        raise InputError(f"the environment of torchrun is not whole ({error}): start it with torchrun again") from None
    return known if known.size > 1 else None


def speaks() -> bool:
    """Whether this process prints: of those that torchrun started, the first alone."""
    try:
        known = place()
    except InputError:
        return True
    return known is None or known.rank == 0
