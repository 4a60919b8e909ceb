"""A configuration to its end: the one place where all parts meet, and where policy lives.

1. take the run's lock; whoever comes second is refused
2. open the data, fill the configuration, build the network, decode
3. load the checkpoint where there is one; history past it never happened
4. train phase by phase, or fit a head on embeddings; validation chooses the best epoch
5. with the best weights, look at test once; write predictions and metrics
"""

import contextlib
import platform
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from clfcore import __version__, transfer
from clfcore.architectures.stages import Group, layer_groups
from clfcore.data.dataset import Split
from clfcore.device import pick_dtype, threads_for
from clfcore.errors import Failure, InputError
from clfcore.evaluation.metrics import evaluate
from clfcore.predictions import Predictions
from clfcore.runs.fit_head import fit_head
from clfcore.runs.prepare import Prepared, prepare
from clfcore.runs.report import Reporter, Show
from clfcore.runs.session import Best, Orphaned, Session, Stopped, load_weights, save_weights
from clfcore.runs.store import Run
from clfcore.training.loop import Diverged, Epoch, State, Step, train
from clfcore.training.recipe import Plateau, hits_of, optimiser, rate_at, steps_of
from clfcore.training.watch import notes
from clfcore.transfer import Phase


def execute(run: Run, *, show: Show | None = None, orphaned: Callable[[], bool] = lambda: False) -> None:
    """Carry out the run's configuration, from its checkpoint where it has one.

    show: called with each progress. orphaned: True once nobody is left to work for; the run then ends within a batch,
    unfinished, and reads as interrupted. Raises InputError or Failure after the run's state says so too.
    """
    with run.locked():
        if run.status.get("state") == "completed":
            raise InputError(f"run {run.id} is completed: there is nothing to resume")
        run.clear_stop()
        run.set_state("running")
        threads = torch.get_num_threads()
        try:
            _work(run, Reporter(run, show), orphaned)
        except Orphaned:
            return
        except Stopped:
            run.set_state("cancelled")
        except (torch.OutOfMemoryError, MemoryError):
            size = run.config.recipe.batch_size or 64
            raise _failed(run, f"memory ran out: try recipe.batch_size {max(1, size // 2)} (it was {size})") from None
        except (InputError, Failure) as error:
            raise _failed(run, str(error), type(error)) from error.__cause__
        except Exception as error:
            _failed(run, f"{type(error).__name__}: {error}")
            raise
        finally:
            torch.set_num_threads(threads)


def _failed(run: Run, message: str, kind: type[Exception] = Failure) -> Exception:
    with contextlib.suppress(Failure):  # on a full disk the state stays unwritten, and reads as interrupted
        run.set_state("failed", message)
    return kind(message)


def _work(run: Run, report: Reporter, orphaned: Callable[[], bool]) -> None:
    started = time.perf_counter()
    report("preparing", 0, 1)

    def decoding(done: int, total: int) -> None:
        report("decoding", done, total)
        if orphaned():
            raise Orphaned
        if run.stop_requested() == "now":
            raise Stopped

    prepared = prepare(run.config, decoding)
    recipe = prepared.config.recipe
    torch.set_num_threads(threads_for(transfer.total(prepared.module), recipe.batch_size * recipe.image_size**2))
    run.write("config.json", prepared.config.model_dump(mode="json"))
    run.write("data.json", _data(prepared))
    session = Session(run, prepared, report, orphaned, started)
    heads_only = prepared.config.strategy == "feature-extraction"
    trained, predict = fit_head(session) if heads_only else _train(session)
    run.write("classifier.json", _classifier(prepared))
    metrics = {}
    for split in ("validation", "test"):
        if len(prepared.dataset.splits.get(split, ())):
            report("evaluating", 0, 1, split=split)
            predictions = predict(split)
            predictions.save(run.path / f"predictions-{split}.npz")
            metrics[split] = evaluate(predictions).as_dict()
    results = {
        "best_epoch": session.best.epoch,
        "seconds": round(session.seconds, 2),
        "parameters": {"total": transfer.total(prepared.module), "trainable": trained},
        "metrics": metrics,
    }
    run.write("metrics.json", results)
    session.notes += notes(run.history, ended=True)
    run.set_state("completed", " ".join((*prepared.notes, *session.notes)))
    (run.path / "checkpoint.pt").unlink(missing_ok=True)


