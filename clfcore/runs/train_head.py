"""Feature extraction: embed once, fit a head, put it on the backbone with the standardization folded in.

The same fit begins fine-tuning and progressive unfreezing (`starting_head`).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.architectures.heads import head_name, make_head
from clfcore.augment.view import View
from clfcore.data.dataset import Split
from clfcore.data.held_pixels import most_held
from clfcore.embeddings import baselines
from clfcore.embeddings.embedder import Embedder
from clfcore.embeddings.shards import bytes_of, embeddings_of
from clfcore.errors import InputError
from clfcore.evaluation.calibration import fit_temperature
from clfcore.predictions import Predictions
from clfcore.randomness import Stream
from clfcore.resolved_config import ResolvedRecipe
from clfcore.runs.session import Session, copied, save_weights
from clfcore.training import class_balance, linear_probe, phases
from clfcore.training.embedding_rows import HeldRows, Rows, Standardization, StoredRows, standardize
from clfcore.training.loop import Diverged, Epoch, Function, Step
from clfcore.training.optimizer import hits_of

START_EPOCHS = 100  # as feature extraction's own default
_RATE = 1e-3
LOGITS = 8  # how many times the fit of a logistic head holds all logits at once: they, their gradients, the loss's own


@dataclass(frozen=True, eq=False)
class Features:
    """Standardized embeddings of train (all views, one after another), of its first view alone, and of validation.

    Held in memory, or read from the cache batch by batch where they are too large for that.
    """

    train: Rows
    targets: Tensor
    plain: Rows
    validation: Rows
    standard: Standardization


def train_head(session: Session) -> tuple[int, Callable[[Split], Predictions]]:
    """Fit on train, choose on validation, save the whole network's weights.

    Returns how many parameters were fitted and a function that predicts a split from its embeddings. Several processes
    embed together; the first one fits.
    """
    embedder = _embedder(session)  # of the network with the head that it still has
    embedded = embed(session, views=session.prepared.config.recipe.views)
    features = features_of(session, embedded)
    head = session.lead(lambda: (_fit(session, features), True))

    def predict(split: Split) -> Predictions:
        arrays = _of_split(session, embedder, split)
        _note_baselines(session, features, split, x=StoredRows(arrays, features.standard))
        return session.predictions(split, _forward(head, StoredRows(arrays)))

    return phases.count_parameters(head), predict


def follow_head(session: Session) -> Callable[[Split], object]:
    """Take part in the embedding of a run whose head the first process fits; returns what embeds another split."""
    embedder = _embedder(session)
    embed(session, views=session.prepared.config.recipe.views)
    session.followed()
    return lambda split: _of_split(session, embedder, split)


def _fit(session: Session, features: Features) -> nn.Module:
    """The best head, put on the backbone, and the whole network's weights saved."""
    run, prepared = session.run, session.prepared
    recipe = prepared.config.recipe
    reached = max((past.epoch for past in run.history), default=0)
    run.drop_history_after(-1)  # a killed fit starts again from the cached embeddings
    head, judged, events = _events(session, features, recipe)
    session.report.epochs(recipe.epochs, 1, len(features.train))
    epoch_started = time.perf_counter()
    try:
        for event in events:
            session.check_stop(epoch_ended=isinstance(event, Epoch))
            if isinstance(event, Epoch):
                seconds = time.perf_counter() - epoch_started
                session.record(event, seconds, len(features.train), weights=lambda: copied(judged))
                session.report.step(event.epoch, torch.tensor(event.loss))
                if event.candidate is not False and 0 < recipe.early_stopping <= session.best.since:
                    break
                if session.finishes_early(event.epoch, not_before=reached):
                    break
                epoch_started = time.perf_counter()
    except Diverged as error:
        session.keep_best(error)
    head.load_state_dict(session.best.weights)
    linear_probe.fold_standardization(head, features.standard)
    phases.put_head(prepared.module, prepared.start.groups, head)
    save_weights(run, prepared.module)
    return head


