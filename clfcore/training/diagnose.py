"""What a run's history says about how it goes: it overfits, or stands still. Of the lines alone; no torch."""

from collections.abc import Mapping, Sequence
from typing import Any

PATIENCE = 4  # epochs that must agree before a word is said
RISE = 0.10  # of the validation loss above its lowest
STILL = 0.01  # smallest change of a loss that counts, as a share


def notes(history: Sequence[Mapping[str, Any]], *, ended: bool = False) -> tuple[str, ...]:
    """Sentences for the user, most pressing first; none while there is nothing to say. ended: what was, not what is."""
    lines = [line for line in history if line.get("train_loss") is not None and line.get("validation_loss") is not None]
    found = (_overfits(lines, ended=ended), _stands_still(lines, ended=ended))
    return tuple(note for note in found if note)


def _overfits(lines: Sequence[Mapping[str, Any]], *, ended: bool) -> str | None:
    """The validation loss has risen well above its lowest and stayed there, while the training loss fell on."""
    if len(lines) <= PATIENCE:
        return None
    lowest = min(lines, key=lambda line: line["validation_loss"])
    after = [line for line in lines if line["epoch"] > lowest["epoch"]][-PATIENCE:]
    least = lowest["validation_loss"] * (1 + RISE)
    risen = len(after) == PATIENCE and all(line["validation_loss"] > least for line in after)
    if not risen or after[-1]["train_loss"] >= lowest["train_loss"]:
        return None
    return (
        f"It {'overfitted' if ended else 'overfits'}: since epoch {lowest['epoch']} the validation loss rose from "
        f"{lowest['validation_loss']:.3f} to {after[-1]['validation_loss']:.3f} while the training loss fell. More "
        "augmentation, more weight decay or fewer epochs help; the best epoch is kept."
    )


def _stands_still(lines: Sequence[Mapping[str, Any]], *, ended: bool) -> str | None:
    """Neither loss has moved for some epochs, and the training pictures are not learned yet."""
    recent = lines[-(PATIENCE + 1) :]
    if len(recent) <= PATIENCE or recent[-1]["train_accuracy"] > 0.9:
        return None
    for name in ("train_loss", "validation_loss"):
        values = [line[name] for line in recent]
        if max(values) - min(values) > STILL * max(abs(value) for value in values):
            return None
    rate = recent[-1].get("learning_rate") or 0.0
    low = rate < 0.01 * max((line.get("learning_rate") or 0.0) for line in lines)
    cure = (
        "the schedule has brought the learning rate down" if low else "try a learning rate ten times higher, or lower"
    )
    return (
        f"It {'stood' if ended else 'stands'} still: from epoch {recent[0]['epoch']} on neither loss moved by 1 %, at "
        f"{100 * recent[-1]['train_accuracy']:.1f} % training accuracy; {cure}."
    )
