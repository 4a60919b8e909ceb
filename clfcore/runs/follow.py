"""Taking part in a run that another process leads: the same work on slices of its own, and nothing written."""

import contextlib
import hashlib
from collections.abc import Callable

import torch
from pydantic import JsonValue

from clfcore.data.dataset import SPLITS, Split
from clfcore.device import keep_freed_memory, threads_for
from clfcore.distributed.ranks import Ranks
from clfcore.errors import InputError
from clfcore.runs.checkpoint import Checkpoint
from clfcore.runs.folder import Run
from clfcore.runs.prepare import Prepared, prepare
from clfcore.runs.progress import Reporter
from clfcore.runs.records import EpochRecord
from clfcore.runs.resolve_run import resolve_run
from clfcore.runs.session import Session, Stopped
from clfcore.runs.train_head import follow_head
from clfcore.runs.train_network import train_network
from clfcore.training import phases


class FollowedRun(Run):
    """A run whose folder is another process's to write: it reads, and what it would write is written there."""

    def write(self, name: str, value: object) -> None:
        """Nothing: the first process writes it."""

    def record(self, epoch: EpochRecord) -> None:
        """Nothing: the first process records it."""

    def drop_history_after(self, epoch: int) -> None:
        """Nothing: the first process drops it."""

    def save_checkpoint(self, values: Checkpoint) -> None:
        """Nothing: the first process saves it."""


class _Silent(Reporter):
    """What nobody watches."""

    def __call__(self, stage: str, done: int, total: int, **more: JsonValue) -> None:
        """Nothing: the first process reports."""


def follow(run: Run, ranks: Ranks) -> None:
    """Train and predict along with the first process, which has opened the data and resolved the configuration.

    Raises InputError in every process where this one sees other data, ProcessLost where another one is gone.
    """
    keep_freed_memory()
    followed = FollowedRun(run.path)
    prepared = ranks.each(lambda: _prepared(run, ranks))
    require_same(prepared)
    set_threads(prepared)
    with contextlib.suppress(Stopped):
        session = Session(followed, prepared, _Silent(followed, None), lambda: False, 0.0)
        session.check_stop()
        heads_only = prepared.config.strategy == "feature-extraction"
        predict: Callable[[Split], object] = follow_head(session) if heads_only else train_network(session)[1]
        for split in SPLITS[1:]:
            if len(prepared.dataset.splits.get(split, ())):
                session.check_stop()
                predict(split)


def set_threads(prepared: Prepared) -> None:
    """Have torch take the threads that a step of this process is worth."""
    recipe, ranks = prepared.config.recipe, prepared.ranks
    pixels = -(-recipe.batch_size // ranks.size) * recipe.image_size**2
    torch.set_num_threads(threads_for(phases.count_parameters(prepared.module), pixels))


def require_same(prepared: Prepared) -> None:
    """Raises InputError in every process where one of them has another configuration or other data than the first."""
    config, dataset = prepared.config.model_dump_json(exclude={"recipe": {"device"}}), prepared.dataset
    data = hashlib.blake2b(prepared.decoded.key.encode() + dataset.targets.tobytes(), digest_size=16)
    for split, items in dataset.splits.items():
        data.update(split.encode() + items.tobytes() + repr([dataset.ids[i] for i in items]).encode())
    digests = prepared.ranks.gathered({"configuration": config, "data": data.hexdigest()})
    for rank, other in enumerate(digests):
        for what in ("configuration", "data"):
            if other[what] != digests[0][what]:  # type: ignore[index, call-overload]  # each sends these two
                raise InputError(
                    f"process {rank} has other {what} than process 0: give every process the same files and options"
                )


def _prepared(run: Run, ranks: Ranks) -> Prepared:
    if not (run.path / "config.json").exists():
        raise InputError(f"{run.path} is not here: put the runs folder (--runs) on a disk that every process sees")
    return prepare(resolve_run(run.config, run=run), ranks=ranks)
