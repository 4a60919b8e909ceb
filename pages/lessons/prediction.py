"""The reader's prediction, made before anything runs, and kept."""

import streamlit as st

from clfcore.lessons.lesson import Lesson
from clfcore.lessons.progress import LessonProgress, predict_outcome, read_progress
from pages.lessons.reading import STEP, go_on
from ui.messages import refusals


def prediction(lesson: Lesson) -> None:
    """The question and its choices; pressing the button keeps the choice and opens the experiment."""
    with refusals():
        mine = read_progress().get(lesson.number, LessonProgress())
    with st.container(width=760):
        st.subheader("What do you expect?", anchor=False)
        texts = [choice.text for choice in lesson.choices]
        choice = st.radio(lesson.prediction, texts, index=mine.prediction, key=f"prediction {lesson.number}")
        if mine.answer is not None:
            st.caption("You have run this experiment before. You may predict again, knowing the result.")
        if choice is None:
            st.caption("Choose one: a wrong prediction teaches more than none.")
        elif mine.prediction == texts.index(choice):
            st.caption("Your prediction is saved.")
            go_on("Experiment", label="Go to the experiment")
        else:
            st.button("Save my prediction", type="primary", on_click=_keep, args=(lesson.number, texts.index(choice)))


def _keep(number: int, choice: int) -> None:
    predict_outcome(number, choice)
    STEP.set("Experiment")
