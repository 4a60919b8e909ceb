"""What Evaluate shows of a hierarchy: levels and paths, the tree coloured by accuracy, a class opened by a click."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import hierarchy
from clfcore.evaluation.class_tree import ELSEWHERE, opened, summary, tree
from clfcore.evaluation.confusion import confusion
from clfcore.evaluation.hierarchy import answers
from clfcore.evaluation.metrics import consistent
from clfcore.runs.folder import Run
from ui.cards import Card, cards
from ui.charts import chart, clicked, dark
from ui.formatting import count, percent, rate
from ui.loaders import run_thumbnail, stored
from ui.messages import Number, escape_markdown, metric_row

if TYPE_CHECKING:
    from clfcore.predictions import Predictions


def hierarchy_view(run: Run, split: str) -> None:
    """Paths and levels as a whole; the finest level alone is on the other tabs."""
    from clfcore.figures.sunburst import sunburst_figure

    whole = stored(run, split)
    found = hierarchy.report(whole)
    metric_row(
        [
            Number(
                "Right on every level", percent(found.path_accuracy), f"{percent(found.path_accuracy_decoded)} decoded"
            ),
            Number(
                "Consistent",
                percent(float(consistent(whole).mean())),
                "answers form a real path",
                help="The share of pictures whose answers on all levels stand together in the data. Decoding to the "
                "likeliest real path makes it 100 %: the setting decoding of a run.",
            ),
            Number(
                "Distance of an error",
                rate(found.severity),
                "levels up to the common ancestor",
                help="How far a wrong answer is from the truth: 1 for a sibling. Bertinetto and others, 2020.",
            ),
        ]
    )
    rows = [
        {"level": name, "right": value, "right when decoded": found.level_accuracy_decoded[name]}
        for name, value in found.level_accuracy.items()
    ]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart(sunburst_figure(tree(whole), words=summary(whole), dark=dark()), "sunburst")
    with right:
        share = st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
        config = {"right": share, "right when decoded": share}
        st.dataframe(rows, hide_index=True, column_config=config, alt="Accuracy of each level")
        st.caption(
            f"{escape_markdown(summary(whole))} Decoded: "
            f"the likeliest path that is real, whatever the levels say alone."
        )


def opened_view(run: Run, split: str) -> None:
    """The confusion of the coarsest level; a click on a row opens the class into its children, and so on."""
    from clfcore.figures.confusion import confusion_figure

    whole = stored(run, split)
    levels, key = whole.task.levels, f"opened {run.id} {split}"
    path: list[str] = st.session_state.setdefault(key, [])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(" / ".join([f"All {escape_markdown(levels[0].name)}", *map(escape_markdown, path)]))
        if path and st.button("One level up"):
            st.session_state[key] = path[:-1]
            st.rerun()
    matrix = opened(whole, levels[len(path) - 1].name, path[-1]) if path else confusion(whole.level(levels[0].name))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        place = clicked(confusion_figure(matrix, norm="counts", dark=dark()), f"{key} {'/'.join(path)}")
    with right:
        if place is None:
            deeper = len(path) < len(levels) - 1
            said = (
                "Click a cell to open its true class into its children." if deeper else "Click a cell for its pictures."
            )
            st.write(said)
            return
        true, said = (_row(matrix.indices, int(value)) for value in place[:2])
        name = matrix.classes[true]
        if name != ELSEWHERE and len(path) < len(levels) - 1:
            st.session_state[key] = [*path, name]
            st.rerun()
        _pictures(run, whole, len(path), int(matrix.indices[true]), int(matrix.indices[said]), matrix.classes)


def _row(indices: "object", value: int) -> int:
    """Where a class of the task stands in the matrix."""
    return [int(i) for i in indices].index(value)


def _pictures(run: Run, whole: "Predictions", level: int, true: int, said: int, names: tuple[str, ...]) -> None:
    """The pictures of one cell at the finest level."""
    found = answers(whole)
    if said < 0:  # elsewhere: none of the children
        inside = {whole.task.levels[level].classes.index(name) for name in names[:-1]}
        rows = [i for i in range(len(whole)) if whole.targets[i, level] == true and int(found[i, level]) not in inside]
    else:
        rows = [i for i in range(len(whole)) if whole.targets[i, level] == true and found[i, level] == said]
    st.write(f"**{count(len(rows), 'picture')}**")
    classes = whole.task.levels[level].classes
    p = whole.level(whole.task.levels[level].name).probabilities()
    cards(
        [
            Card(
                run_thumbnail(run, whole.ids[i]),
                name=whole.ids[i],
                truth=classes[whole.targets[i, level]],
                predicted=classes[found[i, level]],
                right=bool(whole.targets[i, level] == found[i, level]),
                probability=float(p[i, found[i, level]]),
            )
            for i in rows[:24]
        ],
        side=112,
    )
