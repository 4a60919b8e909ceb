"""The inbox of a served model: its photos, the labels that they were given, and a version of the data with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clfcore.api.versions import VersionRow, version_row
from clfcore.data.catalogue import open_dataset
from clfcore.data.export import write_manifest
from clfcore.data.importers.readings import with_reading
from clfcore.data.library.specs import display_name, path_spec
from clfcore.data.versions import log
from clfcore.data.versions import versions as stored
from clfcore.data.versions.added import as_dataset, labeled_photos
from clfcore.data.versions.decisions import Decision, label_text
from clfcore.data.versions.queue import by_item
from clfcore.data.versions.tables import read_table_of_decisions
from clfcore.errors import InputError
from clfcore.files import typed_path
from clfcore.results import WHEN_KNOWN, Result
from clfcore.serving.inbox_photos import open_inbox


@dataclass(frozen=True)
class InboxPhoto(Result):
    """A photo of an inbox. suggested, probability: the model's answer; decided: label, drop or doubt, empty where it is
    still to be decided; label: what it was given, in words."""

    item: str
    suggested: str
    probability: float | None
    reasons: tuple[str, ...]
    decided: str
    label: str


@dataclass(frozen=True)
class LabeledInbox(Result):
    """An inbox, those that the model was least sure of first.

    labeled: how many have a label of the data; left: how many wait for a decision; known: how many of the labeled ones
    the data has already. version: what was made of it; out: the manifest of the labeled photos.
    """

    data: str
    inbox: Path
    photos: tuple[InboxPhoto, ...]
    labeled: int
    left: int
    known: int
    version: VersionRow | None = None
    out: Path | None = field(default=None, metadata=WHEN_KNOWN)


def label_inbox(
    data: str,
    inbox: str | Path,
    *,
    decisions: Path | Sequence[Decision] = (),
    version: str | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    reading: str | None = None,
) -> LabeledInbox:
    """The photos that a served model kept, and what they were labeled as; labels are those of the data.

    decisions: a .csv or .json of labels, kept with those made before. version: the name of a version of the data, with
    all that is decided on it, whose training split has the labeled photos too. out: a .csv to write that opens as data.
    A photo without a label is in neither. Raises InputError where there is nothing to make, and as `correct_dataset`.
    """
    if version is not None:
        stored.checked_version_name(version)
    spec = path_spec(with_reading(data, reading))
    dataset = open_dataset(spec)
    box = open_inbox(inbox, dataset.task)
    new = read_table_of_decisions(decisions, box.photos) if isinstance(decisions, Path) else tuple(decisions)
    held = (*log.read_decisions(box.spec), *new)
    photos = labeled_photos(box.photos, held)
    if not photos and (version is not None or out is not None):
        raise InputError(
            f"no photo of {str(inbox)!r} has a label of {dataset.name} yet: give --decisions FILE, or label them in "
            "Review"
        )
    known = set(dataset.contents)
    made = None
    if version is not None:
        made = stored.make_version(spec, dataset, log.read_decisions(spec), name=version, photos=photos)
    if new:
        log.append_step(box.spec, new)
    target = None if out is None else typed_path(out, "out")
    if target is not None:
        name = f"{dataset.name} inbox"
        write_manifest(as_dataset(photos, dataset.task, name=name), target, inputs=[data], overwrite=overwrite)
    latest = by_item(held)
    listed = []
    for item in box.queue.items:
        answer, decision = box.answers[item.item], latest.get(item.item)
        given = decision is not None and decision.action == "label"
        listed.append(
            InboxPhoto(
                item=item.item,
                suggested=label_text(dataset.task, answer.label) if answer.label else "",
                probability=answer.probability,
                reasons=answer.reasons,
                decided="" if decision is None else decision.action,
                label=label_text(dataset.task, decision.label) if decision is not None and given else "",
            )
        )
    return LabeledInbox(
        data=display_name(spec),
        inbox=Path(box.spec),
        photos=tuple(listed),
        labeled=len(photos),
        left=sum(not photo.decided for photo in listed),
        known=sum(photo.content in known for photo in photos),
        version=None if made is None else version_row(made),
        out=target,
    )
