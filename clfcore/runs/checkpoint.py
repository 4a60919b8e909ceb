"""A checkpoint: everything that a run's next epoch needs, in one file of torch's."""

from pathlib import Path
from typing import Any

from clfcore import heavy_imports
from clfcore.errors import Failure, InputError
from clfcore.files import write_whole

Checkpoint = dict[str, Any]  # states by name, of any kinds: torch's, and the plain values of a run


def save(path: Path, values: Checkpoint) -> None:
    """Write the checkpoint whole or not at all; the one before it stands until then."""
    heavy_imports.load("torch")
    import torch

    def write(partial: Path) -> None:
        try:
            torch.save(values, partial)
        except RuntimeError as error:  # torch reports a full disk as a RuntimeError of its archive writer
            raise Failure(f"{path} was not written ({_first_line(error)}): free space") from error

    write_whole(path, write)


def load(path: Path) -> Checkpoint | None:
    """The checkpoint, or None where there is none. Raises InputError where it is damaged."""
    heavy_imports.load("torch")
    import torch

    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(
            f"{path} is damaged ({_first_line(error)}): delete it to train the run from its start"
        ) from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]
