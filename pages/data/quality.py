"""Quality checks of a dataset: one button runs them in the background, and the tabs show what they list."""

import shlex
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.library.specs import named_spec
from ui.closeup.loaders import embedder
from ui.formatting import count, percent
from ui.jobs import result_beside
from ui.review.checks import ASKED, checking

if TYPE_CHECKING:
    from clfcore.api.data_quality import QualityReport
    from clfcore.data.dataset import ImageDataset


def quality_report(dataset: "ImageDataset", spec: str) -> "QualityReport | None":
    """The button, the progress of the checks, or what they say in a line; None until they have ended."""
    network = embedder()
    if ASKED.get() != spec:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Check quality", on_click=ASKED.set, args=(spec,), disabled=not network, icon=":material/rule:")
            if network:
                st.caption(
                    f"Finds suspect labels, near-duplicates, outliers and image flaws by the embeddings of {network}: "
                    "one pass over the images, saved for next time."
                )
            else:
                st.caption(
                    "Checking quality needs a pretrained network, and none is on this machine: install one, as "
                    "`clflab doctor` says."
                )
        return None
    job = checking(spec, dataset, network)
    report = result_beside(job, "Checking quality")
    if report is None:
        if not job.thread.is_alive():  # stopped, or refused, as the line above says
            ASKED.forget()
            st.button("Check quality again", on_click=ASKED.set, args=(spec,), icon=":material/refresh:")
        return None
    _summary(report, spec)
    return report


def not_checked() -> None:
    """What stands in a tab before the checks have run."""
    st.write("Nothing was checked yet: press **Check quality** above.")


def _summary(report: "QualityReport", spec: str) -> None:
    """The expected number of wrong labels and the leaks, in words, and the command that prints the lists."""
    share = percent(report.expected_label_errors / max(1, report.items))
    words = f"About {report.expected_label_errors:,} of {count(report.items, 'label')} ({share}) look wrong."
    if report.leaks:
        words += f" **{count(report.leaks, 'picture')} in several splits: what is tested was trained on.**"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.write(words)
        with st.popover("As a command"):
            st.code(f"clflab quality {shlex.quote(named_spec(spec))}", language="bash", wrap_lines=True)
            st.caption(f"By the embeddings of {report.architecture}; it took {report.seconds:.0f} s.")
    if report.unjudged:
        st.caption(f"{count(len(report.unjudged), 'label')} could not be judged: no other image has that class.")
