"""A configuration to its end: the one place where all parts meet, and where policy lives.

1. take the run's lock; whoever comes second is refused
2. open the data in the run's own split, fill the configuration, build the network, decode
3. fit a head on embeddings; or load the checkpoint where there is one (history past it never happened) and train phase
   by phase; validation chooses the best epoch
4. with the best weights, look at test once; write predictions and metrics
"""

import contextlib
import platform
import sys
import time
from collections.abc import Callable

import torch

from clfcore import __version__
from clfcore.data.versions.versions import dataset_digest
from clfcore.device import keep_freed_memory, pick_device
from clfcore.distributed.ranks import ProcessLost
from clfcore.errors import Failure, InputError
from clfcore.evaluation import thresholds as evaluation_thresholds
from clfcore.evaluation.metrics import evaluate
from clfcore.logs import log, logged_to
from clfcore.progress import Show
from clfcore.resolve import Resolved
from clfcore.results import JsonObject
from clfcore.runs.cautions import overlaps
from clfcore.runs.deletion import remove_parts
from clfcore.runs.folder import Run
from clfcore.runs.follow import require_same, set_threads
from clfcore.runs.keep_embeddings import keep_embeddings
from clfcore.runs.prepare import Prepared, prepare
from clfcore.runs.process_count import ProcessesFile, check_processes
from clfcore.runs.processes import Crew, Processes
from clfcore.runs.progress import Reporter
from clfcore.runs.records import StartingClassifier, Status
from clfcore.runs.resolve_run import resolve_run
from clfcore.runs.run_data import keep_split
from clfcore.runs.session import Orphaned, Session, Stopped
from clfcore.runs.split_record import read_split
from clfcore.runs.thresholds import keep_thresholds
from clfcore.runs.tracking import open_tracker
from clfcore.runs.train_head import train_head
from clfcore.runs.train_network import train_network
from clfcore.training import phases
from clfcore.training.diagnose import notes


def execute(
    run: Run,
    *,
    show: Show | None = None,
    orphaned: Callable[[], bool] = lambda: False,
    handed_over: bool = False,
    resolved: Resolved | None = None,
    crew: Crew | None = None,
) -> None:
    """Carry out the run's configuration, from its checkpoint where it has one.

    show: called with each progress. orphaned: True once nobody is left to work for; the run then ends within a batch,
    unfinished, and reads as interrupted. handed_over: it comes from a queue, where somebody may have stopped it
    already; else a request to stop that lies there is of an earlier process. resolved: the configuration of a new run,
    where the caller has resolved it. crew: the processes that train it; None: this one alone. Raises InputError or
    Failure after the run's state says so too, and ProcessLost where a process was killed: the run then reads as
    interrupted.
    """
    stale = None if handed_over else run.stop_mark()
    with run.locked(), logged_to(run.path):
        if run.read(Status).state == "completed" and not run.resumable:
            raise InputError(f"run {run.id} is completed: there is nothing to resume")
        if stale is not None and run.stop_mark() == stale:
            run.clear_stop()
        remove_parts(run.path)
        run.set_state("running")
        keep_freed_memory()
        threads = torch.get_num_threads()
        try:
            with crew or Processes(run) as processes:
                _work(run, Reporter(run, show), processes, orphaned=orphaned, resolved=resolved)
        except Orphaned:
            return
        except ProcessLost as error:
            log.info("interrupted: %s", error)
            raise
        except Stopped:
            log.info("cancelled")
            run.set_state("cancelled")
        except (torch.OutOfMemoryError, MemoryError):
            size = run.config.recipe.batch_size or 64
            raise _failed(run, f"memory ran out: try recipe.batch_size {max(1, size // 2)} (it was {size})") from None
        except (InputError, Failure) as error:
            _failed(run, str(error))
            raise
        except Exception as error:
            log.exception("a fault of the lab")
            _failed(run, f"{type(error).__name__}: {error}")
            raise
        finally:
            torch.set_num_threads(threads)


def _failed(run: Run, message: str) -> Failure:
    log.info("failed: %s", message)
    with contextlib.suppress(Failure):  # on a full disk the state stays unwritten, and reads as interrupted
        run.set_state("failed", message)
    return Failure(message)


