"""A new run: its folder, with the configuration that was asked for, in the queue until a process takes it."""

import os
import secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from clfcore.config import RunConfig
from clfcore.data.importers.readings import parted
from clfcore.data.library.specs import display_name, path_spec
from clfcore.data.library.versioned import VersionedSpec, split_version
from clfcore.errors import Failure
from clfcore.files import cannot_write, runs_folder, safe_name
from clfcore.remote import is_remote
from clfcore.resolved_config import NetworkConfig
from clfcore.runs.folder import Run
from clfcore.runs.tracking import check_tracking, with_absolute_target

C = TypeVar("C", bound=RunConfig)


def with_absolute_data(config: C) -> C:
    """The configuration with data that is found from any working folder, by its path, where the run may go on."""
    if config.track != (track := with_absolute_target(config.track)):
        config = config.changed(track=track)
    if is_remote(parted(split_version(config.data).base).path):
        return config  # its address holds on any machine
    base, version = split_version(path_spec(config.data))
    if version is not None:
        base = with_absolute_data(config.changed(data=base)).data
        return config.changed(data=str(VersionedSpec(base, version)))
    config = config.changed(data=base)
    if Path(config.data).exists() and (os.sep in config.data or Path(config.data).suffix):
        return config.changed(data=str(Path(config.data).resolve()))
    if config.data.startswith("nested:"):
        return config.changed(data=f"nested:{Path(config.data.removeprefix('nested:')).expanduser().resolve()}")
    return config


def create_run(config: NetworkConfig, folder: Path | None = None) -> Run:
    """A new run's folder, written before torch is imported. Raises Failure where the folder cannot be written,
    InputError where the tracker that it asks for is missing.

    config: its data is found from any working folder, as `with_absolute_data` makes it.
    """
    check_tracking(config.track)
    folder = folder or runs_folder()
    data = display_name(config.data)
    data = Path(data).stem if Path(data).suffix in (".zip", ".csv") else data
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    name = f"{stamp}-{safe_name(config.architecture, most=24)}-{safe_name(data, most=20)}"
    path = folder.expanduser().resolve() / f"{name}-{secrets.token_hex(2)}"
    while path.exists():  # of one second, two in 65,536 are called the same
        path = path.with_name(f"{name}-{secrets.token_hex(2)}")
    fresh = Run(path.with_name(f".{path.name}.new"))  # seen by nobody before it is whole
    try:
        fresh.path.mkdir(parents=True)
        fresh.write("config.json", config.model_dump(mode="json"))
        fresh.set_state("queued")
        fresh.path.rename(path)
    except OSError as error:
        shutil.rmtree(fresh.path, ignore_errors=True)
        raise cannot_write(path, error) from error
    except Failure:
        shutil.rmtree(fresh.path, ignore_errors=True)
        raise
    return Run(path)
