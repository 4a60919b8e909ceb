"""Diagnosis of a training history: overfitting, or no progress. Of the recorded numbers alone; no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

PATIENCE = 4  # epochs that must agree before a note is given
RISE = 0.10  # of the validation loss above its lowest
STILL = 0.01  # smallest change of a loss that counts, as a share


class RecordedEpoch(Protocol):
    """The numbers of an epoch that a diagnosis reads; None: not measured."""

    @property
    def epoch(self) -> int: ...
    @property
    def train_loss(self) -> float | None: ...
    @property
    def train_accuracy(self) -> float | None: ...
    @property
    def validation_loss(self) -> float | None: ...
    @property
    def learning_rate(self) -> float | None: ...


@dataclass(frozen=True)
class _Losses:
    """An epoch whose two losses were both measured."""

    epoch: int
    train: float
    validation: float
    accuracy: float
    learning_rate: float


def notes(history: Sequence[RecordedEpoch], *, ended: bool = False) -> tuple[str, ...]:
    """Sentences for the user, most pressing first; none while there is nothing to report. ended: in the past tense."""
    epochs = [
        _Losses(e.epoch, e.train_loss, e.validation_loss, e.train_accuracy or 0.0, e.learning_rate or 0.0)
        for e in history
        if e.train_loss is not None and e.validation_loss is not None
    ]
    sentences = (_overfitting(epochs, ended=ended), _no_progress(epochs, ended=ended))
    return tuple(sentence for sentence in sentences if sentence)


def _overfitting(epochs: Sequence[_Losses], *, ended: bool) -> str | None:
    """The validation loss has risen well above its lowest and stayed there, while the training loss fell on."""
    if len(epochs) <= PATIENCE:
        return None
    lowest = min(epochs, key=lambda e: e.validation)
    after = [e for e in epochs if e.epoch > lowest.epoch][-PATIENCE:]
    limit = lowest.validation * (1 + RISE)
    risen = len(after) == PATIENCE and all(e.validation > limit for e in after)
    if not risen or after[-1].train >= lowest.train:
        return None
    return (
        f"It {'overfitted' if ended else 'overfits'}: since epoch {lowest.epoch} the validation loss rose from "
        f"{lowest.validation:.3f} to {after[-1].validation:.3f} while the training loss fell. More "
        "augmentation, more weight decay or fewer epochs help; the best epoch is kept."
    )


def _no_progress(epochs: Sequence[_Losses], *, ended: bool) -> str | None:
    """Neither loss has moved for some epochs, and the training images are not learned yet."""
    recent = epochs[-(PATIENCE + 1) :]
    if len(recent) <= PATIENCE or recent[-1].accuracy > 0.9:
        return None
    for losses in ([e.train for e in recent], [e.validation for e in recent]):
        if max(losses) - min(losses) > STILL * max(abs(loss) for loss in losses):
            return None
    low = recent[-1].learning_rate < 0.01 * max(e.learning_rate for e in epochs)
    cure = (
        "the schedule has brought the learning rate down" if low else "try a learning rate ten times higher, or lower"
    )
    return (
        f"It {'stood' if ended else 'stands'} still: from epoch {recent[0].epoch} on neither loss moved by 1%, at "
        f"{100 * recent[-1].accuracy:.1f}% training accuracy; {cure}."
    )
