"""Robustness: accuracy under twelve corruptions of three strengths, of one run or of several on the same draws."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.api.robustness_report import ITEMS
from clfcore.progress import Progress
from clfcore.quality.corruptions import CORRUPTIONS, STRENGTHS
from clfcore.runs.folder import Run, open_run
from ui.charts import chart, dark
from ui.formatting import count, ends, percent, shorten
from ui.jobs import background, result_beside
from ui.loaders import Files, files_of
from ui.messages import Number, metric_row
from ui.pickers import finished_runs, listed_name
from ui.session import SessionValue, kept

if TYPE_CHECKING:
    from clfcore.quality.robustness import RunRobustness

_ASKED = SessionValue[tuple[tuple[str, ...], int]]("robustness asked")
MOST_OTHERS = 3


def robustness_view(run: Run) -> None:
    """The choice of runs and images, the button, and the curves."""
    if "test" not in run.splits:
        st.write("Robustness is measured on test images, and this run has no test split.")
        return
    others = {one.id: listed_name(one) for one in finished_runs() if one.id != run.id and "test" in one.run.splits}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        items = st.segmented_control(
            "Test images", (100, ITEMS, 500), default=ITEMS, required=True, **kept("robustness items"),
            help="The same images every time and for every run. Each is predicted 37 times: clean, and under 12 "
            "corruptions at 3 strengths.",
        )  # fmt: skip
        beside = st.multiselect(
            "Compare with", list(others), format_func=others.__getitem__, max_selections=MOST_OTHERS,
            **kept(f"robustness with {run.id}"), width=360, placeholder="other runs of the same data",
        )  # fmt: skip
        clicked = st.button("Measure robustness", icon=":material/blur_on:", key="robustness ask")
    names = (run.id, *beside)
    if clicked:
        _ASKED.set((names, items))
    st.code(f"python -m clfcore robustness {' '.join(names)} --items {items}", language="bash", wrap_lines=True)
    if _ASKED.get() != (names, items):
        st.write("How fast does accuracy fall as pictures get noisy, blurred, foggy, pale or badly compressed?")
        return
    paths = tuple(str(run.path.parent / name) for name in names)
    job = _measured(paths, tuple(files_of(name) for name in names), items=items)
    measured = result_beside(job, "Predicting corrupted test images")
    if measured is not None:
        _shown(measured, {run.id: "this run", **others})
    elif not job.thread.is_alive():
        _ASKED.forget()


def _shown(measured: "Sequence[RunRobustness]", names: Mapping[str, str]) -> None:
    from clfcore.figures.robustness import robustness_figure
    from clfcore.quality.robustness import paired

    first = measured[0]
    numbers = [
        Number("Clean accuracy", percent(first.right("", 0) / first.items), f"of {count(first.items, 'test image')}"),
        Number("Under corruption", percent(float(first.per_item.mean())), "mean over 12 corruptions and 3 strengths"),
    ]
    for pair in paired(measured):
        if pair.a == first.run.id:
            low, high = pair.interval
            between = f"points of accuracy, 95% interval {_points(low)} to {_points(high)}"
            numbers.append(Number(f"{shorten(names[pair.b], 30)} against this run", _points(pair.difference), between))
    metric_row(numbers, least=180)
    chart(robustness_figure(measured, names=names, dark=dark()), "robustness")
    st.caption(
        "Corrupted at the size that the network sees; which noise, fog or direction is drawn depends on the image "
        "alone, so all runs see the same. Intervals are over the images; a picture counts as right where its "
        "predicted class is (of several labels: all of them).",
        help="Hendrycks and Dietterich, 2019: twelve of their corruptions at severities 1, 3 and 5.",
    )
    st.dataframe(
        [_row(one, kind, names[one.run.id]) for kind in CORRUPTIONS for one in measured],
        hide_index=True,
        height=390,
        alt="Accuracy with 95% intervals of each corruption and strength",
    )


def _row(robustness: "RunRobustness", kind: str, name: str) -> dict[str, str]:
    def cell(strength: int) -> str:
        share = percent(robustness.right(kind, strength) / robustness.items)
        return f"{share} ({ends(robustness.interval(kind, strength), share=True)})"

    cells = {f"strength {strength}": cell(strength) for strength in STRENGTHS}
    return {"corruption": CORRUPTIONS[kind].title, "run": name, **cells}


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}"


@background(entries=8)
def _measured(
    progress: Progress, paths: tuple[str, ...], files: tuple[Files, ...], *, items: int
) -> "tuple[RunRobustness, ...]":
    from clfcore.quality.robustness import measure_robustness

    return measure_robustness([open_run(path) for path in paths], items=items, progress=progress)
