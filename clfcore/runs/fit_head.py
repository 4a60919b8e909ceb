"""Feature extraction: embed once, fit a head, put it on the backbone with the standardisation folded in."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from clfcore import transfer
from clfcore.architectures.build import replace_head
from clfcore.architectures.heads import make_head
from clfcore.data.dataset import Split
from clfcore.embeddings import Embedder, identity
from clfcore.predictions import Predictions
from clfcore.runs.session import Session, save_weights
from clfcore.training import probe
from clfcore.training.loop import Epoch, Step
from clfcore.training.recipe import hits_of


def fit_head(session: Session) -> tuple[int, Callable[[Split], Predictions]]:
    """Fit on train, choose on validation, save the whole network's weights.

    Returns how many parameters were fitted and a function that predicts a split from its embeddings.
    """
    run, prepared = session.run, session.prepared
    config, dataset = prepared.config, prepared.dataset
    task, recipe = dataset.task, config.recipe
    run.drop_history_after(0)  # a killed fit starts again from the cached embeddings
    embedder = Embedder(prepared.module, prepared.preprocess, identity(config), prepared.device)

    def embed(split: Split) -> np.ndarray:
        def progress(done: int, total: int) -> None:
            session.check_stop()
            session.report("embedding", done, total, split=split)

        return embedder.of(prepared.decoded, dataset.splits[split], progress)

    train, validation = embed("train"), embed("validation")
    mean, deviation = probe.standardise(train)
    x, x_validation = (torch.from_numpy((found - mean) / deviation) for found in (train, validation))
    y = torch.from_numpy(dataset.targets[dataset.splits["train"]])
    head = make_head("linear" if config.head == "logistic" else config.head, x.shape[1], task.columns)

    def validate(model: nn.Module) -> Predictions:
        return session.predictions("validation", _forward(model, x_validation))

    events: Iterator[Step | Epoch]
    if config.head == "logistic":
        loss, hits = prepared.loss(), hits_of(task)
        events = probe.logistic(head, x, y, loss, hits, validate, iterations=recipe.epochs)
    else:
        events = probe.mini_batches(head, x, y, task, recipe, validate, weights=prepared.draw_weights())
    best: dict[str, Tensor] = {}
    session.report.epochs(recipe.epochs, 1, len(x))
    epoch_started = time.perf_counter()
    for event in events:
        session.check_stop(epoch_ended=isinstance(event, Epoch))
        if isinstance(event, Epoch):
            better, _ = session.record(event, time.perf_counter() - epoch_started, len(x))
            if better:
                best = {name: value.clone() for name, value in head.state_dict().items()}
            session.report.step(event.epoch, torch.tensor(event.loss))
            if recipe.early_stopping and session.best.since >= recipe.early_stopping:
                break
            epoch_started = time.perf_counter()
    head.load_state_dict(best)
    probe.fold(head, mean, deviation)
    replace_head(prepared.module, head)
    save_weights(run, prepared.module)
    return transfer.total(head), lambda split: session.predictions(
        split, _forward(head, torch.from_numpy(embed(split)))
    )


def _forward(head: nn.Module, x: Tensor) -> np.ndarray:
    head.eval()
    with torch.inference_mode():
        return head(x).numpy()
