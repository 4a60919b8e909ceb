"""Retrain and compare: the same configuration on a version, and whether it is better on the items that both have."""

import shlex
from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.data.library.specs import display_name, named_spec, path_spec
from clfcore.data.library.versioned import is_version
from clfcore.data.versions.versions import list_versions
from clfcore.experiments.retrain import RetrainVerdict, is_version_of, retrain_config
from clfcore.runs.folder import Run, find_run
from clfcore.runs.index import ACTIVE, finished_runs, listed
from clfcore.runs.resolve_run import with_network
from clfcore.runs.worker import worker
from pages.review.versions import MADE
from ui.formatting import count, percent
from ui.messages import escape_markdown, refusals
from ui.pickers import choose_one, listed_name, run_name
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.experiments.retrain import LabelsAccuracy
    from clfcore.runs.index import Listed

BEFORE, AFTER = "before", "retrained"  # of the address: the two runs that are compared
QUEUED = SessionValue[str]("retrained run queued")  # "RUN SPEC" of the last click, so that a second one queues nothing


def retrain_view(spec: str) -> None:
    """Where there is a version: the run to train again, the button, the run's progress, and the verdict."""
    versions = list_versions(spec)
    if not versions:
        return
    st.subheader("Retrain and compare", anchor=False)
    own = [one for one in finished_runs() if one.config and is_version_of(one.config.data, spec)]
    own.sort(key=lambda one: is_version(one.config.data) if one.config else True)  # those on the original data first
    runs = {one.id: one for one in own}
    if not runs:
        st.write(
            f"No finished run uses {escape_markdown(display_name(spec))} yet: train one on the original data, and come "
            "back to see whether the corrections made it better."
        )
        st.page_link("pages/train/page.py", label="Train")
        return
    with refusals(stop=False):
        _form(spec, [version.spec for version in versions], runs)
    _result()


def _form(spec: str, versions: list[str], runs: "dict[str, Listed]") -> None:
    newest = reversed(versions)
    versions = sorted(newest, key=lambda one: one != MADE.get())  # the one that was made now, then the newest
    with st.container(horizontal=True, vertical_alignment="bottom"):
        before = choose_one(BEFORE, "Original run", list(runs), names={k: listed_name(one) for k, one in runs.items()})
        target = st.selectbox("Version", versions, format_func=display_name, key=f"retrain on {versions[0]}")
        run = runs[before].run
        unchanged = path_spec(run.config.data) == target
        if st.button("Retrain and compare", key="retrain", type="primary", disabled=unchanged):
            _queue(run, target)
    if unchanged:
        st.caption("That run was trained on this version: choose one that was trained before it.")
    with st.popover("As a command"):
        st.code(f"clflab retrain {run.id} --data {shlex.quote(named_spec(target))}", language="bash", wrap_lines=True)


def _queue(run: Run, target: str) -> None:
    """Queue the run once, however often the button is clicked, and name both in the address."""
    wanted = f"{run.id} {target}"
    if QUEUED.get() != wanted:
        after = worker().submit(with_network(retrain_config(run.config, target)))
        QUEUED.set(wanted)
        st.query_params[AFTER] = after.id
    st.query_params[BEFORE] = run.id
    st.rerun()


def _result() -> None:
    """The retrained run while it trains, and the verdict once it has ended."""
    name, before = st.query_params.get(AFTER), st.query_params.get(BEFORE)
    if not name or not before:
        return
    with refusals(stop=False):
        after, first = find_run(name), find_run(before)
        if listed(after).state in ACTIVE:
            _wait(after)
            return
        if listed(after).state != "completed":
            one = listed(after)
            st.write(f"The run is {one.state}. {escape_markdown(one.status.message)}")
            st.page_link("pages/train/page.py", label="Open the run", query_params={"run": after.id})
            return
        _verdict(api.verdict(first.id, after.id), after)


@st.fragment(run_every=0.8)
def _wait(run: Run) -> None:
    state = listed(run).state
    if state not in ACTIVE:
        st.rerun()
    far = run.progress
    words = f"{escape_markdown(run_name(run))}: {far.stage or state}"
    words += f", epoch {far.epoch} of {far.epochs}" if far.epoch and far.epochs else ""
    st.progress(min(1.0, far.done / far.total) if far.total else 0.0, text=words)
    st.caption("You can close or reload this page: the run continues, and this address brings you back.")


def _verdict(verdict: RetrainVerdict, after: Run) -> None:
    first, *others = verdict.words
    st.markdown(f"**{escape_markdown(first)}**")
    rows = [
        _accuracies(f"original ({verdict.split})", verdict.old_labels, verdict),
        _accuracies(
            f"corrected ({count(verdict.test_relabeled)} of {count(verdict.items)})", verdict.new_labels, verdict
        ),
    ]
    st.dataframe(rows, hide_index=True, alt="Accuracy of both runs under the original and the corrected labels")
    for words in others:
        st.write(escape_markdown(words))
    st.page_link("pages/evaluate/page.py", label="Evaluate the retrained run", query_params={"run": after.id})


def _accuracies(labels: str, scores: "LabelsAccuracy", verdict: RetrainVerdict) -> dict[str, str]:
    low, high = scores.before_interval
    before = f"{percent(scores.before)} ({percent(low)} to {percent(high)})"
    low, high = scores.after_interval
    return {
        "labels": labels,
        f"run on {verdict.data_before}": before,
        f"run on {verdict.data_after}": f"{percent(scores.after)} ({percent(low)} to {percent(high)})",
    }
