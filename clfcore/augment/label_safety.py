"""Label safety: augmentations that can change an image's class: a mirrored b is a d, a rotated 6 is a 9."""

import re
from collections.abc import Collection, Sequence
from typing import Literal

from clfcore.augment.policy import Policy, Step

Change = Literal["horizontal-flip", "vertical-flip", "rotation"]

_FLIPS: tuple[Change, ...] = ("horizontal-flip", "vertical-flip")
_DIGITS = frozenset(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
_SIDES = re.compile(r"(?<![a-z])(left|right|clockwise|anticlockwise|counterclockwise|east|west)(?![a-z])", re.I)
_ENDS = re.compile(r"(?<![a-z])(up|upward|down|downward|upside|top|bottom|north|south)(?![a-z])", re.I)
# Beyond a quarter turn a 6 reads as a 9; beyond 45 degrees left becomes up.
_FAR = 45.0


def warning(policy: Policy, *, classes: Sequence[str], safe: Collection[Change] = ()) -> str | None:
    """A label warning in one sentence, where the policy can change an image's class; else None.

    classes: the dataset's names; safe: the changes that the user confirmed to be label-preserving.
    """
    doubts = [doubt for change in changes(policy) if change not in safe and (doubt := _doubt(change, classes))]
    if not doubts:
        return None
    them = "them" if len(doubts) > 1 else "it"
    return f"{'; '.join(doubts)}: choose a policy without {them}, or confirm that the labels stay valid"


def changes(policy: Policy) -> tuple[Change, ...]:
    """The policy's steps that can turn one class into another, each kind once, in order."""
    kinds = (_change(step) for step in policy.steps)
    return tuple(dict.fromkeys(change for change in kinds if change is not None))


def _change(step: Step) -> Change | None:
    for flip in _FLIPS:
        if step.kind == flip and step.number("probability") > 0:
            return flip
    # TrivialAugment turns by up to 135 degrees, the other searched methods by up to 30.
    far = step.kind == "trivialaugment" or (step.kind == "rotation" and step.number("degrees") > _FAR)
    return "rotation" if far else None


def _doubt(change: Change, classes: Sequence[str]) -> str | None:
    names = [name.strip().lower() for name in classes]
    signs = [name for name in names if name in _DIGITS or (len(name) == 1 and name.isalnum())]
    doing = {
        "horizontal-flip": "a horizontal flip",
        "vertical-flip": "a vertical flip",
        "rotation": "a rotation by a large angle",
    }[change]
    if len(signs) >= 2:
        return f"{doing} can turn a character such as {signs[0]!r} into another one, or into none"
    affected = [name for name in names if (change != "vertical-flip" and _SIDES.search(name))]
    affected += [name for name in names if (change != "horizontal-flip" and _ENDS.search(name))]
    return f"{doing} can turn an image of {affected[0]!r} into one of another class" if affected else None
