"""Label review: a person's verdict on a wrong prediction: wrong label, ambiguous picture, or the model's fault.

A JSON file a dataset in the lab's folder; each verdict is keyed by the content of its picture, so that it holds for
every run, and after files were moved or renamed. A verdict is of a picture under one label: it lapses with another.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from filelock import FileLock

from clfcore.data.dataset import ImageDataset
from clfcore.data.regular_file import read_bytes
from clfcore.errors import InputError, unknown
from clfcore.files import safe_name, verdicts_folder, write_json
from clfcore.spreadsheet import csv_text

Kind = Literal["wrong label", "ambiguous", "the model's fault"]


@dataclass(frozen=True)
class LabelReview:
    """kind: None where there is only a note. truth: the label that it is about."""

    item: str
    truth: str
    kind: Kind | None
    note: str = ""
    when: str = ""


def digest(dataset: ImageDataset, index: int) -> str:
    """The content of one picture: its file's bytes, or its pixels. Raises InputError where it cannot be read."""
    if dataset.pixels is not None:
        content = np.ascontiguousarray(dataset.pixels[index]).tobytes()
    else:
        content = read_bytes(dataset.files[index])
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def read_reviews(dataset: ImageDataset) -> dict[str, LabelReview]:
    """content digest -> verdict. Raises InputError where the file is damaged."""
    path = _file(dataset)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
        return {key: LabelReview(**value) for key, value in stored.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path} is damaged: restore it, or delete it to begin with no verdicts") from None


def reviews_of(dataset: ImageDataset, items: Mapping[str, str]) -> dict[str, LabelReview]:
    """item id -> verdict, of those among `items` (id -> label) that have one under that label."""
    stored = read_reviews(dataset)
    if not stored:
        return {}
    places = {name: i for i, name in enumerate(dataset.ids)}
    reviews = {}
    for item, truth in items.items():
        review = stored.get(digest(dataset, places[item])) if item in places else None
        if review is not None and review.truth == truth:
            reviews[item] = review
    return reviews


def keep_review(dataset: ImageDataset, item: str, truth: str, *, kind: str | None, note: str = "") -> None:
    """Store the verdict on one picture; no kind and no note removes it. Raises InputError for an unknown one."""
    if kind is not None and kind not in get_args(Kind):
        raise unknown("verdict", kind, get_args(Kind))
    if item not in dataset.ids:
        raise unknown("item", item, dataset.ids)
    key, path = digest(dataset, dataset.ids.index(item)), _file(dataset)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        stored: dict[str, object] = {name: vars(value) for name, value in read_reviews(dataset).items()}
        stored.pop(key, None)
        if kind is not None or note.strip():
            when = datetime.now(UTC).isoformat(timespec="seconds")
            stored[key] = {"item": item, "truth": truth, "kind": kind, "note": note.strip(), "when": when}
        write_json(path, {"dataset": dataset.name, "verdicts": stored})


def table_csv(dataset: ImageDataset) -> str:
    """item, truth, verdict, note, when: a line a verdict, by item."""
    reviews = sorted(read_reviews(dataset).values(), key=lambda verdict: verdict.item)
    rows = [[review.item, review.truth, review.kind or "", review.note, review.when] for review in reviews]
    return csv_text([["item", "truth", "verdict", "note", "when"], *rows])


def _file(dataset: ImageDataset) -> Path:
    classes = json.dumps([dataset.task.kind, *dataset.classes])
    content = hashlib.blake2b(classes.encode(), digest_size=6).hexdigest()
    return verdicts_folder() / f"{safe_name(dataset.imported_name or dataset.name)}-{content}.json"
