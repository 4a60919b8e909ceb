"""Runs: train and resume one in this process; list, show and delete what there is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import JsonValue

from clfcore.config import RunConfig
from clfcore.distributed.environment import Place, place
from clfcore.errors import InputError
from clfcore.progress import Show
from clfcore.resolve import Resolved
from clfcore.resolved_config import with_name
from clfcore.results import WHEN_KNOWN, Result
from clfcore.runs import folder
from clfcore.runs.about import set_about
from clfcore.runs.cautions import cautions
from clfcore.runs.create import create_run, with_absolute_data
from clfcore.runs.epochs_done import epochs_done
from clfcore.runs.folder import Run
from clfcore.runs.index import listed, score_of
from clfcore.runs.outcome import RunOutcome, RunSummary, outcome_of, summary_of
from clfcore.runs.process_count import check_count, check_processes, processes_of
from clfcore.runs.records import About
from clfcore.runs.resolve_run import resolve_run
from clfcore.runs.starting_weights import require_at_hand
from clfcore.runs.stopping import can_keep_best, refuse_unless_resumable, refuse_without_epoch

Begin = Callable[[], tuple[Run, Resolved | None]]


@dataclass(frozen=True)
class RunList(Result):
    """Runs, the newest first."""

    runs: tuple[RunSummary, ...]


@dataclass(frozen=True)
class DeletedRun(Result):
    """The id of a run that is gone."""

    deleted: str


@dataclass(frozen=True)
class StoppedRun(Result):
    """A run that was asked to stop. state: when it was asked; request: `now`, `epoch` or `best`.

    outcome: of a run that was not at work, and was completed here with its best epoch.
    """

    run: str
    path: Path
    state: str
    request: str
    outcome: RunOutcome | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class NamedRun(Result):
    """What people call a run; empty where they call it nothing."""

    named: str
    name: str
    note: str
    tags: tuple[str, ...]


def train(
    config: RunConfig, *, runs: Path | None = None, show: Show | None = None, processes: int | None = None
) -> RunOutcome:
    """Run a configuration to its end, in this process. The folder is written before torch is imported.

    What can be refused without torch is refused before there is a folder, published weights that are not here among it:
    `get_weights` downloads them, and training never does. processes: how many train it together, this one and others
    that it starts; they share each batch. None is one, or under torchrun as many as that has started.
    """
    config, place = with_absolute_data(config), _place(processes)
    count = place.size if place else processes or 1

    def begin() -> tuple[Run, Resolved]:
        resolved = resolve_run(config)
        require_at_hand(resolved.config.architecture, resolved.config.weights)
        _check_processes(count, resolved, here=place.here if place else count)
        if show is not None and resolved.notes:
            show({"stage": "preparing", "done": 0, "total": 1, "notes": list(resolved.notes)})
        asked = with_name(config.changed(architecture=resolved.config.architecture))
        return create_run(asked, runs), resolved

    if place is not None:
        return _together(place, begin, asked=_fields(config), show=show)
    run, resolved = begin()
    return _execute(run, show, resolved, processes=count)


def resume(
    name: str, *, runs: Path | None = None, show: Show | None = None, processes: int | None = None
) -> RunOutcome:
    """Go on with a run that was interrupted, cancelled or failed, or that completed early.

    processes: how many train it from here on, as in `train`; None: as many as before. Another number is recorded.
    """
    place = _place(processes)

    def begin() -> tuple[Run, Resolved | None]:
        run = folder.open_run(name, runs)
        refuse_unless_resumable(run)
        return run, None

    if place is not None:
        return _together(place, begin, asked={"run": name}, show=show)
    run, _ = begin()
    return _execute(run, show, processes=processes or processes_of(run))


def stop_run(
    name: str,
    *,
    after_epoch: bool = False,
    keep_best: bool = False,
    runs: Path | None = None,
    show: Show | None = None,
) -> StoppedRun:
    """Ask a run of another process to stop within a batch; it goes on with `resume`.

    after_epoch: when its epoch has ended. keep_best: complete with its best epoch so far; of a run that is not at work
    that is done here. Raises InputError where nothing is at work, or no epoch has ended yet.
    """
    if after_epoch and keep_best:
        raise InputError("after_epoch and keep_best are both given: choose one")
    run = folder.open_run(name, runs)
    if keep_best:
        refuse_without_epoch(run)
    state = run.state
    wish: folder.StopRequest = "best" if keep_best else "epoch" if after_epoch else "now"
    if state in ("running", "queued"):
        run.request_stop(wish)
        return StoppedRun(run.id, run.path, state, wish)
    if not keep_best:
        raise InputError(f"run {run.id} is {state}: there is nothing to stop")
    run.request_stop(wish)
    return StoppedRun(run.id, run.path, state, wish, _execute(run, show, asked=True))


def _execute(
    run: Run, show: Show | None, resolved: Resolved | None = None, *, asked: bool = False, processes: int = 1
) -> RunOutcome:
    """asked: what lies in the folder of a request to stop is for this process."""
    from clfcore.runs.execute import execute  # brings torch along, which the folder need not wait for
    from clfcore.runs.processes import Processes

    try:
        execute(run, show=show, resolved=resolved, handed_over=asked, crew=Processes(run, processes))
    except KeyboardInterrupt:
        best = f", `stop {run.id} --keep-best` completes it with its best epoch so far" if can_keep_best(run) else ""
        raise KeyboardInterrupt(
            f"interrupted: what was reached is kept; `resume {run.id}` goes on with it{best}"
        ) from None
    return outcome_of(run)


def _place(processes: int | None) -> Place | None:
    """This process's place where torchrun started it. Raises InputError where another number is asked for."""
    torchrun = place()
    if processes is not None:
        check_count(processes)
        if torchrun is not None and processes != torchrun.size:
            raise InputError(f"processes is {processes}: torchrun started {torchrun.size}; leave processes out")
    return torchrun


