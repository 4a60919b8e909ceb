"""A search for the best configuration: trials of a study, carried out here, by workers, on Ray or under Slurm.

Results are runs like any other. The same search started again continues its study.
"""

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, get_args

from clfcore.config import RunConfig
from clfcore.errors import Failure, InputError, unknown
from clfcore.experiments.search_worker import work
from clfcore.experiments.study import SearchTrial, Study, open_study, read_study
from clfcore.files import write_json, write_text
from clfcore.progress import Show
from clfcore.results import WHEN_KNOWN, Result

On = Literal["local", "ray", "slurm"]
LOOK = 0.2  # seconds between two looks at the workers
MOST_TRIALS, MOST_WORKERS = 10_000, 64
MOST_LOST = 10  # workers that may end early, beyond one each, before it is given up
Start = Callable[[IO[str]], subprocess.Popen[str]]


@dataclass(frozen=True)
class SearchResult(Result):
    """A study's trials and the run of the best one; None before one is complete.

    importances: of each field, how much of the differences between trials it accounts for. file: the batch file to be
    submitted, where Slurm carries them out.
    """

    study: str
    trials: tuple[SearchTrial, ...]
    best: str | None
    importances: Mapping[str, float] = field(default_factory=dict)
    file: Path | None = field(default=None, metadata=WHEN_KNOWN)


def search(
    config: RunConfig,
    space: Mapping[str, object],
    *,
    trials: int,
    workers: int = 1,
    prune: bool = False,
    on: str = "local",
    study: str | None = None,
    runs: Path | None = None,
    show: Show | None = None,
    start: Start | None = None,
) -> SearchResult:
    """Carry out trials until the study has so many. start: starts a worker as `start_worker` does."""
    for name, count, most in (("trials", trials, MOST_TRIALS), ("workers", workers, MOST_WORKERS)):
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= most:
            raise InputError(f"{name} is {count!r}: it must be a whole number from 1 to {most:,}")
    if on not in get_args(On):
        raise unknown("on", on, get_args(On))
    opened = open_study(config, space, name=study, runs=runs)
    if on == "slurm":
        return _result(opened, file=_write_batch(opened, trials=trials, workers=workers, prune=prune))
    if on == "ray":
        _on_ray(opened, trials=trials, workers=workers, prune=prune)
    elif workers == 1:
        work(opened, trials=trials, prune=prune, show=show)
    else:
        _by_workers(opened, trials=trials, workers=workers, prune=prune, show=show, start=start or start_worker)
    return _result(opened)


def result_of(study: Study) -> SearchResult:
    """What a study's trials have come to so far."""
    return _result(study)


def _result(study: Study, *, file: Path | None = None) -> SearchResult:
    trials = study.trials()
    complete = [trial for trial in trials if trial.state == "completed" and trial.metric is not None]
    best = max(complete, key=lambda trial: trial.metric or 0.0, default=None)
    return SearchResult(study.name, trials, best.run if best else None, study.importances(), file)


def _by_workers(study: Study, *, trials: int, workers: int, prune: bool, show: Show | None, start: Start) -> None:
    """Workers until all trials are done: one that is killed is replaced, and its trial is carried on."""
    threads = max(1, (os.cpu_count() or 1) // workers)
    request = json.dumps({"study": str(study.path), "trials": trials, "prune": prune, "threads": threads}) + "\n"
    wanted, lost, children = min(workers, trials - study.done()), 0, list[subprocess.Popen[str]]()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        try:
            while wanted > 0 or children:
                for child in [child for child in children if child.poll() is not None]:
                    children.remove(child)
                    if child.returncode:
                        lost += 1
                    else:
                        wanted -= 1
                done = study.done()
                if done < trials and not children and not wanted:
                    wanted = 1  # the others ended while it was under way
                if lost > workers + MOST_LOST:
                    raise Failure(f"{lost} workers ended ({_last_line(log)}): mend that, then start the sweep again")
                while len(children) < wanted and done < trials:
                    children.append(_started(start, log, request))
                if show:
                    show({"stage": "searching", "done": done, "total": trials})
                if not children:
                    break
                time.sleep(LOOK)
        finally:
            for child in children:
                if child.stdin is not None:
                    with contextlib.suppress(OSError):
                        child.stdin.close()
                child.wait()


def _started(start: Start, log: IO[str], request: str) -> subprocess.Popen[str]:
    child = start(log)
    with contextlib.suppress(OSError):  # it is gone, which is seen at the next look
        if child.stdin is not None:
            child.stdin.write(request)
            child.stdin.flush()
    return child


def _last_line(log: IO[str]) -> str:
    log.seek(0)
    lines = log.read().strip().splitlines()
    return lines[-1][:200] if lines else "they were killed"


def start_worker(log: IO[str]) -> subprocess.Popen[str]:
    """A worker that waits for its study on standard input, its standard error in a file."""
    return subprocess.Popen(
        [sys.executable, "-m", "clfcore.experiments.search_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=log,
        text=True,
        start_new_session=True,  # Ctrl-C is the parent's to answer
        env={**os.environ, "PYTHONPATH": _search_path()},
    )


def _search_path() -> str:
    known = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    return os.pathsep.join([str(Path(__file__).parents[2]), *known])


def _on_ray(study: Study, *, trials: int, workers: int, prune: bool) -> None:
    """Workers as Ray's tasks, on the machines of its cluster that see the runs folder."""
    try:
        import ray
    except ImportError:
        raise Failure("on is 'ray', which is not installed: pip install 'clflab[ray]', or take local") from None
    ray.init(
        ignore_reinit_error=True,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": _search_path()}},
    )
    task = ray.remote(max_retries=3)(_ray_task)
    try:
        while (done := study.done()) < trials:
            count = min(workers, trials - done)
            ray.get([task.remote(str(study.path), trials, prune) for _ in range(count)])
            if study.done() == done:
                raise Failure("no task of Ray's ended a trial: do its machines see the runs folder?")
    finally:
        ray.shutdown()


def _ray_task(path: str, trials: int, prune: bool) -> None:  # noqa: FBT001  (Ray passes it on)
    work(read_study(Path(path)), trials=trials, prune=prune)


def _write_batch(study: Study, *, trials: int, workers: int, prune: bool) -> Path:
    """A batch file for sbatch: as many tasks as workers, each of which continues the study on the shared disk."""
    write_json(study.path / "config.json", study.config.model_dump(mode="json", exclude_unset=True))
    write_json(study.path / "space.json", study.space.as_dict())
    words = [sys.executable, "-m", "clfcore", "sweep", "--config", str(study.path / "config.json"), "--space",
             str(study.path / "space.json"), "--trials", str(trials), "--study", study.name, "--runs", str(study.runs),
             *(["--prune"] if prune else [])]  # fmt: skip
    lines = [
        "#!/bin/bash",
        f"#SBATCH --job-name={study.name}",
        f"#SBATCH --array=0-{workers - 1}",
        f"#SBATCH --output={study.path / 'worker-%a.log'}",
        "#SBATCH --requeue",
        f"export PYTHONPATH={shlex.quote(_search_path())}",
        shlex.join(words),
    ]
    path = study.path / "sweep.sbatch"
    write_text(path, "\n".join(lines) + "\n")
    return path