def _work(run: Run, report: Reporter, crew: Crew, *, orphaned: Callable[[], bool], resolved: Resolved | None) -> None:
    started = time.perf_counter()
    if run.stop_requested() == "now":
        raise Stopped
    report("preparing", 0, 1)

    def decoding(done: int, total: int) -> None:
        report("decoding", done, total)
        if orphaned():
            raise Orphaned
        if run.stop_requested() == "now":
            raise Stopped

    gpu = pick_device(run.config.recipe.device).type != "cpu"
    if resolved is None or resolved.gpu != gpu:  # the driver told of a GPU that torch cannot use, or of none
        resolved = resolve_run(run.config, gpu=gpu, run=run)
    together_before = bool(run.read(ProcessesFile).used)
    check_processes(crew.ranks.size, resolved.config, gpu=resolved.gpu, resumed=together_before)
    keep_split(run, resolved.dataset, trained_before=resolved.trained_before)
    prepared = prepare(resolved, decoding, ranks=crew.ranks)
    for change in prepared.changes:
        log.info("%s", change)
        sys.stderr.write(f"{change}\n")
    config, recipe = prepared.config, prepared.config.recipe
    set_threads(prepared)
    log.info(
        "%s on %s, %s, seed %d: %d images to train on, device %s, clflab %s, torch %s",
        config.architecture, config.data, config.strategy, recipe.seed, len(prepared.dataset.splits["train"]),
        prepared.device, __version__, torch.__version__,
    )  # fmt: skip
    run.write("config.json", prepared.config.model_dump(mode="json"))
    run.write("data.json", _data(prepared))
    if resolved.source is not None and resolved.source.spec is not None:
        run.write(StartingClassifier.file, {"classifier": resolved.source.spec.as_dict()})
    crew.join()
    crew.ranks.each(lambda: None)
    require_same(prepared)
    session = Session(run, prepared, report, orphaned, started)
    session.check_stop()
    session.tracker = open_tracker(run, config)
    try:
        _train(session)
    finally:
        session.tracker.close()


def _train(session: Session) -> None:
    """From the prepared data to the evaluated network, and the end of the run."""
    run, prepared, report, config = session.run, session.prepared, session.report, session.prepared.config
    heads_only = prepared.config.strategy == "feature-extraction"
    trained, predict = train_head(session) if heads_only else train_network(session)
    run.write("classifier.json", prepared.spec.as_dict())
    metrics, thresholds = {}, None
    for split in ("validation", "test"):
        if len(prepared.dataset.splits.get(split, ())):
            session.check_stop()
            report("evaluating", 0, 1, split=split)
            predictions = predict(split)
            predictions.save(run.path / f"predictions-{split}.npz")
            if split == "validation":
                chosen = evaluation_thresholds.choose_label_thresholds(
                    predictions, config.thresholds, wanted=config.wanted
                )
                thresholds = keep_thresholds(run, chosen)
            metrics[split] = evaluate(predictions, thresholds=thresholds).as_dict()
            log.info("evaluated %d images of %s", len(predictions), split)
    with session.alone():
        keep_embeddings(session)
    results = {
        "best_epoch": session.best.epoch,
        "seconds": round(session.seconds, 2),
        "parameters": {"total": phases.count_parameters(prepared.module), "trainable": trained},
        "metrics": metrics,
        **({"baselines": session.baselines} if session.baselines else {}),
        **({"moved": session.moved} if session.moved else {}),
        **({"overlap": {name: o.as_dict() for name, o in overlaps(kept).items()}} if (kept := read_split(run)) else {}),
        **({"finished_early": session.finished_early.as_dict()} if session.finished_early else {}),
    }
    run.write("metrics.json", results)
    session.tracker.finish(metrics, session.best.epoch)
    if not heads_only:  # what helps a fitted head is another one
        session.notes += notes(run.history, ended=True)
    log.info("completed after %.1f s, best epoch %s", session.seconds, session.best.epoch)
    run.set_state("completed", " ".join((*prepared.notes, *session.notes)))
    if session.finished_early is None:  # else training can go on from it
        (run.path / "checkpoint.pt").unlink(missing_ok=True)
    run.clear_stop()  # one that came too late


def _data(prepared: Prepared) -> JsonObject:
    """What was trained on: enough to know it again, and to see what was drawn, left out and computed on."""
    dataset, ancestry = prepared.dataset, prepared.start.ancestry
    drawn = {split: [dataset.ids[i] for i in dataset.splits[split]] for split in dataset.drawn if split != "train"}
    return {
        "name": dataset.name,
        "task": dataset.task.as_dict(),
        "content": prepared.decoded.key,
        "digest": dataset_digest(dataset),
        "splits": dataset.sizes(),
        "train_counts": dataset.counts("train").tolist(),
        "drawn": drawn,
        "problems": [vars(problem) for problem in dataset.problems],
        "notes": list(prepared.notes),
        **({"ancestry": ancestry.as_dict()} if ancestry is not None else {}),
        "computed_on": {
            "clflab": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "device": str(prepared.device),
            "threads": torch.get_num_threads(),
            "processes": prepared.ranks.size,
        },
    }
