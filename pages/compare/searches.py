"""Searches: the trials of a study, the best so far, and what made the difference."""

from pathlib import Path

import streamlit as st

from clfcore.experiments.search import SearchResult, result_of
from clfcore.experiments.search_launch import stop, workers_of
from clfcore.experiments.study import list_studies, read_study
from clfcore.figures.search import best_so_far, field_name, importance_figure, parallel_coordinates
from ui.charts import chart, dark
from ui.formatting import count
from ui.messages import Number, escape_markdown, metric_row, refusals
from ui.session import kept

LOOK = 3.0  # seconds between two looks at a search that is at work
BEST = 4  # runs that a click compares


def searches() -> None:
    """The studies behind an expander; nothing where there are none."""
    studies = list_studies()
    if not studies:
        return
    more = st.expander(f"Searches ({len(studies)})", on_change="rerun", key="searches")
    if more.open:
        with more, refusals(stop=False):
            names = {path.name: path for path in studies}
            name = st.selectbox("Search", list(names), **kept("search"), help="Newest first.")
            at_work = workers_of(names[name])
            st.fragment(_study, run_every=LOOK if at_work else None)(names[name])


def _study(path: Path) -> None:
    study, at_work = read_study(path), workers_of(path)
    result = result_of(study)
    ended = [trial for trial in result.trials if trial.state != "running"]
    best = next((trial for trial in result.trials if trial.run == result.best), None)
    metric_row(
        [
            Number("Trials", count(len(ended)), f"{count(at_work, 'worker')} running" if at_work else "none running"),
            Number("Best", "–" if best is None else f"{best.metric:.3f}", "validation score of its best epoch"),
            Number("Pruned", count(sum(t.state == "pruned" for t in ended)), "stopped early: below the median"),
        ]
    )
    if best is not None:
        values = ", ".join(f"{field_name(name)} {_text(value)}" for name, value in best.values.items())
        st.write(escape_markdown(f"Best so far: run {best.run}, with {values}."))
    _buttons(path, result, at_work=at_work)
    if best is None:
        st.caption("No trial is complete yet: the charts appear with the first.")
        return
    chart(parallel_coordinates(result.trials, dark=dark()), "search coordinates")
    left, right = st.columns(2, gap="medium")
    with left:
        chart(best_so_far(result.trials, dark=dark()), "search best")
    with right:
        if result.importances:
            chart(importance_figure(result.importances, dark=dark()), "search importance")
        else:
            st.caption("The importance of each setting is shown once four trials are complete.")
    for trial in ended:
        if trial.message:
            st.caption(escape_markdown(f"A trial failed: {trial.message}"))


def _buttons(path: Path, result: SearchResult, *, at_work: int) -> None:
    ranked = sorted(
        (trial for trial in result.trials if trial.state == "completed"), key=lambda trial: -(trial.metric or 0.0)
    )
    with st.container(horizontal=True):
        if st.button("Compare the best", key="compare best", disabled=len(ranked) < 2):
            st.query_params["runs"] = [trial.run for trial in ranked[:BEST] if trial.run]
            st.rerun()
        if at_work and st.button("Stop the search", key="stop search", help="Start it again to continue."):
            stop(path)
            st.rerun()


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
