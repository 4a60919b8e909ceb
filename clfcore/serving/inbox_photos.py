"""Photos of an inbox, or of any folder without labels, with what the model answered: a queue to label them in."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clfcore.data.catalogue import check_root
from clfcore.data.dataset import ImageDataset
from clfcore.data.versions.added import unlabeled_photos
from clfcore.data.versions.decisions import class_names
from clfcore.data.versions.queue import Queue, QueueItem, make_queue
from clfcore.errors import InputError
from clfcore.files import parse_json, read_text, typed_path
from clfcore.inference.pictures import folder_pictures
from clfcore.results import Json
from clfcore.task import Task

MOST_PHOTOS = 10_000
_MOST_BYTES = 1 << 20  # of the file that says what the model answered


@dataclass(frozen=True)
class InboxAnswer:
    """What the model answered about a photo. label: empty where it is none of the data's; reasons: why it was kept."""

    label: tuple[str, ...] = ()
    probability: float | None = None
    model: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class InboxPhotos:
    """The photos of a folder, which have no label, and what the model answered about each, by its id."""

    spec: str
    photos: ImageDataset
    answers: Mapping[str, InboxAnswer]

    @property
    def queue(self) -> Queue:
        """The photos to label, those that the model was least sure of first."""
        answers = self.answers
        order = sorted(self.photos.ids, key=lambda item: (answers[item].probability or 0.0, item))
        items = [QueueItem(item, _reason(answers[item]), answers[item].label) for item in order]
        return make_queue("inbox", items, self.photos)


def open_inbox(folder: str | Path, task: Task) -> InboxPhotos:
    """The photos of a folder that `serve --keep-odd` filled, or of any other. task: that of the data they are labeled
    for. Raises InputError where it is no folder, or holds no photo."""
    root = typed_path(folder, "inbox")
    check_root(root, str(folder))
    if not root.is_dir():
        raise InputError(
            f"inbox is {str(folder)!r}: name a folder of photos, such as that of `clflab serve --keep-odd`"
        )
    files = list(folder_pictures(root))
    if not files:
        raise InputError(f"inbox is {str(folder)!r}, which holds no photos yet: `clflab serve --keep-odd` fills it")
    if len(files) > MOST_PHOTOS:
        raise InputError(
            f"inbox is {str(folder)!r}, which holds {len(files):,} photos: label {MOST_PHOTOS:,} at a time"
        )
    photos = unlabeled_photos(root.name, files, task)
    return InboxPhotos(str(root.absolute()), photos, {item: _answer(path, task) for item, path in files})


def _answer(photo: Path, task: Task) -> InboxAnswer:
    """What the file beside a photo says; nothing where there is none, or it is damaged."""
    try:
        text = read_text(photo.with_suffix(".json"), most=_MOST_BYTES, what="a model's answer as JSON")
        value = parse_json(text, what="the answer")
        prediction = value["prediction"]
        top = prediction["top"][0]
        return InboxAnswer(
            _label(prediction, task),
            min(1.0, max(0.0, float(top["probability"]))),
            str(value["model"])[:80],
            tuple(str(reason)[:40] for reason in value["reasons"][:4]),
        )
    except (InputError, KeyError, IndexError, TypeError, ValueError, AttributeError):
        return InboxAnswer()


def _label(prediction: Json, task: Task) -> tuple[str, ...]:
    """The label that was answered; empty where the data has none of that name."""
    if task.kind == "multi-label":
        names = prediction["labels"]
    elif task.kind == "single-label":
        names = [prediction["top"][0]["label"]]
    else:
        path = prediction.get("path") or []
        names = [place["label"] for place in path]
        if len(names) != len(task.levels):  # it stopped early: each level's likeliest, where they are a path
            names = [prediction["levels"][level.name][0]["label"] for level in task.levels]
    try:
        return class_names(task, names) if names else ()
    except InputError:
        return ()


def _reason(answer: InboxAnswer) -> str:
    if answer.probability is None:
        return "a photo without a label"
    why = {"far": "unlike the training images", "unsure": "the model was unsure"}
    words = "; ".join(why.get(reason, reason) for reason in answer.reasons) or "kept"
    return f"{words}: {answer.probability:.0%} by {answer.model}"
