"""Outliers and image flaws: pictures unlike all others, and dark, bright, blurry, flat, odd-shaped or tiny ones."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.data.quality import not_checked
from ui.cards import Card
from ui.closeup.grid import open_pages
from ui.closeup.sources import DataPictures, Entry
from ui.data_picker import thumbnail
from ui.formatting import count, rate

if TYPE_CHECKING:
    from clfcore.api.data_quality import QualityReport
    from clfcore.data.dataset import ImageDataset

MOST = 48  # outliers; the ranking has every image, and only its head is unlike the rest
MEASURES = {
    "dark": "brightest tones at {:.0%} of white",
    "bright": "darkest tones at {:.0%} of white",
    "blurry": "sharpness {:.3f}",
    "low-contrast": "tones span {:.0%} of the range",
    "odd-shape": "{:.1f} times as long as wide",
    "tiny": "shorter side of {:.0f} pixels",
    "grey": "gray among colored images",
}


def outliers_and_image_flaws(report: "QualityReport | None", dataset: "ImageDataset", spec: str) -> None:
    """Image flaws by fixed limits, and the images farthest from all others."""
    if report is None:
        not_checked()
        return
    source = DataPictures(spec, dataset)
    flaws = report.checks.images
    st.markdown("##### Image flaws")
    if flaws:
        st.caption(f"{count(len(flaws), 'flaw')} by fixed limits, those farthest beyond them first.")
        open_pages(
            flaws,
            key=f"flaws {spec}",
            card=lambda shown: [
                Card(
                    thumbnail(spec, 0, flaw.item),
                    name=f"{flaw.item}: {flaw.kind}, {MEASURES[flaw.kind].format(flaw.value)}",
                    truth=flaw.kind,
                    item=flaw.item,
                )
                for flaw in shown
            ],
            entry=lambda flaw: Entry(flaw.item, f"{flaw.kind}: {MEASURES[flaw.kind].format(flaw.value)}"),
            source=source,
        )
    else:
        st.write("No image is too dark, too bright, blurry, low in contrast, of an odd shape, tiny, or gray alone.")
    st.markdown("##### Outliers")
    outliers = report.checks.outliers[:MOST]
    if not outliers:
        st.write("There are too few different images to tell outliers.")
        return
    st.caption(
        f"The {count(len(outliers), 'image')} farthest from all others, of {count(report.items, 'image')}.",
        help="Cosine distance of embeddings to the fifth nearest image, copies left out (Sun and others 2022). Every "
        "dataset has a farthest image: look before you remove one.",
    )
    open_pages(
        outliers,
        key=f"outliers {spec}",
        card=lambda shown: [
            Card(
                thumbnail(spec, 0, outlier.item),
                name=f"{outlier.item}: distance {rate(outlier.score)}",
                truth=f"distance {rate(outlier.score)}",
                item=outlier.item,
            )
            for outlier in shown
        ],
        entry=lambda outlier: Entry(outlier.item, f"distance to the fifth nearest image {rate(outlier.score)}"),
        source=source,
    )
