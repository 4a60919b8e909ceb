"""Label review: a verdict and a note on each image of a list, stored with the dataset, and the list as CSV."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import streamlit as st

from clfcore.data import label_review
from clfcore.data.label_review import LabelReview
from clfcore.errors import Failure, InputError
from clfcore.evaluation.error_lists import Review
from clfcore.evaluation.errors import Case
from clfcore.evaluation.multilabel import LabelCase
from clfcore.runs.folder import Run
from ui.loaders import run_dataset

VERDICTS: Mapping[str, str] = {
    "wrong label": "wrong label",
    "ambiguous": "ambiguous",
    "the model's fault": "model error",
}

C = TypeVar("C", Case, LabelCase)  # a case of a list


def review_view(run: Run, key: str, *, rows: Sequence[Mapping[str, str]], truths: Mapping[str, str]) -> None:
    """An editable table with a verdict and a note for each image, saved at once.

    rows: the columns of each image, its id under `image`; truths: id -> its label as text.
    """
    more = st.expander("Review errors: wrong label, ambiguous or model error", on_change="rerun", key="verdicts")
    if not more.open:
        return
    data = run_dataset(run)
    reviews = label_review.reviews_of(run.config.data, data, truths)
    shown = [_row(row, reviews.get(row["image"])) for row in rows]
    with more:
        edited = st.data_editor(
            shown,
            hide_index=True,
            key=f"verdicts {run.id} {key}",
            disabled=tuple(rows[0]),
            column_config={
                "verdict": st.column_config.SelectboxColumn(
                    options=list(VERDICTS), format_func=lambda kind: VERDICTS[str(kind)]
                ),
                "note": st.column_config.TextColumn(max_chars=500),
            },
            placeholder="–",
            alt="Review of the images above",
        )
        for before, after in zip(shown, edited, strict=True):
            if (before["verdict"], before["note"]) != (after["verdict"], after["note"]):
                item = str(before["image"])
                label_review.keep_review(run.config.data, data, item, kind=after["verdict"], note=after["note"] or "")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                "Saved on this computer by the content of each image, for all runs on this dataset, and in Review."
            )
            st.download_button(
                "Download reviews (CSV)",
                data=lambda: label_review.table_csv(run.config.data),
                file_name=f"verdicts-{data.name}.csv",
                mime="text/csv",
                on_click="ignore",
            )


def _row(row: Mapping[str, str], review: LabelReview | None) -> dict[str, str | None]:
    """Verdict and note follow the image's name, where they are visible without scrolling."""
    reviewed = {"verdict": review.kind if review else None, "note": review.note if review else ""}
    return {"image": row["image"], **reviewed, **{name: value for name, value in row.items() if name != "image"}}


def list_button(
    run: Run,
    name: str,
    find: Callable[[], Sequence[C]],
    *,
    truth: Callable[[C], str],
    write: Callable[[Sequence[C], Mapping[str, Review]], str],
) -> None:
    """Download of a list as CSV, computed on the click. find: its cases; truth: the label of a case as text."""

    def csv() -> str:
        cases = find()
        return write(cases, reviews_of_run(run, {case.id: truth(case) for case in cases}))

    st.download_button(
        "Download this list (CSV)",
        data=csv,
        file_name=f"{run.id}-{name}.csv",
        mime="text/csv",
        on_click="ignore",
        help="Up to 1,000 rows with the predictions, verdicts and notes.",
    )


def reviews_of_run(run: Run, truths: Mapping[str, str]) -> dict[str, Review]:
    """The reviews of some images (id -> label); empty where the data is gone."""
    try:
        reviews = label_review.reviews_of(run.config.data, run_dataset(run), truths)
    except (InputError, Failure, OSError):
        return {}
    return {item: Review(review.kind or "", review.note) for item, review in reviews.items()}
