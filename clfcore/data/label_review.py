"""Label review: a person's verdict on a wrong prediction: wrong label, ambiguous picture, or the model's fault.

A verdict is a decision of the dataset, as the queue of Review keeps them: the label is right (the model's fault), in
doubt (ambiguous) or wrong. So what is judged beside a run's errors is decided in the queue as well, and the other way
round. It holds for every run on that data, follows its picture, and lapses with another label.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.data.regular_file import read_bytes
from clfcore.data.versions.decisions import Action, Decision, decide_item
from clfcore.data.versions.log import append_step, read_decisions
from clfcore.errors import InputError, unknown
from clfcore.files import safe_name, verdicts_folder
from clfcore.spreadsheet import csv_text

Kind = Literal["wrong label", "ambiguous", "the model's fault"]
_ACTIONS: Mapping[Kind, Action] = {"wrong label": "wrong", "ambiguous": "doubt", "the model's fault": "keep"}
_KINDS: Mapping[Action, Kind] = {
    "keep": "the model's fault",
    "doubt": "ambiguous",
    "wrong": "wrong label",
    "label": "wrong label",
    "drop": "wrong label",
}
SOURCE = "errors of a run"


@dataclass(frozen=True)
class LabelReview:
    """kind: None where there is only a note. truth: the label that it is about."""

    item: str
    truth: str
    kind: Kind | None
    note: str = ""
    when: str = ""


def reviews_of(spec: str, dataset: ImageDataset, items: Mapping[str, str]) -> dict[str, LabelReview]:
    """item id -> verdict, of those among `items` (id -> label) that have one under the label that they have.

    dataset: what the SPEC opens as, or a run's own, with the labels that it was trained on. Raises InputError where the
    decisions are damaged.
    """
    decided: dict[str, list[Decision]] = {}
    for decision in read_decisions(spec):
        if decision.action != "group":
            decided.setdefault(decision.content, []).append(decision)
    before = _former(dataset)
    if not decided and not before:
        return {}
    places = {name: i for i, name in enumerate(dataset.ids)}
    reviews = {}
    for item, truth in items.items():
        place = places.get(item)
        if place is None:
            continue
        matching = [one for one in decided.get(dataset.contents[place], ()) if one.given == dataset.label(place)]
        if matching:
            review = _review(next((one for one in matching if one.item == item), matching[-1]))
        else:
            former = before.get(_digest(dataset, place)) if before else None
            review = former if former is not None and former.truth == truth else None
        if review is not None:
            reviews[item] = review
    return reviews


def keep_review(spec: str, dataset: ImageDataset, item: str, *, kind: str | None, note: str = "") -> None:
    """Store the verdict on one picture; no kind and no note removes it. Raises InputError for an unknown one.

    The note of a picture whose new label is known already changes alone: the verdict `wrong label` says less than that.
    """
    known = {str(name): action for name, action in _ACTIONS.items()}
    if kind is not None and kind not in known:
        raise unknown("verdict", kind, get_args(Kind))
    decision = decide_item(dataset, item, "note" if kind is None else known[kind], note=note, source=SOURCE)
    if kind == "wrong label":
        now = [one for one in read_decisions(spec) if one.slot == decision.slot and one.action in ("label", "drop")]
        if now:
            decision = decide_item(dataset, item, now[0].action, label=now[0].label, note=note, source=now[0].source)
    append_step(spec, [decision])


def table_csv(spec: str) -> str:
    """item, truth, verdict, note, when: a line a verdict, by item. Raises InputError where decisions are damaged."""
    reviews = [review for decision in read_decisions(spec) if (review := _review(decision)) is not None]
    rows = [[one.item, one.truth, one.kind or "", one.note, one.when] for one in sorted(reviews, key=lambda r: r.item)]
    return csv_text([["item", "truth", "verdict", "note", "when"], *rows])


def _review(decision: Decision) -> LabelReview | None:
    kind = _KINDS.get(decision.action)
    if kind is None and not decision.note:
        return None
    return LabelReview(decision.item, decision.given, kind, decision.note, decision.when)


def _former(dataset: ImageDataset) -> dict[str, LabelReview]:
    """content digest -> verdict, as an older lab kept them in a file of their own; none where that is damaged."""
    classes = json.dumps([dataset.task.kind, *dataset.classes])
    content = hashlib.blake2b(classes.encode(), digest_size=6).hexdigest()
    path: Path = verdicts_folder() / f"{safe_name(dataset.imported_name or dataset.name)}-{content}.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
        return {key: LabelReview(**value) for key, value in stored.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _digest(dataset: ImageDataset, index: int) -> str:
    """The content of one picture as older verdicts are keyed by it; empty where it cannot be read."""
    try:
        pixels = dataset.pixels
        content = read_bytes(dataset.files[index]) if pixels is None else np.ascontiguousarray(pixels[index]).tobytes()
    except InputError:
        return ""
    return hashlib.blake2b(content, digest_size=16).hexdigest()
