"""Taking one's place among the processes of a run on this machine."""

from pathlib import Path

import torch
from torch import distributed as dist

from clfcore.distributed.ranks import ProcessLost, Ranks, group
from clfcore.runs.folder import Run
from clfcore.runs.follow import follow
from clfcore.runs.processes import loopback, ready_file


def take_part(*, run: str, store: str, rank: int, size: int, threads: int) -> None:
    """Meet the others in the store's file, and follow the first. Where another one is gone, the first one says so."""
    torch.set_num_threads(threads)
    ready_file(Path(store), rank).touch()
    ranks = Ranks(rank, size, rank, size)
    try:
        with loopback(), group(ranks, dist.FileStore(store, size)):
            follow(Run(Path(run)), ranks)
    except ProcessLost:
        return