def starting_head(session: Session, features: Features) -> tuple[nn.Module, Epoch]:
    """The head that feature extraction would end with, standardization folded in, and its best iteration.

    Its logits are divided by the temperature that validation asks for: no answer changes, but a head too sure of itself
    would begin the training with a gradient that tears the network apart.
    """
    recipe = session.prepared.config.recipe
    few = session.prepared.config.head == "logistic" or len(session.prepared.dataset.splits["train"]) < 2048
    fit = recipe.model_copy(
        update={"epochs": START_EPOCHS, "learning_rate": _RATE, "batch_size": 64 if few else 256, "optimizer": "adamw"}
    )
    head, judged, events = _events(session, features, fit)
    best, task = session.new_best(), session.prepared.dataset.task
    for event in events:
        session.check_stop()
        if isinstance(event, Epoch) and event.candidate is not False:
            best.improved(event.epoch, *session.judge(event.validation), weights=lambda: copied(judged))
    head.load_state_dict(best.weights)
    predictions = session.predictions("validation", _forward(head, features.validation))
    linear_probe.divide_by_temperature(head, fit_temperature(predictions).value)
    loss, accuracy = _judged(head, features, loss_of=session.prepared.loss(), hits_of=hits_of(task))
    linear_probe.fold_standardization(head, features.standard)
    return head, Epoch(best.epoch, loss, accuracy, 0.0, predictions)


def _judged(head: nn.Module, features: Features, *, loss_of: Function, hits_of: Function) -> tuple[float, float]:
    """Mean loss and accuracy of a head on the training split, block by block."""
    loss = hits = 0.0
    head.eval()
    with torch.no_grad():
        rest = features.targets
        for x in features.train.blocks():
            y, rest = rest[: len(x)], rest[len(x) :]
            logits = head(x)
            loss, hits = loss + loss_of(logits, y).item() * len(y), hits + hits_of(logits, y).item()
    return loss / len(features.targets), hits / len(features.targets)


Arrays = Sequence[np.ndarray]  # one after another, in memory or memory-mapped


@dataclass(frozen=True, eq=False)
class Embedded:
    """Embeddings of train, a view each, and of validation; empty in a process that follows."""

    train: Sequence[Arrays]
    validation: Arrays


def embed(session: Session, *, views: int = 1) -> Embedded:
    """Embed train and validation, all processes together; with more views, train again under random changes."""
    prepared = session.prepared
    embedder, held = _embedder(session), most_held() // views
    session.ranks.each(lambda: _require_logits_fit(session, embedder, views=views))
    parts = [_of_split(session, embedder, "train", held=held)]
    for number in range(1, views):
        view = View(prepared.policy, prepared.config.recipe.seed, number)
        parts.append(_of_split(session, embedder, "train", held=held, view=view))
    return Embedded(parts, _of_split(session, embedder, "validation"))


def _require_logits_fit(session: Session, embedder: Embedder, *, views: int) -> None:
    """Raises InputError where the logistic head, which is fitted on all images at once, is asked for too many."""
    config, task = session.prepared.config, session.prepared.dataset.task
    items = len(session.prepared.dataset.splits["train"]) * views
    size = items * task.columns * 4
    if config.head == "logistic" and bytes_of(embedder, items) > most_held() and size > most_held() // LOGITS:
        raise InputError(
            f"head is 'logistic': its fit needs the logits of {items:,} embeddings in memory several times over, "
            f"{size / 1e9:,.3g} GB each; take the head linear or mlp, which is trained by mini-batches"
        )


