"""Where two runs of several labels differ: each label's counts in both, and pictures with all that is said of them."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.differences import class_differences, most_moved
from clfcore.evaluation.metrics import decide
from clfcore.evaluation.multilabel import panels as counted
from pages.compare.selection import Side, side_names
from ui.cards import Card, count_panels
from ui.charts import chart, dark
from ui.loaders import run_thumbnail
from ui.messages import escape_markdown

if TYPE_CHECKING:
    from clfcore.predictions import Predictions


MANY = 40  # labels of a figure, those that moved most: more cannot be read


def label_cards(side: Side, predictions: "Predictions", indices: list[int], who: str) -> list[Card]:
    """Each picture with its labels above and those that run `who` says below."""
    said = decide(predictions)

    def words(row: object) -> str:
        return "; ".join(name for name, yes in zip(predictions.classes, row, strict=True) if yes) or "no label"

    return [
        Card(
            run_thumbnail(side.run, predictions.ids[i]),
            name=f"{predictions.ids[i]}; below: {who}",
            truth=words(predictions.targets[i]),
            predicted=words(said[i]),
            right=bool((said[i] == (predictions.targets[i] > 0)).all()),
        )
        for i in indices
    ]


def labels_moved(a: Side, b: Side) -> None:
    """Recall of each label in both runs, what else moved, and both runs' 2 x 2 panels; by their own thresholds."""
    from clfcore.figures.paired_comparison import per_class_figure

    one, two = side_names([a, b])
    looks = ("What moved", "Recall of each label", "Both runs' panels")
    look = st.segmented_control("Show", looks, default=looks[0], required=True, key="labels moved look")
    before, after = (counted(predictions) for _, predictions in (one, two))
    if look == looks[1]:
        shown = most_moved(class_differences(one, two), MANY)
        chart(per_class_figure(shown, a=a.name, b=b.name, dark=dark()), "recall moved")
    elif look == looks[2]:
        for column, side, points in zip(st.columns(2, gap="medium"), (a, b), (before, after), strict=True):
            with column:
                st.markdown(f"**{escape_markdown(side.name)}**")
                count_panels(points)
    else:
        rows = [
            {
                "label": x.name,
                "found": f"{x.true_positives} to {y.true_positives}",
                "more found": y.true_positives - x.true_positives,
                "false alarms": f"{x.false_positives} to {y.false_positives}",
                "more false alarms": y.false_positives - x.false_positives,
                "F1": f"{x.f1 or 0:.3f} to {y.f1 or 0:.3f}",
            }
            for x, y in zip(before, after, strict=True)
        ]
        st.dataframe(rows, hide_index=True, alt="What moved of each label")
    st.caption(
        f"From {escape_markdown(a.name)} to {escape_markdown(b.name)}, on the same images; "
        f"each run counts a label from its own threshold."
    )
