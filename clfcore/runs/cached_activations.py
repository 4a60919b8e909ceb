"""Training from cached activations: what the frozen stages make of each view is computed once, not in every epoch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from clfcore import cache
from clfcore.architectures.cut_network import CutNetwork, NotCuttable, cut
from clfcore.architectures.stages import Group
from clfcore.augment.view import View
from clfcore.errors import Failure
from clfcore.predictions import Predictions
from clfcore.runs.session import Session
from clfcore.training.activations import Activations, image_bytes, keep, kept
from clfcore.training.batches import Batches
from clfcore.training.frozen_norm import FrozenNorm
from clfcore.training.loop import State

VERSION = 1
UNKEPT = "What the frozen layers make of the images is computed in every step, not kept: "


@dataclass(frozen=True, eq=False)
class ActivationTraining:
    """Batches of activations, and what predicts validation from its own."""

    batches: Batches
    validate: Callable[[nn.Module], Predictions]


def train_from_activations(
    session: Session, state: State, groups: Sequence[Group], batches: Batches
) -> ActivationTraining | None:
    """The training whose batches hold activations, computed now or read from the cache; the state then trains on them.

    groups: the frozen ones, the stem first. Training is the same without: None where nothing is to be kept, and, with
    a note, where it cannot be: several processes, a network that has no such cut, a cache without room.
    """
    prepared = session.prepared
    if not batches.views:
        return None
    if session.ranks.size > 1:
        session.notes.append(f"{UNKEPT}several processes train.")
        return None
    sample = state.placed(batches.first(2))
    state.train_mode()
    try:
        with state.autocast():
            network = cut(state.model, [group.name for group in groups], sample)
    except NotCuttable as error:
        session.notes.append(f"{UNKEPT}{prepared.config.architecture} cannot be cut; {error}.")
        return None
    judging = prepared.batches("validation")
    views = [view for number in range(1, batches.views + 1) if (view := batches.view(number)) is not None]
    paths = [_path(session, network, batches, view) for view in views]
    # Validation is computed as it is without activations: in full precision, nothing folded.
    judged = replace(network, dtype=torch.float32)
    judged_path = _path(session, judged, judging, None)
    counts = {path: len(batches.indices) for path in paths} | {judged_path: len(judging.indices)}
    absent = sum(
        count * image_bytes(judged if path == judged_path else network)
        for path, count in counts.items()
        if kept(path, judged if path == judged_path else network, count=count, device=prepared.device) is None
    )
    if not cache.make_room(absent):
        session.notes.append(f"{UNKEPT}they would take {absent / 1e9:,.1f} GB, for which the cache has no room.")
        return None
    total, done = sum(counts.values()), 0

    def made(path: Path, network: CutNetwork, activations: Iterator[Tensor]) -> Activations:
        nonlocal done
        found = kept(path, network, count=counts[path], device=prepared.device)
        if found is None:
            keep(path, network, _watched(session, activations, done=done, total=total), count=counts[path])
            found = kept(path, network, count=counts[path], device=prepared.device)
        done += counts[path]
        if found is None:
            raise Failure(f"{path.name} was removed from the cache as it was written; start the run again")
        return found

    size = prepared.config.recipe.batch_size
    try:
        of_views = [
            made(path, network, activations_of_view(state, network, batches, view, size=size))
            for path, view in zip(paths, views, strict=True)
        ]
        size = prepared.judged_at
        of_validation = made(judged_path, judged, _as_judged(state, judged, judging, size=size))
    except Failure as error:
        session.notes.append(f"{UNKEPT}{error}.")
        return None
    state.train_from(network.logits)
    return ActivationTraining(
        replace(batches, activations=of_views), partial(_predict, session, judged, of_validation, size=size)
    )


def _path(session: Session, network: CutNetwork, batches: Batches, view: View | None) -> Path:
    """Path of a view's file in the cache, named by the content that the activations depend on."""
    prepared = session.prepared
    known = {
        "version": VERSION,
        "network": prepared.start.identity,
        "preprocess": prepared.preprocess.as_dict(),
        "cut": network.unit,
        "dtype": str(network.dtype),
        "view": None if view is None else view.text,
    }
    return cache.folder("activations") / f"{prepared.decoded.digest(batches.indices, known)}.npy"


def activations_of_view(
    state: State, network: CutNetwork, batches: Batches, view: View, *, size: int
) -> Iterator[Tensor]:
    """A view's activations as a training step computes them: batch normalization folded, in the run's precision."""
    state.train_mode()
    folded = FrozenNorm(state.model)
    for x in map(state.placed, batches.in_view(view, size)):
        folded.check(x)
        with torch.no_grad(), state.autocast(), folded.folded():
            activations = network.activations(x)
        yield activations


def _as_judged(state: State, network: CutNetwork, batches: Batches, *, size: int) -> Iterator[Tensor]:
    """Computed as `Prepared.predict` does."""
    state.model.eval()
    for x, _ in batches.in_order(size):
        with torch.no_grad():
            activations = network.activations(x)
        yield activations


def _watched(session: Session, activations: Iterator[Tensor], *, done: int, total: int) -> Iterator[Tensor]:
    for batch in activations:
        session.check_stop()
        yield batch
        done += len(batch)
        session.report("activations", done, total)


def _predict(
    session: Session, network: CutNetwork, activations: Activations, module: nn.Module, *, size: int
) -> Predictions:
    """Validation's predictions by a network whose frozen stages are those of the cut."""
    module.eval()
    rest = replace(network, module=module)
    rows = np.arange(len(activations.values))
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    with torch.inference_mode():
        logits = [rest.logits(batch).float().cpu().numpy() for batch in activations.batches(parts)]
    return session.predictions("validation", np.concatenate(logits))
