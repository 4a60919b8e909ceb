"""A worker of a sweep: takes trials from a study's folder and carries them out as runs, until there are enough.

    python -m clfcore.experiments.search_worker

One line on standard input: a JSON object of study, trials, prune and threads. When standard input closes, its parent is
gone: the worker ends within a batch, and its trial goes back into the queue.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from clfcore.errors import Failure, InputError
from clfcore.experiments.search_space import with_values
from clfcore.experiments.study import Study, new_worker, read_study
from clfcore.heavy_imports import load
from clfcore.progress import Show
from clfcore.resolved_config import with_name
from clfcore.results import JsonObject
from clfcore.runs.best_epoch import best_record
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from clfcore.runs.resolve_run import resolve_run
from clfcore.runs.starting_weights import require_at_hand

if TYPE_CHECKING:
    from optuna.trial import Trial


def work(
    study: Study,
    *,
    trials: int,
    prune: bool = False,
    show: Show | None = None,
    orphaned: Callable[[], bool] = lambda: False,
) -> None:
    """Carry out trials until `trials` of the study are done or under way. prune: give up those below the median."""
    name = new_worker()
    lock = study.lock_of(name)
    lock.acquire()
    try:
        while not orphaned() and (trial := study.ask(trials, name)) is not None:
            _carry_out(study, trial, prune=prune, show=show, orphaned=orphaned)
    finally:
        lock.release()
        lock.path.unlink(missing_ok=True)


def _carry_out(study: Study, trial: "Trial", *, prune: bool, show: Show | None, orphaned: Callable[[], bool]) -> None:
    from clfcore.runs.execute import execute  # brings torch along

    values = study.space.suggest(trial)
    trial.set_user_attr("values", values)
    try:
        run = _run_of(study, trial, values)
        if run.state != "completed":
            execute(run, show=_Reports(run, trial, prune=prune, show=show), orphaned=orphaned)
    except (InputError, Failure) as error:
        study.tell(trial, None, state="failed", message=str(error))
        return
    state, best = run.state, best_record(run.history)
    if state == "completed" and best is not None and best.validation_score is not None:
        study.tell(trial, best.validation_score, state="complete")
    elif state == "cancelled" and prune and trial.should_prune():
        study.tell(trial, None, state="pruned")
    elif state in ("completed", "cancelled"):
        study.tell(trial, None, state="failed", message=f"the run was {state} without a score")


def _run_of(study: Study, trial: "Trial", values: dict[str, JsonValue]) -> Run:
    """The trial's run: the one that a worker before left, or a new one."""
    left = trial.user_attrs.get("run")
    if left is not None and (study.runs / left / "config.json").exists():
        return Run(study.runs / left)
    config = with_values(study.config, values)
    resolved = resolve_run(config)
    require_at_hand(resolved.config.architecture, resolved.config.weights)
    run = create_run(with_name(config.changed(architecture=resolved.config.architecture)), study.runs)
    trial.set_user_attr("run", run.id)
    return run


class _Reports:
    """Tells the study each epoch's score, and asks the run to stop where it is far behind the others."""

    def __init__(self, run: Run, trial: "Trial", *, prune: bool, show: Show | None) -> None:
        self.run, self.trial, self.prune, self.show = run, trial, prune, show
        self._told = -1

    def __call__(self, values: JsonObject) -> None:
        for epoch in self.run.history:
            if epoch.epoch > self._told and epoch.validation_score is not None:
                self.trial.report(epoch.validation_score, epoch.epoch)
                self._told = epoch.epoch
        if self.prune and values.get("stage") == "training" and self.trial.should_prune():
            self.run.request_stop()
        if self.show:
            self.show({"run": self.run.id, "trial": self.trial.number, **values})


def main() -> int:
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # huge pages: read by torch when it is imported
    line = sys.stdin.readline().strip()
    if not line:
        return 0
    asked = json.loads(line)
    load("torch")
    import torch

    torch.set_num_threads(asked["threads"])
    parent_gone = threading.Event()

    def watch() -> None:
        sys.stdin.read()  # returns when the pipe closes
        parent_gone.set()

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
    try:
        study = read_study(Path(asked["study"]))
        work(study, trials=asked["trials"], prune=asked["prune"], orphaned=parent_gone.is_set)
    except (InputError, Failure) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # the watching thread sits in a read that nothing else ends