def _train(session: Session) -> tuple[int, Callable[[Split], Predictions]]:
    """Train every phase; leaves the best weights in the module. Returns what trained and how to predict a split."""
    run, prepared = session.run, session.prepared
    module, recipe, task = prepared.module, prepared.config.recipe, prepared.dataset.task
    batches = prepared.batches("train", training=True)
    groups = layer_groups(module)
    phases = transfer.phases(prepared.config, groups)
    state = _new_state(prepared, phases[0], groups)
    plateau = (
        Plateau(state.optimiser, patience=recipe.plateau_patience, factor=recipe.plateau_factor)
        if recipe.schedule == "plateau"
        else None
    )
    _resume(session, state, plateau, phases, groups)
    steps = steps_of(recipe, len(batches))
    loss, hits, rate = prepared.loss(), hits_of(task), rate_at(recipe, steps)
    session.report.epochs(recipe.epochs, steps, recipe.batch_size * recipe.accumulation)
    trained = transfer.trainable(module)

    def validate(model: torch.nn.Module) -> Predictions:
        return session.predict(model, "validation")

    try:
        for phase in phases:
            phase.apply(state, groups, recipe)  # changes nothing where it was applied before
            trained = max(trained, transfer.trainable(module))
            since = time.perf_counter()
            for event in train(state, batches, loss, hits, rate, validate, epochs=phase.last_epoch):
                match event:
                    case Step():
                        session.check_stop()
                        session.report.step(event.step, event.loss)
                    case Epoch():
                        better, validation_loss = session.record(
                            event, time.perf_counter() - since, len(batches.indices)
                        )
                        if better:
                            save_weights(run, state.judged)
                        if plateau:
                            plateau.after(validation_loss)
                        run.save_checkpoint(_checkpoint(session, state, plateau))
                        session.check_stop(epoch_ended=True)
                        since = time.perf_counter()
                        if recipe.early_stopping and session.best.since >= recipe.early_stopping:
                            break
    except Diverged as error:
        session.keep_best(error)
    load_weights(run, module)
    return trained, lambda split: session.predict(module, split)


def _new_state(prepared: Prepared, phase: Phase, groups: Sequence[Group]) -> State:
    recipe, module = prepared.config.recipe, prepared.module
    first = [
        part
        for group in groups
        if group.name in phase.rates
        for part in transfer.optimiser_groups(module, group, rate=phase.rates[group.name], recipe=recipe)
    ]
    return State(
        module,
        optimiser(recipe, first),
        prepared.device,
        pick_dtype(recipe, prepared.device),
        gradient_clip=recipe.gradient_clip,
        accumulation=recipe.accumulation,
        ema=recipe.ema,
        channels_last=recipe.channels_last,
        compile=recipe.compile,
        seed=recipe.seed,
    )


def _resume(
    session: Session, state: State, plateau: Plateau | None, phases: Sequence[Phase], groups: Sequence[Group]
) -> None:
    """Load the checkpoint: the phases that had begun are applied first, so that the optimiser's groups match."""
    stored = session.run.load_checkpoint()
    if stored is None:
        session.run.drop_history_after(0)
        return
    reached = stored["training"]["epoch"]
    for before, phase in zip((0, *(p.last_epoch for p in phases)), phases, strict=False):
        if before < reached:
            phase.apply(state, groups, session.prepared.config.recipe)
    state.load_state_dict(stored["training"])
    if plateau:
        plateau.load_state_dict(stored["plateau"])
    session.best, session.seconds_before = Best(**stored["best"]), stored["seconds"]
    session.run.drop_history_after(reached)


def _checkpoint(session: Session, state: State, plateau: Plateau | None) -> dict[str, Any]:
    return {
        "training": state.state_dict(),
        "best": vars(session.best),
        "plateau": plateau.state_dict() if plateau else {},
        "seconds": session.seconds,
    }


def _data(prepared: Prepared) -> dict[str, Any]:
    """What was trained on: enough to know it again, and to see what was drawn, left out and computed on."""
    dataset = prepared.dataset
    drawn = {split: [dataset.ids[i] for i in dataset.splits[split]] for split in dataset.drawn if split != "train"}
    return {
        "name": dataset.name,
        "task": dataset.task.as_dict(),
        "content": prepared.decoded.key,
        "splits": dataset.sizes(),
        "train_counts": dataset.counts("train").tolist(),
        "drawn": drawn,
        "problems": [vars(problem) for problem in dataset.problems],
        "notes": list(prepared.notes),
        "computed_on": {
            "clflab": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "device": str(prepared.device),
            "threads": torch.get_num_threads(),
        },
    }


def _classifier(prepared: Prepared) -> dict[str, Any]:
    """What opens the weights again: the network, its head, the task and the preprocessing."""
    config = prepared.config
    return {
        "architecture": config.architecture,
        "options": config.options,
        "head": config.head if config.strategy == "feature-extraction" else "linear",
        "channels": prepared.preprocess.channels,
        "task": prepared.dataset.task.as_dict(),
        "preprocess": prepared.preprocess.as_dict(),
    }
