"""What Home says: the ways through the lab, and the newest runs."""

import streamlit as st

from clfcore.runs import folder
from clfcore.runs.index import Listed, listed, score_of
from ui.messages import escape_markdown
from ui.photos.samples import photographs
from ui.pickers import listed_name

WAYS = (
    ("predict", "Predict", "Drop in a photo: see what a pretrained network recognizes, and where it looked."),
    ("explain", "Explain", "Where a network looked, by many methods, and whether you can trust the map."),
    ("data", "Data", "Load a folder, a zip or a CSV, or use a built-in dataset: classes, splits, problems, samples."),
    ("train", "Train", "Choose data, a network and a recipe; check the plan, start the run, watch it train."),
    ("runs", "Runs", "Everything you have trained: stop, resume, delete, compare."),
    ("evaluate", "Evaluate", "How good a run is and where it fails, down to the single image."),
)


def ways() -> None:
    """One line a page: what one can do there, and the way."""
    with st.container(key="ways", gap=None):
        for page, title, words in WAYS:
            with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
                st.page_link(f"pages/{page}/page.py", label=f"**{title}**", width=96)
                st.markdown(words, width="stretch")


def sample_strip() -> None:
    """The sample photos; each is a link to Predict with itself chosen."""
    with st.container(key="strip"):
        row = st.grid(6, min_column_width=104)
        for name, sample in photographs().items():
            label = f"![{name}]({sample.small.source}) {name.capitalize()}"
            with row.cell():
                st.page_link("pages/predict/page.py", label=label, query_params={"sample": name}, width="stretch")


def newest_runs(most: int = 5) -> None:
    """The newest runs, each with its state and a way to look at it."""
    newest = [listed(run) for run in folder.run_folders()[:most]]
    if not newest:
        return
    st.subheader("Newest runs", anchor=False)
    for one in newest:
        with st.container(horizontal=True, vertical_alignment="center"):
            page = "pages/evaluate/page.py" if one.splits and not one.damaged else "pages/train/page.py"
            st.page_link(page, label=escape_markdown(listed_name(one)), query_params={"run": one.id}, width="content")
            st.caption(_state(one), width="content")


def _state(run: Listed) -> str:
    """The run's state and its task's own score, on test where it has run."""
    score = score_of(run.results)
    return run.state + (f", {score.text}" if score is not None else "")
