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
from clfcore.training.activations import (
    Activations,
    ComputedActivations,
    image_bytes,
    read_activations,
    write_activations,
)
from clfcore.training.batches import Batches
from clfcore.training.loop import State

VERSION = 1
UNKEPT = "What the frozen layers make of the images is computed in every step, not kept: "


@dataclass(frozen=True, eq=False)
class ActivationTraining:
    """Batches of activations, and what predicts validation."""

    batches: Batches
    validate: Callable[[nn.Module], Predictions]


def train_from_activations(
    session: Session, state: State, groups: Sequence[Group], batches: Batches
) -> ActivationTraining | None:
    """The training whose batches hold activations, which the state then trains on; None where none are asked for.

    groups: the frozen ones, the stem first. They are computed now or read from the cache. Where several processes train
    or the cache has no room, a note says so and each batch computes its own: the result is the same. Also None, with a
    note, where the network cannot be cut.
    """
    prepared = session.prepared
    if not batches.views:
        return None
    state.train_mode()
    try:
        with state.autocast():
            network = cut(state.model, [group.name for group in groups], state.placed(batches.first(2)))
    except NotCuttable as error:
        session.notes.append(f"{UNKEPT}{prepared.config.architecture} cannot be cut; {error}.")
        return None
    views = [view for number in range(1, batches.views + 1) if (view := batches.view(number)) is not None]
    size = -(-batches.batch_size // session.ranks.size)
    computed = [ComputedActivations(state, network, partial(batches.in_view, view), size) for view in views]
    kept_ones = _kept(session, network, batches, list(zip(views, computed, strict=True)))
    state.train_from(network.logits)
    if kept_ones is None:
        return ActivationTraining(
            replace(batches, activations=computed), lambda model: session.predict(model, "validation")
        )
    of_views, of_validation = kept_ones
    return ActivationTraining(replace(batches, activations=of_views), partial(_predict, session, of_validation))


def _kept(
    session: Session, network: CutNetwork, batches: Batches, views: Sequence[tuple[View, ComputedActivations]]
) -> tuple[list[Activations], Activations] | None:
    """Every view's activations and those of validation, from the cache; None, with a note, where that cannot be."""
    prepared = session.prepared
    if session.ranks.size > 1:
        session.notes.append(f"{UNKEPT}several processes train.")
        return None
    judging = prepared.batches("validation")
    files = [_File(_path(session, network, batches, view), network, len(batches.indices)) for view, _ in views]
    # Validation is computed as `Prepared.predict` does: in full precision, nothing folded.
    judged = replace(network, dtype=torch.float32)
    files.append(_File(_path(session, judged, judging, None), judged, len(judging.indices)))
    absent = sum(file.bytes for file in files if file.read(prepared.device) is None)
    if not cache.make_room(absent):
        session.notes.append(f"{UNKEPT}they would take {absent / 1e9:,.1f} GB, for which the cache has no room.")
        return None
    total, done = sum(file.count for file in files), 0
    parts = batches.in_order_parts(batches.batch_size)
    makers = [source.batches(parts) for _, source in views]
    makers.append(_as_judged(session, judged, judging))
    stored: list[Activations] = []
    for file, maker in zip(files, makers, strict=True):
        activations = file.read(prepared.device)
        if activations is None:
            try:
                write_activations(
                    file.path, file.network, _watched(session, maker, done=done, total=total), count=file.count
                )
            except Failure as error:
                session.notes.append(f"{UNKEPT}{error}.")
                return None
            activations = file.read(prepared.device)
        if activations is None:
            session.notes.append(f"{UNKEPT}they were removed from the cache as soon as they were written.")
            return None
        stored.append(activations)
        done += file.count
    return stored[:-1], stored[-1]


@dataclass(frozen=True, eq=False)
class _File:
    """A file of activations in the cache: of `count` images."""

    path: Path
    network: CutNetwork
    count: int

    @property
    def bytes(self) -> int:
        return self.count * image_bytes(self.network)

    def read(self, device: torch.device) -> Activations | None:
        return read_activations(self.path, self.network, count=self.count, device=device)


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


def _as_judged(session: Session, network: CutNetwork, batches: Batches) -> Iterator[Tensor]:
    """Computed as `Prepared.predict` does."""
    network.module.eval()
    for x, _ in batches.in_order(session.prepared.judged_at):
        with torch.no_grad():
            activations = network.activations(x)
        yield activations


def _watched(session: Session, activations: Iterator[Tensor], *, done: int, total: int) -> Iterator[Tensor]:
    for batch in activations:
        session.check_stop()
        yield batch
        done += len(batch)
        session.report("activations", done, total)


def _predict(session: Session, activations: Activations, module: nn.Module) -> Predictions:
    """Validation's predictions by a network whose frozen stages are those of the cut."""
    module.eval()
    rest = replace(activations.network, module=module)
    parts = session.prepared.batches("validation").in_order_parts(session.prepared.judged_at)
    with torch.inference_mode():
        logits = [rest.logits(batch).float().cpu().numpy() for batch in activations.batches(parts)]
    return session.predictions("validation", np.concatenate(logits))