def features_of(session: Session, embedded: Embedded) -> Features:
    """The standardized embeddings, and what standardizes others."""
    prepared = session.prepared
    arrays = [array for view in embedded.train for array in view]
    standard = standardize(arrays)
    targets = prepared.dataset.targets[prepared.dataset.splits["train"]]
    train = _rows(arrays, standard)
    return Features(
        train,
        torch.from_numpy(np.concatenate([targets] * len(embedded.train))),
        HeldRows(train.values[: len(targets)])
        if isinstance(train, HeldRows)
        else StoredRows(embedded.train[0], standard),
        _rows(embedded.validation, standard),
        standard,
    )


def _rows(arrays: Arrays, standard: Standardization) -> HeldRows | StoredRows:
    stored = StoredRows(arrays, standard)
    return stored if sum(array.nbytes for array in arrays) > most_held() else stored.held()


def _embedder(session: Session) -> Embedder:
    """Before and after the head is replaced, by one of several layers too, it embeds what the head is given."""
    prepared = session.prepared
    head = head_name(prepared.module)
    return Embedder(prepared.module, prepared.preprocess, prepared.start.identity, prepared.device, head)


def _of_split(
    session: Session, embedder: Embedder, split: Split, *, view: View | None = None, held: int | None = None
) -> Arrays:
    """held: bytes of it that memory may hold; None: what it may hold of a split."""
    alone = session.ranks.size == 1

    def progress(done: int, total: int) -> None:
        if alone:  # else between the blocks, where all processes agree
            session.check_stop()
        session.report("embedding", done, total, split=split, view=view.number + 1 if view else 1)

    return embeddings_of(
        embedder,
        session.prepared.decoded,
        session.prepared.dataset.splits[split],
        held=most_held() if held is None else held,
        progress=progress,
        view=view,
        ranks=session.ranks,
        between=None if alone else session.check_stop,
    )


def _events(
    session: Session, features: Features, recipe: ResolvedRecipe
) -> tuple[nn.Module, nn.Module, Iterator[Step | Epoch]]:
    """A new head on the standardized embeddings, the one that validation judges, and the iterator that fits them."""
    kind, task = session.prepared.config.head, session.prepared.dataset.task
    x, y = features.train, features.targets

    def validate(model: nn.Module) -> Predictions:
        return session.predictions("validation", _forward(model, features.validation))

    if kind == "logistic":
        with Stream(recipe.seed).drawn():
            linear = nn.Linear(x.width, task.columns)
        loss, hits = session.prepared.loss(), hits_of(task)
        labels = task.columns if task.kind == "multi-label" else 1
        events = linear_probe.logistic(
            linear, x, y, loss_of=loss, hits_of=hits, validate=validate, iterations=recipe.epochs, labels=labels
        )
        return linear, linear, events
    with Stream(recipe.seed).drawn():
        head = make_head(kind, x.width, task.columns)
    weights = class_balance.draw_weights(task, y.numpy()) if recipe.sampling == "balanced" else None
    state = linear_probe.head_state(head, recipe)
    return (
        head,
        state.judged,
        linear_probe.mini_batches(state, x, y, task=task, recipe=recipe, validate=validate, weights=weights),
    )


def _note_baselines(session: Session, features: Features, split: Split, *, x: Rows) -> None:
    """What nearest class mean and k-NN would have said of the split; of the finest level, and of single labels."""
    dataset = session.prepared.dataset
    if dataset.task.kind == "multi-label":
        return
    train, targets = features.plain, features.targets[: len(features.plain)].numpy()  # the first view alone
    true = dataset.targets[dataset.splits[split]]
    if targets.ndim > 1:
        targets, true = targets[:, -1], true[:, -1]
    for name, method in (("nearest_class_mean", baselines.nearest_class_mean), ("k_nearest", baselines.k_nearest)):
        accuracy = float((method(train, targets, x) == true).mean())
        session.baselines.setdefault(name, {})[split] = {"accuracy": accuracy}


def _forward(head: nn.Module, x: Rows) -> np.ndarray:
    head.eval()
    with torch.inference_mode():
        return linear_probe.logits_of(head, x).numpy()
