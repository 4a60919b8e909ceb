"""Per class: how recall and the confusion matrix change between two runs."""

from collections.abc import Sequence

import streamlit as st

from clfcore.evaluation.compare import aligned
from clfcore.evaluation.confusion import Confusion, confusion, most_confused
from clfcore.evaluation.differences import class_differences, confusion_difference, most_moved
from clfcore.evaluation.multilabel import panels as label_counts
from pages.compare.selection import Side, side_names
from ui.cards import count_panels
from ui.charts import chart, dark
from ui.formatting import count, rate
from ui.messages import escape_markdown
from ui.session import kept

MANY = 40  # classes of a figure: more cannot be read


def choose_two(sides: Sequence[Side]) -> tuple[Side, Side]:
    """The two runs whose difference is shown: second − first."""
    names = [side.name for side in sides]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        a = st.selectbox("From", names, **kept(f"from {names}"), width=280)
        b = st.selectbox("To", [name for name in names if name != a], **kept(f"to {names} {a}"), width=280)
    by_name = {side.name: side for side in sides}
    return by_name[a], by_name[b]


def classes_view(sides: Sequence[Side]) -> None:
    """Between two runs: the change of the confusion matrix, both matrices, and recall of each class."""
    from clfcore.figures.confusion import confusion_figure
    from clfcore.figures.matrices import confusion_difference_figure
    from clfcore.figures.paired_comparison import per_class_figure

    a, b = choose_two(sides)
    before, after = side_names([a, b])
    if before[1].task.kind == "multi-label":  # it has no confusion matrix
        _labels_view(a, b)
        return
    views = ("Change", "Both matrices", "Recall of each class")
    view = st.segmented_control("Show", views, default=views[0], required=True, **kept("moved look"))
    if view == "Change":
        change = confusion_difference(before, after)
        if not change.counts.any():
            st.write(
                f"No change: {escape_markdown(a.name)} and {escape_markdown(b.name)} have the same confusion matrix."
            )
            return
        part = change.part(MANY)
        chart(confusion_difference_figure(part, dark=dark()), "moved")
        some = (
            f" Shown are the {MANY} classes with the largest change." if len(part.classes) < len(change.classes) else ""
        )
        st.caption(
            f"Images in each cell, {escape_markdown(b.name)} − {escape_markdown(a.name)}. "
            f"{escape_markdown(change.describe())}{some}"
        )
    elif view == "Recall of each class":
        gaps = class_differences(before, after)
        shown = most_moved(gaps, MANY)
        chart(per_class_figure(shown, a=a.name, b=b.name, dark=dark()), "recall moved")
        if len(shown) < len(gaps):
            st.caption(f"The {MANY} of {count(len(gaps), 'class')} with the largest change in recall.")
    else:
        matrices = [confusion(predictions) for _, predictions in aligned([before, after])]
        rows = most_confused(Confusion(matrices[0].classes, matrices[0].counts + matrices[1].counts,
                                       matrices[0].indices), MANY)  # fmt: skip
        many = len(matrices[0].classes) > MANY
        for column, side, matrix in zip(st.columns(2, gap="medium"), (a, b), matrices, strict=True):
            with column:
                st.markdown(f"**{escape_markdown(side.name)}**")
                part_of = matrix.part(rows) if many else matrix
                chart(confusion_figure(part_of, dark=dark()), f"matrix {side.run.id}")
        if many:
            st.caption(f"The {len(rows)} most confused of {count(len(matrices[0].classes), 'class')}, over both runs.")


def _labels_view(a: Side, b: Side) -> None:
    """The change of each label's counts, its recall, and the counts of both runs, each at its own thresholds."""
    from clfcore.figures.paired_comparison import per_class_figure

    runs = side_names([a, b])
    views = ("Change", "Recall of each label", "Counts of both runs")
    view = st.segmented_control("Show", views, default=views[0], required=True, **kept("labels moved look"))
    before, after = (label_counts(predictions) for _, predictions in runs)
    if view == views[1]:
        shown = most_moved(class_differences(*runs), MANY)
        chart(per_class_figure(shown, a=a.name, b=b.name, dark=dark()), "recall moved")
    elif view == views[2]:
        for column, side, points in zip(st.columns(2, gap="medium"), (a, b), (before, after), strict=True):
            with column:
                st.markdown(f"**{escape_markdown(side.name)}**")
                count_panels(points)
    else:
        rows = [
            {
                "label": old.name,
                "true positives": f"{old.true_positives} to {new.true_positives}",
                "change in true positives": new.true_positives - old.true_positives,
                "false positives": f"{old.false_positives} to {new.false_positives}",
                "change in false positives": new.false_positives - old.false_positives,
                "F1": f"{rate(old.f1)} to {rate(new.f1)}",
            }
            for old, new in zip(before, after, strict=True)
        ]
        st.dataframe(rows, hide_index=True, alt="Change of each label")
    st.caption(
        f"From {escape_markdown(a.name)} to {escape_markdown(b.name)}, on the same images, each run at its own "
        "thresholds."
    )
