"""A run by the processes that torchrun started: the first leads, the others follow, and all end alike."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from clfcore.distributed.environment import Place
from clfcore.distributed.ranks import Ranks, group
from clfcore.errors import Failure, InputError
from clfcore.progress import Show
from clfcore.resolve import Resolved
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from clfcore.runs.follow import follow
from clfcore.runs.processes import loopback

Begin = Callable[[], tuple[Run, Resolved | None]]


class _Crew:
    """The processes that torchrun started, seen from the first."""

    def __init__(self, ranks: Ranks) -> None:
        self.ranks, self.run, self.joined = ranks, Path(), False

    def join(self) -> None:
        """Tell the others which run it is."""
        self.joined = True
        self.ranks.agreed({"run": str(self.run)})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end: torchrun ends what it has started."""


def execute_together(place: Place, begin: Begin, *, asked: dict[str, JsonValue], show: Show | None) -> Run:
    """Carry out one run in all processes. Raises in all of them what is wrong with it in one.

    begin: the run, called in the first process alone. asked: what this process was asked for, to be the same in all.
    """
    ranks = Ranks(*place)
    with loopback() if ranks.here == ranks.size else contextlib.nullcontext(), group(ranks):
        _require_same(ranks, asked)
        if not ranks.first:
            return _follow(ranks)
        crew = _Crew(ranks)
        try:
            run, resolved = begin()
            crew.run = run.path
            execute(run, show=show, resolved=resolved, crew=crew)
        except (InputError, Failure) as error:
            if not crew.joined:
                ranks.agreed({"error": str(error), "input": isinstance(error, InputError)})
            raise
        if not crew.joined:  # stopped before the others had begun
            ranks.agreed({"run": str(run.path), "over": True})
        ranks.agreed({"over": True})
    return run


def _follow(ranks: Ranks) -> Run:
    match ranks.agreed(None):
        case {"run": str(path), "over": True}:
            run, over = Run(Path(path)), True
        case {"run": str(path)}:
            run, over = Run(Path(path)), False
        case {"error": str(message), "input": input_}:
            raise (InputError if input_ else Failure)(message)
        case _:
            raise Failure("the first process ended before it began")
    if not over:
        follow(run, ranks)
    ranks.agreed(None)  # the first one has written everything
    return run


def _require_same(ranks: Ranks, asked: dict[str, JsonValue]) -> None:
    """Raises InputError in every process where they were not asked for the same."""
    requests = ranks.gathered(asked)
    for rank, other in enumerate(requests):
        assert isinstance(other, dict)
        for name, value in asked.items() if rank != ranks.rank else ():
            if other.get(name) != value:
                low, high = sorted(((rank, other.get(name)), (ranks.rank, value)), key=lambda pair: pair[0])
                raise InputError(
                    f"{name} is {low[1]!r} in process {low[0]} and {high[1]!r} in process {high[0]}: give every "
                    "process the same options"
                )
