"""Lessons: eight experiments that run on the reader's own machine, each after a prediction."""

import streamlit as st

from clfcore.lessons.catalogue import LESSONS
from clfcore.lessons.lesson import Lesson
from pages.lessons.exercise import exercise
from pages.lessons.experiment import experiment
from pages.lessons.logits import logits_by_hand
from pages.lessons.overview import overview
from pages.lessons.prediction import prediction
from pages.lessons.reading import heading, read
from ui.pickers import tabs

st.title("Lessons")
st.caption("Eight experiments on your own machine. Read, predict, run, and see whether you were right.")


def steps(lesson: Lesson) -> None:
    """A tab for each step of the lesson."""
    heading(lesson)
    tabs(
        {
            "Idea": lambda: read(lesson, 0, below=logits_by_hand if lesson.number == 1 else None),
            "Details": lambda: read(lesson, 1),
            "Predict": lambda: prediction(lesson),
            "Experiment": lambda: experiment(lesson),
            "Your turn": lambda: exercise(lesson),
        },
        key="step",
    )


number = st.query_params.get("lesson", "")
chosen = next((row for row in LESSONS if str(row.number) == number), None)
if chosen is None:
    overview()
else:
    steps(chosen)
