"""The 2 x 2 counts of each label as small panels: truth in rows, what was said in columns, a darker cell for more."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from ui.formatting import count, percent, shorten

if TYPE_CHECKING:
    from clfcore.evaluation.operating_point import OperatingPoint

MOST = 24  # panels; the table below them has all labels


def panels(points: "Sequence[OperatingPoint]") -> None:
    """A panel a label, at its threshold."""
    shown = "".join(_panel(point) for point in points[:MOST])
    st.html(f'<div class="clf-panels">{shown}</div>')
    if len(points) > MOST:
        st.caption(f"The first {MOST} of {count(len(points), 'label')}; the table has all.")


def _panel(point: "OperatingPoint") -> str:
    there = point.true_positives + point.false_negatives
    absent = point.false_positives + point.true_negatives
    rows = (
        ("there", there, (point.true_positives, "found"), (point.false_negatives, "missed")),
        ("absent", absent, (point.false_positives, "false alarm"), (point.true_negatives, "let pass")),
    )
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(_cell(*cell, of) for cell in cells)}</tr>'
        for name, of, *cells in rows
    )
    head = '<tr><td></td><th scope="col">said</th><th scope="col">not said</th></tr>'
    title = f'<caption title="{escape(point.name)}">{escape(shorten(point.name, 26))}</caption>'
    return f'<table class="clf-panel" title="{escape(point.describe())}">{title}{head}{body}</table>'


def _cell(items: int, word: str, of: int) -> str:
    """A count with its word; shaded by its share of the row, and amber where it is an error."""
    share = items / of if of else 0.0
    kind = "clf-wrong" if word in ("missed", "false alarm") else "clf-right"
    title = f"{word}: {count(items)} of {count(of)}" + (f", {percent(share)}" if of else "")
    return (
        f'<td title="{title}" style="--share: {100 * share:.0f}%" class="{kind}">'
        f"<b>{count(items)}</b><span>{word}</span></td>"
    )
