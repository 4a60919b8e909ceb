"""A lesson's heading, its screens of text, and the way from one step to the next."""

from collections.abc import Callable

import streamlit as st

from clfcore.lessons.catalogue import LESSONS
from clfcore.lessons.lesson import Lesson
from ui.session import SessionValue, go_to

STEP = SessionValue[str]("step")  # the tab that is open
STEPS = ("Idea", "Details", "Predict", "Experiment", "Your turn")


def heading(lesson: Lesson) -> None:
    """Number, title and question, and the ways to the list and to the neighbors."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("All lessons", icon=":material/list:"):
            go_to("pages/lessons/page.py")
        if st.button("Previous lesson", icon=":material/chevron_left:", disabled=lesson.number == 1):
            go_to("pages/lessons/page.py", {"lesson": str(lesson.number - 1)})
        if st.button("Next lesson", icon=":material/chevron_right:", disabled=lesson.number == len(LESSONS)):
            go_to("pages/lessons/page.py", {"lesson": str(lesson.number + 1)})
    st.header(f"{lesson.number}. {lesson.title}", anchor=False)
    st.write(f"*{lesson.question}*")


def read(lesson: Lesson, place: int, *, below: Callable[[], None] | None = None) -> None:
    """One screen of text. below: what draws something to try."""
    step = lesson.steps[place]
    with st.container(width=760):
        st.subheader(step.title, anchor=False)
        st.markdown(step.text)
    if below is not None:
        below()
    go_on(STEPS[place + 1])


def go_on(step: str, *, label: str = "Next") -> None:
    """The button that opens another step of the lesson."""
    st.button(label, key=f"to {step}", type="primary", icon=":material/arrow_forward:", on_click=STEP.set, args=(step,))
