"""Whose fault an error is: verdicts and notes, kept with the dataset, and a list of errors as a file with them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from clfcore.data import label_review
from clfcore.data.label_review import LabelReview
from clfcore.errors import Failure, InputError
from clfcore.evaluation.error_lists import Review
from clfcore.runs.folder import Run
from ui.loaders import run_dataset

KINDS = ("wrong label", "ambiguous", "the model's fault")


def review_view(run: Run, key: str, rows: Sequence[Mapping[str, Any]], truths: Mapping[str, str]) -> None:
    """A table to say of each picture whose fault it is; kept as soon as it is said.

    rows: what is known of each, with its id under `picture`; truths: id -> its label in words.
    """
    more = st.expander("Whose fault is it? Verdicts and notes", on_change="rerun", key="verdicts")
    if not more.open:
        return
    data = run_dataset(run)
    kept = label_review.reviews_of(data, truths)
    shown = [_row(row, kept.get(row["picture"])) for row in rows]
    with more:
        said = st.data_editor(
            shown,
            hide_index=True,
            key=f"verdicts {run.id} {key}",
            disabled=tuple(rows[0]),
            column_config={
                "verdict": st.column_config.SelectboxColumn(options=list(KINDS)),
                "note": st.column_config.TextColumn(max_chars=500),
            },
            alt="Verdicts on the pictures above",
        )
        for before, after in zip(shown, said, strict=True):
            if (before["verdict"], before["note"]) != (after["verdict"], after["note"]):
                item = before["picture"]
                label_review.keep_review(data, item, truths[item], kind=after["verdict"], note=after["note"] or "")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Kept on this machine with the dataset, by the content of each picture, for every run on it.")
            st.download_button(
                "Download verdicts (CSV)",
                data=lambda: label_review.table_csv(data),
                file_name=f"verdicts-{data.name}.csv",
                mime="text/csv",
                on_click="ignore",
            )


def _row(row: Mapping[str, Any], verdict: LabelReview | None) -> dict[str, Any]:
    """Verdict and note stand behind the picture's name, where they are seen without scrolling."""
    own = {"verdict": verdict.kind if verdict else None, "note": verdict.note if verdict else ""}
    return {"picture": row["picture"], **own, **{name: value for name, value in row.items() if name != "picture"}}


def list_button(
    run: Run,
    name: str,
    find: Callable[[], Sequence[Any]],
    truth: Callable[[Any], str],
    write: Callable[[Sequence[Any], Mapping[str, Review]], str],
) -> None:
    """The download of a list, made when asked for: its cases, the label of each in words, how it is written."""

    def made() -> str:
        found = find()
        return write(found, reviews_of_run(run, {case.id: truth(case) for case in found}))

    st.download_button(
        "Download this list (CSV)",
        data=made,
        file_name=f"{run.id}-{name}.csv",
        mime="text/csv",
        on_click="ignore",
        help="Up to a thousand lines, with the likeliest classes, and the verdicts and notes so far.",
    )


def reviews_of_run(run: Run, truths: Mapping[str, str]) -> dict[str, Review]:
    """What was said of some pictures (id -> label); nothing where the data is no longer there."""
    try:
        kept = label_review.reviews_of(run_dataset(run), truths)
    except (InputError, Failure, OSError):
        return {}
    return {item: Review(one.kind or "", one.note) for item, one in kept.items()}
