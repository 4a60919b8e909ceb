"""How many processes train a run: what was asked for, what it took, and what is refused. Imports no torch."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from clfcore.errors import InputError
from clfcore.resolved_config import ResolvedConfig
from clfcore.runs.folder import Run
from clfcore.runs.records import Record, Stored

MOST = 256
Processes = Annotated[int, Field(ge=1, le=MOST)]


class Stretch(Stored):
    """The epochs after `after_epoch`, up to the next stretch, and how many processes trained them."""

    after_epoch: Annotated[int, Field(ge=0)]
    processes: Processes


class ProcessesFile(Record):
    """How many processes train the run, where it was ever more than one. used: how many did, since which epoch."""

    file = "processes.json"
    processes: Processes = 1
    used: Sequence[Stretch] = ()


def processes_of(run: Run) -> int:
    """How many processes the run was last asked to be trained by."""
    return run.read(ProcessesFile).processes


def ask_processes(run: Run, count: int) -> None:
    """Have the run trained by so many from now on."""
    before = run.read(ProcessesFile)
    if count != before.processes:
        run.write(ProcessesFile.file, {**before.as_dict(), "processes": count})


def note_processes(run: Run, count: int, *, after_epoch: int) -> None:
    """Record that so many train the epochs that come."""
    before = run.read(ProcessesFile)
    last = before.used[-1].processes if before.used else 1
    if count == last:
        return
    used = [stretch.as_dict() for stretch in before.used if stretch.after_epoch < after_epoch]
    if not used and after_epoch:
        used = [{"after_epoch": 0, "processes": last}]
    used.append({"after_epoch": after_epoch, "processes": count})
    run.write(ProcessesFile.file, {**before.as_dict(), "processes": count, "used": used})


def check_count(count: int) -> int:
    """The number of processes. Raises InputError where it can be none."""
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise InputError(f"processes is {count!r}: it must be a whole number from 1 to {MOST}")
    return count


def check_processes(count: int, config: ResolvedConfig, *, gpu: bool, resumed: bool = False) -> None:
    """Raises InputError where a batch is too small to be shared, or batch normalization cannot be synchronized.

    Feature extraction shares whole batches. resumed: several processes began the run: a single one may go on with it.
    """
    batch_size = config.recipe.batch_size
    if config.strategy != "feature-extraction" and count > 1 and batch_size < 2 * count:
        most = max(1, batch_size // 2)
        raise InputError(
            f"processes is {count}: recipe.batch_size is {batch_size}, and each process needs 2 images of a batch; "
            f"take at most {most}, or a batch of at least {2 * count}"
        )
    if config.recipe.sync_batch_norm:
        _check_synchronized(count, config, gpu=gpu, resumed=resumed)


def _check_synchronized(count: int, config: ResolvedConfig, *, gpu: bool, resumed: bool) -> None:
    what = "recipe.sync_batch_norm is true"
    if config.strategy == "feature-extraction":
        raise InputError(f"{what}: feature extraction trains no batch normalization; leave it out")
    if config.recipe.freeze_batch_norm:
        raise InputError(f"{what}, and recipe.freeze_batch_norm too: frozen statistics need no messages; leave one out")
    if count == 1 and not resumed:
        raise InputError(f"{what}: one process sees each batch whole; leave it out, or train with processes 2 or more")
    if count > 1 and not gpu:
        instead = "resume with processes 1" if resumed else "leave it out"
        raise InputError(f"{what}: torch synchronizes batch normalization on CUDA GPUs only; {instead}")
