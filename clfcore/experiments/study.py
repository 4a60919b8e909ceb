"""Studies: the trials of a sweep in a folder, shared by the processes that carry them out.

    RUNS/.sweeps/NAME/study.json    the configuration and the space
                      journal.log   Optuna's journal: what was asked, reported and told
                      workers/      a lock a worker, held for as long as it lives

A trial whose worker is gone goes back into the queue, and its run is resumed.
"""

import hashlib
import json
import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from pydantic import JsonValue

from clfcore.config import RunConfig
from clfcore.errors import Failure, InputError
from clfcore.experiments.search_space import Space, make_space
from clfcore.files import parse_json, read_text, runs_folder, safe_name, write_json
from clfcore.parse_config import parse_config
from clfcore.results import WHEN_KNOWN, Result
from clfcore.runs.create import with_absolute_data
from clfcore.runs.locks import RunLock, is_held

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial, Trial

FOLDER = ".sweeps"


@dataclass(frozen=True)
class SearchTrial(Result):
    """One trial: its run, the values it tried, its state and the validation score of its best epoch."""

    run: str | None
    values: Mapping[str, JsonValue]
    state: str
    metric: float | None
    message: str | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class Study:
    """A study's folder, with what it searches."""

    path: Path
    config: RunConfig
    space: Space

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def runs(self) -> Path:
        """The folder that its trials' runs lie in."""
        return self.path.parents[1]

    def ask(self, trials: int, worker: str) -> "Trial | None":
        """The next trial for a worker; None where as many are done or under way as are wanted."""
        optuna = optuna_library()
        with FileLock(self.path / "ask.lock"):
            study = self._load()
            self._requeue(study)
            known = study.get_trials(deepcopy=False)
            if sum(_counts(trial) for trial in known) >= trials:
                return None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Optuna calls this way of several workers experimental
                study.sampler = optuna.samplers.TPESampler(
                    seed=1000 * self.config.recipe.seed + len(known), constant_liar=True
                )
            trial = study.ask()
            trial.set_user_attr("worker", worker)
        return trial

    def tell(self, trial: "Trial", value: float | None, *, state: str, message: str | None = None) -> None:
        """How a trial ended: complete, pruned or failed."""
        optuna = optuna_library()
        states = optuna.trial.TrialState
        trial.set_user_attr("ended", message or state)
        self._load().tell(
            trial.number,
            value if state == "complete" else None,
            state={"complete": states.COMPLETE, "pruned": states.PRUNED, "failed": states.FAIL}[state],
        )

    def trials(self) -> tuple[SearchTrial, ...]:
        """Every trial that counts, in their order; those that wait for a worker again are left out."""
        known = self._load().get_trials(deepcopy=False)
        return tuple(self._result(trial) for trial in known if _counts(trial))

    def done(self) -> int:
        """How many trials have ended."""
        known = self._load().get_trials(deepcopy=False)
        return sum(_counts(trial) and trial.state.is_finished() for trial in known)

    def importances(self) -> dict[str, float]:
        """How much of the differences between complete trials each field accounts for; empty below four trials."""
        optuna = optuna_library()
        study = self._load()
        complete = [t for t in study.get_trials(deepcopy=False) if t.state == optuna.trial.TrialState.COMPLETE]
        if len(complete) < 4 or len({trial.value for trial in complete}) < 2:
            return {}
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))
            except (RuntimeError, ValueError):  # of fields that were never varied
                return {}

    def lock_of(self, worker: str) -> RunLock:
        """What a worker holds while it lives."""
        (self.path / "workers").mkdir(exist_ok=True)
        return RunLock(self.path / "workers" / f"{worker}.lock")

    def _load(self) -> "optuna.Study":
        optuna = optuna_library()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        backend = optuna.storages.journal.JournalFileBackend(str(self.path / "journal.log"))
        return optuna.create_study(
            storage=optuna.storages.JournalStorage(backend),
            study_name=self.name,
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1),
        )

    def _requeue(self, study: "optuna.Study") -> None:
        """Put trials back whose worker is gone; their run goes on where it was."""
        optuna = optuna_library()
        for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            worker = trial.user_attrs.get("worker")
            if worker is None or not is_held(self.path / "workers" / f"{worker}.lock"):
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
                run = {"run": trial.user_attrs["run"]} if "run" in trial.user_attrs else {}
                study.enqueue_trial(trial.params, user_attrs=run)

    def _result(self, trial: "FrozenTrial") -> SearchTrial:
        run, values = trial.user_attrs.get("run"), trial.user_attrs.get("values", {})
        state = {"COMPLETE": "completed", "PRUNED": "pruned", "FAIL": "failed"}.get(trial.state.name, "running")
        ended = trial.user_attrs.get("ended", state)
        metric = trial.value if trial.value is not None else _last(trial.intermediate_values)
        return SearchTrial(run, values, state, metric, ended if state == "failed" else None)


def open_study(
    config: RunConfig, space: Mapping[str, object], *, name: str | None = None, runs: Path | None = None
) -> Study:
    """The study of a configuration and a space, new or as it was left.

    name: None is one that configuration and space decide, so that the same command continues it. Raises InputError
    where the space is wrong, or a study of that name is of something else.
    """
    optuna_library()
    config = with_absolute_data(config)
    checked = make_space(space, config)
    kept = {"config": config.model_dump(mode="json"), "space": checked.as_dict()}
    digest = hashlib.blake2b(json.dumps(kept, sort_keys=True).encode(), digest_size=4).hexdigest()
    data = safe_name(Path(config.data).stem or "data", most=24)
    path = (
        (runs or runs_folder()).expanduser().resolve()
        / FOLDER
        / (safe_name(name, most=60) if name else f"{data}-{digest}")
    )
    if (path / "study.json").exists():
        before = _read(path)
        if before != kept:
            raise InputError(f"study is {path.name!r}: it searches another space or configuration: take another name")
    else:
        path.mkdir(parents=True, exist_ok=True)
        write_json(path / "study.json", kept)
    return Study(path, config, checked)


def read_study(path: Path) -> Study:
    """A study from its folder."""
    kept = _read(path)
    config = parse_config(kept["config"])
    return Study(path, config, make_space(kept["space"], config))


def list_studies(runs: Path | None = None) -> tuple[Path, ...]:
    """The folders of all studies, the newest first."""
    files = ((runs or runs_folder()).expanduser() / FOLDER).glob("*/study.json")
    return tuple(sorted((file.parent for file in files), key=lambda path: -(path / "study.json").stat().st_mtime))


def new_worker() -> str:
    """A name that no other worker has."""
    return secrets.token_hex(6)


def optuna_library() -> Any:  # a module: what is asked of it is checked where it is installed
    """Optuna. Raises Failure where the extra that brings it is not installed."""
    try:
        import optuna
    except ImportError:
        raise Failure("sweeps need Optuna, which is not installed: pip install 'clflab[sweep]'") from None
    return optuna


def _read(path: Path) -> Any:
    """study.json, as `open_study` wrote it."""
    values = parse_json(read_text(path / "study.json", most=1 << 22, what="a study"), what=str(path / "study.json"))
    if not isinstance(values, dict) or set(values) != {"config", "space"}:
        raise InputError(f"{path / 'study.json'} is damaged: delete the folder to begin the study anew")
    return values


def _counts(trial: "FrozenTrial") -> bool:
    """Whether it is one of the trials that were wanted: done or under way; not one whose worker was killed."""
    return trial.state.name in ("COMPLETE", "PRUNED", "RUNNING") or "ended" in trial.user_attrs


def _last(values: Mapping[int, float]) -> float | None:
    return values[max(values)] if values else None
