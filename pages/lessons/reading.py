"""A lesson's heading, its screens of text, and the way from one step to the next."""

from collections.abc import Callable, Iterable

import streamlit as st

from clfcore.lessons.catalogue import LESSONS
from clfcore.lessons.catalogue import lesson as lesson_of
from clfcore.lessons.lesson import Lesson, Step
from clfcore.lessons.panel import Panel
from clfcore.progress import Progress
from ui.cards import Card, cards, picture
from ui.jobs import background, result_beside
from ui.session import SessionValue, go_to

STEP = SessionValue[str]("step")  # the tab that is open
GAP, BESIDE = 15, 420  # pixels between two pictures, and of the pictures beside a text
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


@background(entries=16)
def _panels(progress: Progress, number: int, place: int) -> tuple[Panel, ...]:
    draw = lesson_of(number).steps[place].pictures
    return draw() if draw is not None else ()


def show_panels(panels: Iterable[Panel], *, width: int = 1000) -> None:
    """Pictures of a lesson, each panel under its caption; width: pixels that a row may take."""
    for panel in panels:
        st.caption(panel.caption)
        for row in panel.rows:
            side = min(panel.side, width // len(row) - GAP)
            with st.container(width=len(row) * (side + GAP)):
                cards([Card(picture(titled.pixels), titled.title, titled.title) for titled in row], side=side)


def read(lesson: Lesson, place: int, *, below: Callable[[], None] | None = None) -> None:
    """One screen of text, its pictures beside it. below: what draws something to try."""
    step = lesson.steps[place]
    if step.pictures is None:
        with st.container(width=760):
            _text(step)
        if below is not None:
            below()
        go_on(STEPS[place + 1])
        return
    left, right = st.columns([3, 2], gap="large")  # a narrow window has the pictures below the button
    with left:
        _text(step)
        go_on(STEPS[place + 1])
    with right:
        panels = result_beside(_panels(lesson.number, place), "Drawing the pictures")
        show_panels(panels or (), width=BESIDE)


def _text(step: Step) -> None:
    st.subheader(step.title, anchor=False)
    st.markdown(step.text)


def go_on(step: str, *, label: str = "Next") -> None:
    """The button that opens another step of the lesson."""
    st.button(label, key=f"to {step}", type="primary", icon=":material/arrow_forward:", on_click=STEP.set, args=(step,))
