"""A run's configuration resolved, its data and weights opened: before torch is imported or an image decoded."""

import platform
import shutil
import sys
from dataclasses import replace

from clfcore.architectures.catalogue import configured
from clfcore.config import RunConfig
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.resolve import Resolved, resolve
from clfcore.resolved_config import NetworkConfig, with_name
from clfcore.runs.folder import Run
from clfcore.runs.run_data import continue_split, resume_run_data, trained_on
from clfcore.runs.split_record import read_split
from clfcore.runs.starting_weights import source_of, source_on_resume


def resolve_run(
    config: RunConfig, *, dataset: ImageDataset | None = None, gpu: bool | None = None, run: Run | None = None
) -> Resolved:
    """The configuration with nothing open, its dataset in the split that it trains on, and notes for the user.

    dataset: what `config.data` opens as, where the caller has it; gpu: whether there is one; None: as the driver says.
    run: whose configuration it is, where one is executed: it goes on in the split that it began with. Raises InputError
    as `train` would.
    """
    again = None if run is None else resume_run_data(run)
    row = None if config.architecture is None else configured(config.architecture, config.options)[0]
    published = () if row is None else row.weights
    source = source_of(config.weights, published) if run is None else source_on_resume(run, published)
    if again is not None:
        dataset = again.dataset
    elif dataset is None:
        dataset = open_dataset(config.data, split_seed=config.split_seed)
    notes: tuple[str, ...] = ()
    trained_before: frozenset[str] = frozenset()
    if source is not None and source.folder is not None:
        parent = Run(source.folder)
        if again is None:
            known = continue_split(dataset, parent, seed=config.split_seed)
            dataset, notes, trained_before = known.dataset, known.notes, known.trained_before
        elif run is not None and read_split(run) is None:  # of a version that kept no split
            trained_before = trained_on(parent)
    gpu = _has_gpu(config.recipe.device) if gpu is None else gpu
    resolved = resolve(config, dataset, source=source, gpu=gpu)
    changes = () if again is None else again.notes
    return replace(resolved, notes=(*changes, *notes, *resolved.notes), changes=changes, trained_before=trained_before)


def with_network(config: RunConfig, *, dataset: ImageDataset | None = None) -> NetworkConfig:
    """The configuration with the network that it names, or with the one that suits its data; all else stays open."""
    if config.architecture is None:
        config = config.changed(architecture=resolve_run(config, dataset=dataset).config.architecture)
    return with_name(config)


def _has_gpu(device: str) -> bool:
    """Whether there is one to train on, as far as the driver's program or the kind of machine tells; without torch.

    Of a device that was named torch is asked. Raises InputError where it is absent.
    """
    if device == "cpu":
        return False
    if device != "auto":
        from clfcore.device import pick_device  # brings torch along

        return pick_device(device).type != "cpu"
    return shutil.which("nvidia-smi") is not None or (sys.platform == "darwin" and platform.machine() == "arm64")
