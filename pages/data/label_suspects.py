"""Label suspects: items whose label the rest of the dataset contradicts, the most suspect first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.data.quality import not_checked
from ui.cards import Card
from ui.closeup.grid import open_pages
from ui.closeup.sources import DataPictures, Entry
from ui.data_picker import thumbnail
from ui.formatting import count, rate
from ui.review.handover import review_button

if TYPE_CHECKING:
    from clfcore.api.data_quality import QualityReport
    from clfcore.data.dataset import ImageDataset
    from clfcore.quality.label_errors import SuspectLabel


def label_suspects(report: "QualityReport | None", dataset: "ImageDataset", spec: str) -> None:
    """The ranking as cards: given -> suggested label; each opens beside its nearest images."""
    if report is None:
        not_checked()
        return
    suspects = [suspect for suspect in report.checks.labels if suspect.given != suspect.suggested]
    if not suspects:
        st.write("No label is contradicted by the other images.")
        return
    st.caption(
        f"{count(len(suspects), 'image')}, the most suspect first: the given label → the label that images like it "
        f"have. About {report.expected_label_errors:,} are expected to be wrong; others may only be hard to tell.",
        help="Each label is judged by a head that was fitted on other images (5 folds; copies and groups stay "
        "together). Label quality is the probability of the given label. Northcutt, Jiang and Chuang 2021.",
    )

    review_button(spec, "suspects")

    def cards(shown: Sequence["SuspectLabel"]) -> list[Card]:
        return [
            Card(
                thumbnail(spec, 0, suspect.item),
                name=f"{suspect.item}: {_note(suspect)}",
                truth=f"{suspect.given} → {suspect.suggested}",
                item=suspect.item,
            )
            for suspect in shown
        ]

    open_pages(
        suspects,
        key=f"suspects {spec}",
        card=cards,
        entry=lambda suspect: Entry(suspect.item, _note(suspect)),
        source=DataPictures(spec, dataset),
        side=128,
    )


def _note(suspect: "SuspectLabel") -> str:
    return f"given {suspect.given}, suggested {suspect.suggested}; label quality {rate(suspect.score)}"
