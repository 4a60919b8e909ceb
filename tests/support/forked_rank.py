"""A process of a run, forked from one that has imported what it needs: that takes most of a short run."""

import json
import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO

from clfcore.errors import Failure, InputError

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["torchvision", "optuna", "clfcore.runs.take_part", __name__])


class _Pipe:
    """What of a pipe's end is used."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, line: str) -> None:
        self._connection.send(line)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self._connection.close()


class ForkedRank:
    """What of a `Popen` is used. Its first lines are `processes.start_rank`'s."""

    work = staticmethod(lambda: _work)

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def __init__(self, said: IO[str]) -> None:
        receiver, sender = _CONTEXT.Pipe(duplex=False)
        self.stdin = _Pipe(sender)
        self.process = _CONTEXT.Process(target=self.work(), args=(receiver, said.name))
        self.process.start()
        receiver.close()

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        self.process.join(timeout)
        return self.process.exitcode

    def kill(self) -> None:
        self.process.kill()


class ForkedWorker(ForkedRank):
    """A worker of a sweep. Its first line is `search.start_worker`'s."""

    work = staticmethod(lambda: _search)


def forked(work: Callable[..., None], *given: object) -> BaseProcess:
    """A function of a module in a process that has imported what a run needs."""
    process = _CONTEXT.Process(target=work, args=given)
    process.start()
    return process


def _work(receiver: Connection, said: str) -> None:
    from clfcore.runs.take_part import take_part

    def watch() -> None:
        try:
            receiver.recv()
        except EOFError:
            os._exit(1)

    try:
        line = receiver.recv()
    except EOFError:
        return
    threading.Thread(target=watch, daemon=True).start()
    try:
        take_part(**json.loads(line))
    except (InputError, Failure) as error:
        with open(said, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(f"{error}\n")
        os._exit(1)
    os._exit(0)


def _search(receiver: Connection, said: str) -> None:
    from clfcore.experiments.search_worker import work
    from clfcore.experiments.study import read_study

    asked = json.loads(receiver.recv())
    work(read_study(Path(asked["study"])), trials=asked["trials"], prune=asked["prune"])
    os._exit(0)
