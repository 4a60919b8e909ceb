"""Sources of the queue: what the quality checks list, problems, a run's errors, an inbox, or a list of another page."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.library.specs import display_name, path_spec
from clfcore.data.versions.queue import Queue, QueueItem, make_queue
from clfcore.runs.index import finished_runs
from clfcore.runs.review_queue import error_queue
from pages.review.inbox import choose_inbox
from pages.review.keys import Review
from ui.closeup.loaders import embedder
from ui.closeup.sources import DataPictures
from ui.formatting import count
from ui.jobs import result_beside
from ui.loaders import stored
from ui.messages import escape_markdown
from ui.pickers import choose_one, listed_name
from ui.review.checks import ASKED, checking
from ui.review.handover import FROM, HANDED, HANDED_DATA

if TYPE_CHECKING:
    from clfcore.api.data_quality import QualityReport
    from clfcore.data.dataset import ImageDataset

SUSPECTS, DUPLICATES, FLAWS = "suspects", "duplicates", "flaws"
PROBLEMS, ERRORS, INBOX, LIST = "problems", "errors", "inbox", "list"
NAMES = {
    SUSPECTS: "Label suspects",
    DUPLICATES: "Duplicates",
    FLAWS: "Outliers and image flaws",
    PROBLEMS: "Problems",
    ERRORS: "Errors of a run",
    INBOX: "Inbox",
    LIST: "Your selection",
}


def choose_queue(dataset: "ImageDataset", spec: str) -> Review | None:
    """The chosen queue; None where there is none yet, and a line that says how to fill it."""
    handed = HANDED.get() if HANDED_DATA.get() == spec else None
    names = dict(NAMES)
    if handed is None:
        del names[LIST]
    else:
        names[LIST] = f"{handed.source[:1].upper()}{handed.source[1:]} ({count(len(handed.items), 'image')})"
    source = choose_one(FROM, "Queue", list(names), names=names)
    if source == LIST and handed is not None:
        queue = make_queue(handed.source, handed.items, dataset, expected=handed.expected)
    elif source == PROBLEMS:
        queue = _problems(dataset)
    elif source == ERRORS:
        errors = _errors(dataset, spec)
        if errors is None:
            return None
        queue = errors
    elif source == INBOX:
        inbox = choose_inbox(dataset)
        return (
            None if inbox is None else Review(inbox.queue, inbox.photos, inbox.spec, joins=DataPictures(spec, dataset))
        )
    else:
        report = _report(dataset, spec)
        if report is None:
            return None
        queue = _of_report(source, report, dataset)
    if not queue.items:
        st.write("There is nothing to decide in this queue.")
        return None
    return Review(queue, dataset, spec)


def _report(dataset: "ImageDataset", spec: str) -> "QualityReport | None":
    """The quality checks, run once they are asked for."""
    network = embedder()
    if ASKED.get() != spec:
        st.button("Check quality", on_click=ASKED.set, args=(spec,), disabled=not network, icon=":material/rule:")
        st.caption(
            f"Fills this queue from the embeddings of {network}: one pass over the images, saved for next time."
            if network
            else "This queue needs a pretrained network, and none is on this machine: install one, as `clflab doctor` "
            "says, or choose another queue."
        )
        return None
    job = checking(spec, dataset, network)
    report = result_beside(job, "Checking quality")
    if report is None and not job.thread.is_alive():  # stopped, or refused, as the line above says
        ASKED.forget()
        st.button("Check quality again", on_click=ASKED.set, args=(spec,), icon=":material/refresh:")
    return report


def _of_report(source: str, report: "QualityReport", dataset: "ImageDataset") -> Queue:
    from clfcore.quality.review_queues import duplicate_queue, flaw_queue, suspect_queue

    checks = report.checks
    if source == DUPLICATES:
        return duplicate_queue(checks.duplicates, dataset)
    if source == FLAWS:
        return flaw_queue(checks.outliers, checks.images, dataset)
    return suspect_queue(checks.labels, dataset, expected=report.expected_label_errors)


def _problems(dataset: "ImageDataset") -> Queue:
    items = [QueueItem(problem.item, problem.message) for problem in dataset.problems if problem.kind != "reading"]
    return make_queue("problems", items, dataset)


def _errors(dataset: "ImageDataset", spec: str) -> Queue | None:
    """The errors of a run on this data, on test where it has that."""
    own = {one.id: one for one in finished_runs() if one.config and path_spec(one.config.data) == spec}
    if not own:
        st.write(f"No finished run uses {escape_markdown(display_name(spec))} yet: train one, or choose another queue.")
        return None
    name = choose_one("run", "Run", list(own), names={name: listed_name(one) for name, one in own.items()})
    run = own[name].run
    split = "test" if "test" in run.splits else "validation"
    return error_queue(stored(run, split), dataset)
