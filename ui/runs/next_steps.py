"""What a finished run leads to: predict, explain, evaluate, compare, train further, and its use elsewhere."""

import streamlit as st

from clfcore.runs.folder import Run
from clfcore.runs.index import Listed, finished_runs
from ui.runs.use_model import use_this_model
from ui.session import go_to


def next_steps(one: Listed, *, here: str = "") -> None:
    """The ways on from a run that has predictions. here: the page that is open, to which no way leads."""
    run = one.run
    with st.container(horizontal=True):
        if here != "evaluate" and st.button("Evaluate", key=f"evaluate {run.id}", type="primary"):
            go_to("pages/evaluate/page.py", {"run": run.id})
        if st.button("Predict with it", key=f"predict {run.id}"):
            go_to("pages/predict/page.py", {"model": run.id})
        if st.button("Explain", key=f"explain {run.id}", help="Where the network looked, beginning with its errors."):
            go_to("pages/explain/page.py", {"model": run.id, "pictures of": "A run's errors", "run": run.id})
        if st.button("Compare", key=f"compare {run.id}", help="With the newest other runs on the same data."):
            go_to("pages/compare/page.py", {"runs": [run.id, *_others(one)]})
        further_button(run)
    use_this_model(run)


def _others(run: Listed, most: int = 3) -> list[str]:
    """The newest other finished runs on the same data."""
    data = run.config.data if run.config else ""
    return [other.id for other in finished_runs() if other.id != run.id and other.config and other.config.data == data][
        :most
    ]


def further_button(run: Run) -> None:
    """On a finished run: the way to train it further, by any strategy that begins with weights."""
    if st.button("Train further", key=f"further {run.id}", help="A new run initialized with this one's weights."):
        go_to("pages/train/page.py", {"from": run.id})
