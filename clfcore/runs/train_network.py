"""Training from pixels, phase by phase: scratch, fine-tuning, progressive unfreezing."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from safetensors.torch import load_file
from torch import nn

from clfcore.architectures.airbench import whitening_layer
from clfcore.architectures.heads import embedding_width, make_head
from clfcore.architectures.stages import Group
from clfcore.config import Recipe
from clfcore.data.dataset import Split
from clfcore.predictions import Predictions
from clfcore.randomness import undrawn
from clfcore.runs.best_epoch import Best
from clfcore.runs.cached_activations import train_from_activations
from clfcore.runs.checkpoint import Checkpoint
from clfcore.runs.process_count import note_processes
from clfcore.runs.records import EpochRecord
from clfcore.runs.session import Session, Stopped, copied, save_weights
from clfcore.runs.train_head import embed, features_of, starting_head
from clfcore.training import phases as training_phases
from clfcore.training.loop import Diverged, Epoch, State, Step, train
from clfcore.training.optimizer import Plateau, hits_of, rate_at, steps_of
from clfcore.training.phases import Phase
from clfcore.training.shared_step import share_weights
from clfcore.training.synchronized_norm import synchronize

WHITENED = 4096  # training images that a whitening first layer is fitted to

Fields = Mapping[str, JsonValue]


@dataclass(frozen=True, eq=False)
class _Training:
    """What a training from pixels goes on with: what it changes, its phases, the layer groups, steps an epoch."""

    session: Session
    state: State
    plateau: Plateau | None
    phases: Sequence[Phase]
    groups: Sequence[Group]
    steps: int

    def begin(self, phase: Phase) -> None:
        """Free the groups of a phase, at their rates; changes nothing where that was done before."""
        recipe = self.session.prepared.config.recipe
        phase.apply(self.state, self.groups, recipe, steps_per_epoch=self.steps)


def train_network(session: Session) -> tuple[int, Callable[[Split], Predictions]]:
    """Train every phase; leaves the best weights in the module. Returns what trained and how to predict a split."""
    run, prepared = session.run, session.prepared
    module, recipe, task = prepared.module, prepared.config.recipe, prepared.dataset.task
    phases = prepared.phases
    before = {name: value.detach().cpu().clone() for name, value in module.named_parameters()}
    stored = run.load_checkpoint()
    groups, first = _begin(session, fresh=stored is None)
    apart = synchronize(module) if recipe.sync_batch_norm and session.ranks.size > 1 else None
    batches = prepared.batches("train", training=True)
    steps = steps_of(recipe, len(batches))
    state = training_phases.first_state(
        module, phases[0], groups, recipe=recipe, device=prepared.device, compile=recipe.compile, ranks=session.ranks
    )
    plateau = None
    if recipe.schedule == "plateau":
        plateau = Plateau(state.optimizer, patience=recipe.plateau_patience, factor=recipe.plateau_factor)

    training = _Training(session, state, plateau, phases, groups, steps)

    def validate(model: nn.Module) -> Predictions:
        return session.predict(model, "validation")

    def keep(event: Epoch, seconds: float, more: Fields) -> None:
        loss = session.record(event, seconds, len(batches.indices), weights=lambda: copied(state.judged), more=more)
        if plateau and event.epoch:
            plateau.after(loss)
        run.save_checkpoint(_checkpoint(training))
        session.check_stop(epoch_ended=True)

    if stored is not None:
        _resume(training, stored)
    else:
        run.drop_history_after(-1)
        whitening = whitening_layer(module)
        if whitening is not None and prepared.config.weights == "none":
            whitening.whiten(prepared.batches("train").first(WHITENED))
        if first is not None:
            started = time.perf_counter()
            training.begin(phases[0])
            share_weights(session.ranks, module)
            scored = Epoch(0, first.loss, first.accuracy, 0.0, validate(module))
            keep(scored, time.perf_counter() - started, {"phase": "starting head", "freed": []})
    if session.ranks.first:
        note_processes(run, session.ranks.size, after_epoch=state.epoch)
    share_weights(session.ranks, module)
    cached = train_from_activations(session, state, _frozen(groups, phases), batches)
    batches = cached.batches if cached else batches
    loss, hits, rate = prepared.loss(), hits_of(task), rate_at(recipe, steps)
    session.report.epochs(recipe.epochs, steps, recipe.batch_size * recipe.accumulation)
    trained = training_phases.count_trainable(module)
    try:
        for number, phase in enumerate(phases):
            if _ends_early(session, recipe, state.epoch):
                break
            training.begin(phase)
            trained = max(trained, training_phases.count_trainable(module))
            since = time.perf_counter()
            events = train(
                state,
                batches.slices,
                loss_of=loss,
                hits_of=hits,
                rate_at=rate,
                validate=cached.validate if cached else validate,
                epochs=phase.last_epoch,
            )
            for event in events:
                match event:
                    case Step():
                        session.check_stop()
                        session.report.step(event.step, event.loss)
                        if session.finishes_early(state.epoch):
                            break
                    case Epoch():
                        keep(event, time.perf_counter() - since, _marks(training, number, event))
                        since = time.perf_counter()
                        if _ends_early(session, recipe, state.epoch):
                            break
    except Diverged as error:
        session.keep_best(error)
    if apart is not None:
        apart()
    module.load_state_dict(session.best.weights)
    if session.ranks.first:
        save_weights(run, module)
    if prepared.config.strategy != "scratch" and not prepared.start.restored:
        session.moved = training_phases.weight_change(before, module, groups)
    return trained, lambda split: session.predict(module, split)


def _frozen(groups: Sequence[Group], phases: Sequence[Phase]) -> Sequence[Group]:
    """The layer groups that no phase trains, the stem first."""
    trained = {name for phase in phases for name in phase.rates}
    return groups[: next(place for place, group in enumerate(groups) if group.name in trained)]


def _ends_early(session: Session, recipe: Recipe, epoch: int) -> bool:
    """The whole run ends, not only its phase."""
    if recipe.early_stopping and session.best.since >= recipe.early_stopping:
        return True
    return session.finished_early is not None or session.finishes_early(epoch)


def _begin(session: Session, *, fresh: bool) -> tuple[Sequence[Group], Epoch | None]:
    """Put the head in its place: fitted on embeddings, of the run it goes on from, or (scratch) as it was drawn.

    Returns the layer groups with it, and what training said of the starting head; None for scratch and on resume.
    """
    prepared = session.prepared
    start = prepared.start
    if prepared.config.strategy == "scratch" or prepared.head == "attention":  # which reads maps, not embeddings
        return start.groups, None
    if start.keeps_head:
        nothing = float("nan")  # of the training split nothing was measured
        return start.groups, Epoch(0, nothing, nothing, 0.0, None) if fresh else None
    scored = None
    embedded = embed(session) if fresh else None
    if embedded is not None and session.ranks.first:

        def work() -> tuple[tuple[nn.Module, Epoch], JsonValue]:
            head, scored = starting_head(session, features_of(session, embedded))
            return (head, scored), [scored.epoch, scored.loss, scored.accuracy]

        head, scored = session.lead(work)
    else:
        features = embedding_width(prepared.module)
        with undrawn():  # the checkpoint fills it, or the first process
            head = make_head(prepared.head, features, prepared.dataset.task.columns)
        if fresh:
            scored = _followed_head(session)
    return training_phases.put_head(prepared.module, start.groups, head), scored


def _followed_head(session: Session) -> Epoch:
    """What the first process says of the starting head that it has fitted."""
    match session.followed():
        case [int(epoch), float(loss), float(accuracy)]:
            return Epoch(epoch, loss, accuracy, 0.0, None)
    raise Stopped


def _marks(training: _Training, number: int, event: Epoch) -> Fields:
    """What the history says of a phase: its name, in its first epoch what was freed, and the rate of each group."""
    phases = training.phases
    rates = {group["layer_group"]: group["lr"] for group in training.state.optimizer.param_groups}
    more: dict[str, JsonValue] = {"phase": _name(phases, number), "rates": rates, "learning_rate": rates["head"]}
    if event.epoch == phases[number].first_epoch:
        earlier = phases[number - 1].rates if number else {}
        more["freed"] = [name for name in phases[number].rates if name not in earlier]
    return more


def _name(phases: Sequence[Phase], number: int) -> str:
    """`training` where all is one phase; else what the phase adds."""
    if len(phases) == 1:
        return "training"
    earlier = phases[number - 1].rates if number else {}
    added = [name for name in phases[number].rates if name not in earlier]
    return ("+ " if number else "") + ", ".join(reversed(added))


def _resume(training: _Training, stored: Checkpoint) -> None:
    """Load the checkpoint: the phases that had begun are applied first, so that the optimizer's groups match."""
    session, reached = training.session, stored["training"]["epoch"]
    for phase in training.phases:
        if phase.first_epoch <= max(1, reached):
            training.begin(phase)
    training.state.load_state_dict(stored["training"])
    if training.plateau:
        training.plateau.load_state_dict(stored["plateau"])
    session.best, session.seconds_before = _best(session, stored), stored["seconds"]
    session.run.drop_history_after(reached)


def _best(session: Session, stored: Checkpoint) -> Best:
    """The checkpoint's choice, with its weights.

    Checkpoints of before kept them in a file of their own, written first: where a kill came in between, it holds those
    of an epoch that never happened, and the choice begins again.
    """
    values = stored["best"]
    if "candidates" in values:
        return Best.from_state(values)
    best, reached = session.new_best(), stored["training"]["epoch"]
    rank = (values["score"], -values["loss"])
    later = [_rank(epoch) for epoch in session.run.history if epoch.epoch > reached]
    if any(other > rank for other in later) or values["epoch"] < 0:
        return best
    weights = load_file(session.run.path / "best.safetensors")
    best.improved(values["epoch"], values["score"], values["loss"], weights=lambda: weights)
    best.since = values["since"]
    return best


def _rank(epoch: EpochRecord) -> tuple[float, float]:
    score, loss = epoch.validation_score, epoch.validation_loss
    return -math.inf if score is None else score, -math.inf if loss is None else -loss


def _checkpoint(training: _Training) -> Checkpoint:
    return {
        "training": training.state.state_dict(),
        "best": training.session.best.state_dict(),
        "plateau": training.plateau.state_dict() if training.plateau else {},
        "seconds": training.session.seconds,
    }