def _check_processes(count: int, resolved: Resolved, *, here: int) -> None:
    check_processes(count, resolved.config, gpu=resolved.gpu)
    device = resolved.config.recipe.device
    if here > 1 and device != "cpu":
        from clfcore.device import device_of  # brings torch along

        device_of(device, processes=here)


def _together(place: Place, begin: Begin, *, asked: dict[str, JsonValue], show: Show | None) -> RunOutcome:
    from clfcore.runs.torchrun import execute_together  # brings torch along

    return outcome_of(execute_together(place, begin, asked=asked, show=show))


def _fields(config: RunConfig) -> dict[str, JsonValue]:
    """Each field by its name, those of the recipe too."""
    values = config.model_dump(mode="json")
    recipe = values.pop("recipe")
    return {**values, **{f"recipe.{name}": value for name, value in recipe.items()}}


def list_runs(*, runs: Path | None = None) -> RunList:
    """Every run of a runs folder, damaged ones included."""
    return RunList(tuple(_summary(run) for run in folder.run_folders(runs)))


def show_run(name: str, *, runs: Path | None = None) -> RunList:
    """One run with its history and results."""
    run = folder.open_run(name, runs)
    history = [epoch.as_dict() for epoch in run.history]
    return RunList((replace(_summary(run), message=run.message, history=history, results=run.results.as_dict()),))


def _summary(run: Run) -> RunSummary:
    seen = listed(run)
    score = score_of(seen.results)
    return replace(
        summary_of(run),
        name=seen.about.name,
        note=seen.about.note,
        tags=tuple(seen.about.tags),
        created=seen.status.created,
        score=score,
        epochs=epochs_done(seen),
        cautions=cautions(run, score.split) if score else (),
    )


def name_run(name: str, text: str, *, runs: Path | None = None) -> NamedRun:
    """Give a run a name that no other of its folder has; an empty one removes it. Its id stays its address."""
    run = folder.open_run(name, runs)
    return _named(run, set_about(run, name=text))


def note_run(name: str, text: str, *, runs: Path | None = None) -> NamedRun:
    """Keep a note with a run; an empty one removes it."""
    run = folder.open_run(name, runs)
    return _named(run, set_about(run, note=text))


def tag_run(name: str, tags: Sequence[str], *, runs: Path | None = None) -> NamedRun:
    """Replace a run's tags; without any it has none."""
    run = folder.open_run(name, runs)
    return _named(run, set_about(run, tags=tags))


def _named(run: Run, about: About) -> NamedRun:
    return NamedRun(run.id, about.name, about.note, tuple(about.tags))


def delete_run(name: str, *, runs: Path | None = None) -> DeletedRun:
    """Remove a run of the runs folder by its whole id: no path and no beginning of an id is taken."""
    run = folder.find_run(name, runs)
    folder.delete(run, runs)
    return DeletedRun(run.id)
