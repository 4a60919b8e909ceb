"""The list of lessons: what each asks, how far the reader is, and a way to begin anew."""

import streamlit as st

from clfcore.lessons.catalogue import LESSONS
from clfcore.lessons.lesson import Lesson
from clfcore.lessons.progress import LessonProgress, read_progress, reset_progress
from ui.formatting import count
from ui.messages import refusals
from ui.session import go_to


def overview() -> None:
    """A card for each lesson, in their order."""
    done: dict[int, LessonProgress] = {}
    with refusals(stop=False):
        done = read_progress()
    grid = st.grid(2, min_column_width=340)
    for lesson in LESSONS:
        with grid.cell():
            _card(lesson, done.get(lesson.number, LessonProgress()))
    with st.container(horizontal=True, vertical_alignment="center"):
        finished = sum(entry.right is not None for entry in done.values())
        st.caption(
            f"{count(finished)} of {len(LESSONS)} done. Your progress stays on this machine; there is no account."
        )
        _forget(bool(done))


def _card(lesson: Lesson, progress: LessonProgress) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{lesson.number}. {lesson.title}**")
        st.write(lesson.question)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Open", key=f"open lesson {lesson.number}", help=f"Open lesson {lesson.number}: {lesson.title}"
            ):
                go_to("pages/lessons/page.py", {"lesson": str(lesson.number)})
            st.caption(_state(progress))


def _state(progress: LessonProgress) -> str:
    if progress.right is not None:
        came = "came true" if progress.right else "did not come true"
        return f":material/check: Done; your prediction {came}"
    return "Predicted; the experiment has not run yet" if progress.prediction is not None else "Not started"


def _forget(begun: bool) -> None:  # noqa: FBT001 - drawn once
    with st.popover("Reset my progress", disabled=not begun):
        st.write("Delete all your predictions and results?")
        if st.button("Delete them", key="forget lessons"):
            reset_progress()
            st.rerun()
