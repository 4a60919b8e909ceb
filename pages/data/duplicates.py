"""Duplicates: copies of one picture, those in several splits first, and pictures of one session."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.data.library.specs import path_spec
from clfcore.data.library.versioned import split_version
from clfcore.data.versions.decisions import decide_item
from clfcore.data.versions.versions import list_versions
from clfcore.errors import Failure, InputError
from pages.data.quality import not_checked
from ui.cards import Card
from ui.closeup.grid import open_cards
from ui.closeup.sources import DataPictures
from ui.data_picker import leave_version, open_data, thumbnail
from ui.formatting import count, rate
from ui.messages import complain
from ui.review.handover import review_button
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.api.data_quality import QualityReport
    from clfcore.data.dataset import ImageDataset
    from clfcore.quality.near_duplicates import Duplicates

REFUSED = SessionValue[str]("grouping refused")
MADE = SessionValue[tuple[str, str]]("grouping made")  # the version that this session made last, and the step behind it
CLUSTERS, PICTURES = 6, 12  # clusters a page, and pictures of each
MEANING = {
    "same file": "Same file",
    "copy": "Copies of one picture",
    "same session": "Same session",
}


def duplicates(report: "QualityReport | None", dataset: "ImageDataset", spec: str) -> None:
    """Clusters, a page at a time, each with what it is and whether it leaks or its labels disagree."""
    _undo_button(spec)
    if report is None:
        not_checked()
        return
    clusters = report.checks.duplicates
    if not clusters:
        st.write("No duplicates: no two images are copies, or were taken in one session.")
        return
    st.caption(
        f"{count(len(clusters), 'cluster')}, leaks across splits first.",
        help="Copies agree by embedding and by pixels, even if re-encoded, resized, brightened, mirrored, turned a "
        "little or cropped. A session is very near by embedding alone: other objects in the same place and light.",
    )
    with st.container(horizontal=True):
        review_button(spec, "duplicates")
        _group_button(clusters, dataset, spec)
    pages = -(-len(clusters) // CLUSTERS)
    page = min(pages, st.pagination(pages, key=f"page duplicates {spec}")) if pages > 1 else 1
    for cluster in clusters[(page - 1) * CLUSTERS : page * CLUSTERS]:
        _cluster(cluster, dataset, spec)


def _group_button(clusters: "Sequence[Duplicates]", dataset: "ImageDataset", spec: str) -> None:
    """One click decides that every cluster belongs together, makes a version of that, and opens it."""
    if split_version(spec).version is not None:
        return
    help_text = (
        "Makes a version of this dataset in which the images of each cluster are in one split, so that no test image "
        "has a copy in training, and opens it. No file is changed, and you can undo it in Review."
    )
    st.button(
        "Keep each cluster in one split",
        icon=":material/join:",
        key="group duplicates",
        help=help_text,
        on_click=_group,
        args=(clusters, dataset, spec),
    )
    if refusal := REFUSED.take():
        complain(refusal)


def _group(clusters: "Sequence[Duplicates]", dataset: "ImageDataset", spec: str) -> None:
    """Before the page is drawn anew: it shows the version."""
    names = {version.name for version in list_versions(spec)}
    name = next(n for i in range(len(names) + 1) if (n := f"grouped{i or ''}") not in names)
    try:
        decisions = [
            decide_item(dataset, item, "group", group=f"duplicates {number}", source="duplicates")
            for number, cluster in enumerate(clusters, start=1)
            for item in cluster.items
        ]
        made = api.correct_dataset(spec, decisions=decisions, version=name)
    except (InputError, Failure) as error:
        REFUSED.set(str(error))
        return
    if made.version is not None and made.step is not None:
        MADE.set((made.version.spec, made.step))
        open_data(made.version.spec)


def _undo_button(spec: str) -> None:
    """In the version that was just made: the way back."""
    made = MADE.get()
    if made is None or path_spec(made[0]) != path_spec(spec):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(":material/check: In this version, the images of each cluster are in one split.")
        st.button(
            "Undo",
            icon=":material/undo:",
            key="undo grouping",
            help="Takes the decisions back, deletes this version and opens the dataset as it was.",
            on_click=_undo,
            args=made,
        )
    if refusal := REFUSED.take():
        complain(refusal)


def _undo(version: str, step: str) -> None:
    """Before the page is drawn anew: it shows the dataset that was grouped."""
    try:
        base = leave_version(version)
        MADE.forget()
        api.undo_decisions(base, step=step)
    except (InputError, Failure) as error:
        REFUSED.set(str(error))


def _cluster(cluster: "Duplicates", dataset: "ImageDataset", spec: str) -> None:
    words = [f"**{MEANING[cluster.kind]}**, {count(len(cluster.items), 'image')}"]
    if cluster.is_leak:
        words.append(":material/warning: in several splits, so what is tested was trained on")
    if cluster.disagrees:
        words.append(":material/warning: different labels, of which one must be wrong")
    if cluster.kind != "same file":
        words.append(f"similarity from {rate(cluster.similarity)}")
    if len(cluster.items) > PICTURES:
        words.append(f"the first {PICTURES} are shown")
    st.write(" · ".join(words))
    rows = list(zip(cluster.items, cluster.splits, cluster.labels, strict=True))[:PICTURES]
    cards = [
        Card(
            thumbnail(spec, 0, item),
            name=f"{item}: {label}, {split or 'no split'}",
            truth=f"{split or 'no split'}: {label}",
            item=item,
        )
        for item, split, label in rows
    ]
    open_cards(
        cards,
        key=f"duplicates {spec} {cluster.kind} {cluster.items[0]}",
        side=112,
        source=DataPictures(spec, dataset),
    )
