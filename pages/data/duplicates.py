"""Duplicates: copies of one picture, those in several splits first, and pictures of one session."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.data.quality import not_checked
from ui.cards import Card
from ui.closeup.grid import open_cards
from ui.closeup.sources import DataPictures
from ui.data_picker import thumbnail
from ui.formatting import count, rate
from ui.review.handover import review_button

if TYPE_CHECKING:
    from clfcore.api.data_quality import QualityReport
    from clfcore.data.dataset import ImageDataset
    from clfcore.quality.near_duplicates import Duplicates

CLUSTERS, PICTURES = 6, 12  # clusters a page, and pictures of each
MEANING = {
    "same file": "Same file",
    "copy": "Copies of one picture",
    "same session": "Same session",
}


def duplicates(report: "QualityReport | None", dataset: "ImageDataset", spec: str) -> None:
    """Clusters, a page at a time, each with what it is and whether it leaks or its labels disagree."""
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
    review_button(spec, "duplicates")
    pages = -(-len(clusters) // CLUSTERS)
    page = min(pages, st.pagination(pages, key=f"page duplicates {spec}")) if pages > 1 else 1
    for cluster in clusters[(page - 1) * CLUSTERS : page * CLUSTERS]:
        _cluster(cluster, dataset, spec)


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
