"""Best-epoch selection: which epoch's weights a run keeps, by what, and in words. Imports no torch.

Validation chooses: the highest score, ties by the lower loss, then the earlier epoch. A ranking metric says nothing of
a network that has not fitted yet, so where it alone chooses, only epochs whose validation loss is near the lowest are
candidates. Of a head fitted by L-BFGS the candidates are the solutions, one for each L2 penalty.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clfcore.evaluation.metric_catalogue import main_metric_text
from clfcore.task import TaskKind

if TYPE_CHECKING:
    from torch import Tensor

    from clfcore.runs.checkpoint import Checkpoint
    from clfcore.runs.folder import Run
    from clfcore.runs.records import EpochRecord

GUARD = 0.1  # share of the lowest validation loss by which a candidate's may lie above it
ROOM = 256 << 20  # bytes of weights that wait to be chosen, the choice and the lowest loss aside


@dataclass(frozen=True, eq=False)
class Candidate:
    """An epoch that may be the best one in the end, with its weights on the CPU."""

    epoch: int
    score: float
    loss: float
    weights: "Mapping[str, Tensor]"

    @property
    def size(self) -> int:
        """Bytes of its weights."""
        return sum(tensor.nbytes for tensor in self.weights.values())


def choose(candidates: Sequence[Candidate], *, guarded: bool) -> Candidate:
    """The best of some candidates. guarded: of those alone whose loss is within a tenth of the lowest."""
    limit = _limit(candidates, guarded=guarded)
    return max((c for c in candidates if c.loss <= limit), key=lambda c: (c.score, -c.loss, -c.epoch))


@dataclass
class Best:
    """The best epoch so far, and the epochs that a later one can still make the best. 0 is a starting head.

    guarded: a lower loss may later disqualify today's choice; every epoch that could then take its place is kept, so
    that in the end the weights are those of the best candidate, as if all had been kept.
    """

    guarded: bool = False
    epoch: int = -1
    score: float = -math.inf
    loss: float = math.inf
    since: int = 0  # epochs without a better one
    candidates: tuple[Candidate, ...] = ()

    @property
    def weights(self) -> "Mapping[str, Tensor]":
        """Those of the best epoch."""
        return next(c.weights for c in self.candidates if c.epoch == self.epoch)

    def improved(
        self, epoch: int, score: float, loss: float, *, weights: "Callable[[], Mapping[str, Tensor]]" = dict
    ) -> bool:
        """Take an epoch's validation; True where the choice has changed. `weights` is called where they are kept."""
        new = Candidate(epoch, score, math.inf if math.isnan(loss) else loss, {})
        rivals = (*self.candidates, new)
        limit = _limit(rivals, guarded=self.guarded)
        rivals = tuple(c for c in rivals if c.loss <= limit)
        first = choose(rivals, guarded=self.guarded)
        kept = [c for c in rivals if c is first or (self.guarded and not any(_beats(o, c) for o in rivals))]
        self.candidates = _bounded([replace(c, weights=weights()) if c is new else c for c in kept], first.epoch)
        if first.epoch == self.epoch:
            self.since += 1
            return False
        self.epoch, self.score, self.loss, self.since = first.epoch, first.score, first.loss, 0
        return True

    def wait(self) -> None:
        """Take an epoch that is no candidate."""
        self.since += self.epoch >= 0

    def state_dict(self) -> dict[str, object]:
        """What a checkpoint keeps: the weights in the same file, so that both are of one moment."""
        values = {name: getattr(self, name) for name in ("guarded", "epoch", "score", "loss", "since")}
        return {**values, "candidates": [vars(candidate) for candidate in self.candidates]}

    @staticmethod
    def from_state(stored: "Checkpoint") -> "Best":
        return Best(**{**stored, "candidates": tuple(Candidate(**values) for values in stored["candidates"])})


@dataclass(frozen=True)
class Choice:
    """What chose the best epoch of a run: the metric on validation, and what the candidates were."""

    metric: str
    guarded: bool
    penalties: int = 0  # L2 penalties whose solutions were the candidates; 0: every epoch was one

    @property
    def sentence(self) -> str:
        """To be put behind "best epoch 7, "."""
        among = f" among the solutions of {self.penalties} L2 penalties" if self.penalties > 1 else ""
        if self.guarded:
            among = f"{among or ' among epochs'} whose validation loss is within {100 * GUARD:.0f}% of the lowest"
        return f"chosen by {self.metric} on validation{among}"


def choice_of(kind: TaskKind, history: "Sequence[EpochRecord]") -> Choice:
    """What chose the best epoch, as the history shows: before there was a guard, epochs recorded no `best_epoch`."""
    guarded = kind == "multi-label" and any(epoch.records_best for epoch in history)
    penalties = {epoch.learning_rate for epoch in history if epoch.candidate}
    return Choice(main_metric_text(kind), guarded, len(penalties))


def choice_in(run: "Run") -> Choice:
    """What chooses, or chose, a run's best epoch."""
    task = run.data.task
    return choice_of("single-label" if task is None else task.kind, run.history)


def chosen_by(run: "Run") -> str:
    """What chose a run's best epoch, in words."""
    return choice_in(run).sentence


def best_record(history: "Sequence[EpochRecord]") -> "EpochRecord | None":
    """The history's record of the best epoch so far; None before there is one."""
    if not history:
        return None
    if history[-1].records_best:
        return next((epoch for epoch in history if epoch.epoch == history[-1].best_epoch), None)
    scored = [
        ((epoch.validation_score, -epoch.validation_loss), epoch)
        for epoch in history
        if epoch.validation_score is not None and epoch.validation_loss is not None
    ]
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


def _limit(candidates: Sequence[Candidate], *, guarded: bool) -> float:
    lowest = min(c.loss for c in candidates)
    return lowest * (1 + GUARD) if guarded else math.inf


def _beats(other: Candidate, one: Candidate) -> bool:
    """Whenever `one` is a candidate, `other` is a better one."""
    ahead = (other.score, -other.loss, -other.epoch) > (one.score, -one.loss, -one.epoch)
    return ahead and other.score >= one.score and other.loss <= one.loss


def _bounded(kept: list[Candidate], first: int) -> tuple[Candidate, ...]:
    """At most ROOM bytes, the lowest scores going first; the choice and the lowest loss always stay."""
    lowest = min(kept, key=lambda c: c.loss).epoch
    spare = sorted((c for c in kept if c.epoch not in (first, lowest)), key=lambda c: -c.score)
    size, gone = 0, set()
    for candidate in spare:
        size += candidate.size
        if size > ROOM:
            gone.add(candidate.epoch)
    return tuple(c for c in kept if c.epoch not in gone)
