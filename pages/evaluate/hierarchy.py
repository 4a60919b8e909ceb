"""Hierarchical classification: path and level accuracy, the class tree colored by accuracy, and a drill-down."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import hierarchy
from clfcore.evaluation.class_tree import ELSEWHERE, opened, summary, tree
from clfcore.evaluation.confusion import confusion
from clfcore.evaluation.hierarchy import answers
from clfcore.evaluation.metrics import consistent
from clfcore.runs.folder import Run
from ui.cards import Card
from ui.charts import chart, clicked, dark
from ui.closeup.grid import open_pages
from ui.closeup.sources import Entry, RunPictures
from ui.formatting import count, percent, rate
from ui.loaders import run_thumbnail, stored
from ui.messages import Number, escape_markdown, metric_row
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.predictions import Predictions


def branches_view(run: Run, split: str) -> None:
    """Path accuracy, level accuracy and the class tree by accuracy; the other tabs show one level."""
    from clfcore.figures.sunburst import sunburst_figure

    whole = stored(run, split)
    report = hierarchy.report(whole)
    metric_row(
        [
            Number(
                "Exact path accuracy",
                percent(report.path_accuracy),
                f"{percent(report.path_accuracy_decoded)} with decoding",
                help="The share of images that are right on every level. Decoding predicts the most probable path that "
                "exists in the data.",
            ),
            Number(
                "Consistency",
                percent(float(consistent(whole).mean())),
                "predictions that form a valid path",
                help="The share of images whose predictions on all levels form a path that exists in the data. "
                "Decoding to the most probable valid path makes it 100%: the setting `decoding` of a run.",
            ),
            Number(
                "Hierarchical distance of mistakes",
                rate(report.severity),
                "levels to the lowest common ancestor",
                help="How far wrong predictions are from the true class, on average: 1 is a sibling. Bertinetto and "
                "others, 2020.",
            ),
        ]
    )
    rows = [
        {"level": name, "accuracy": value, "with decoding": report.level_accuracy_decoded[name]}
        for name, value in report.level_accuracy.items()
    ]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart(sunburst_figure(tree(whole), words=summary(whole), dark=dark()), "sunburst")
    with right:
        share = st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
        config = {"accuracy": share, "with decoding": share}
        st.dataframe(rows, hide_index=True, column_config=config, alt="Accuracy of each level")
        st.caption(
            f"{escape_markdown(summary(whole))} Decoding predicts the most probable valid path, not each level on "
            "its own."
        )


def drill_down_view(run: Run, split: str) -> None:
    """Confusion matrix of the coarsest level; a click on a cell opens its true class into its children, and so on."""
    from clfcore.figures.confusion import confusion_figure

    whole = stored(run, split)
    levels, key = whole.task.levels, f"opened {run.id} {split}"
    opened_path = SessionValue[list[str]](key)
    path = opened_path.get() or []
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(" / ".join([f"All {escape_markdown(levels[0].name)}", *map(escape_markdown, path)]))
        if path and st.button("One level up"):
            opened_path.set(path[:-1])
            st.rerun()
    matrix = opened(whole, levels[len(path) - 1].name, path[-1]) if path else confusion(whole.level(levels[0].name))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        place = clicked(confusion_figure(matrix, norm="counts", dark=dark()), f"{key} {'/'.join(path)}")
    with right:
        if place is None:
            deeper = len(path) < len(levels) - 1
            st.write("Click a cell to open its true class." if deeper else "Click a cell to see its images.")
            return
        indices: list[int] = matrix.indices.tolist()  # of the classes, in the order of the matrix
        true, predicted = (indices.index(int(value)) for value in place[:2])
        name = matrix.classes[true]
        if name != ELSEWHERE and len(path) < len(levels) - 1:
            opened_path.set([*path, name])
            st.rerun()
        cell = indices[true], indices[predicted]
        _images(run, whole, len(path), cell=cell, names=matrix.classes)


def _images(run: Run, whole: "Predictions", level: int, *, cell: tuple[int, int], names: tuple[str, ...]) -> None:
    """The images of one cell (true, predicted) of a level."""
    predicted = answers(whole)
    true, column = cell
    if column < 0:  # elsewhere: none of the children
        inside = {whole.task.levels[level].classes.index(name) for name in names[:-1]}
        rows = [
            i for i in range(len(whole)) if whole.targets[i, level] == true and int(predicted[i, level]) not in inside
        ]
    else:
        rows = [i for i in range(len(whole)) if whole.targets[i, level] == true and predicted[i, level] == column]
    st.write(f"**{count(len(rows), 'image')}**")
    open_pages(
        rows,
        key=f"branch {level} {true} {column}",
        card=lambda shown: _cards(run, whole, level=level, rows=shown),
        entry=lambda i: Entry(whole.ids[i]),
        source=RunPictures(run, whole.split, whole.task.levels[level].name),
    )


def _cards(run: Run, whole: "Predictions", *, level: int, rows: Sequence[int]) -> list[Card]:
    """Items with their class and their prediction on a level."""
    one = whole.level(whole.task.levels[level].name)
    p, predicted = one.probabilities(), answers(whole)[:, level]
    return [
        Card(
            run_thumbnail(run, whole.ids[i]),
            name=whole.ids[i],
            item=whole.ids[i],
            truth=one.classes[one.targets[i]],
            predicted=one.classes[predicted[i]],
            right=bool(one.targets[i] == predicted[i]),
            probability=float(p[i, predicted[i]]),
        )
        for i in rows
    ]
