"""The experiment on this machine: run, the prediction answered, the figure beside the recorded one."""

import streamlit as st

from clfcore.api import run_lesson
from clfcore.api.lessons import LessonResult
from clfcore.figures.lesson import curves_figure, finding_figure
from clfcore.lessons.lesson import Lesson
from clfcore.lessons.progress import LessonProgress, read_progress
from clfcore.lessons.recorded import SCRIPT, record
from clfcore.progress import Progress
from pages.lessons.reading import go_on, show_panels
from ui.charts import chart, dark
from ui.formatting import duration
from ui.jobs import background, result_beside
from ui.messages import escape_markdown, refusals
from ui.session import SessionValue

RUN = SessionValue[set[tuple[int, str, int]]]("lesson experiments")  # lesson, setting, seed: those that were asked for


@background(entries=32)
def job(progress: Progress, number: int, setting: str, *, seed: int) -> LessonResult:
    """A lesson's experiment."""
    return run_lesson(number, setting=setting, seed=seed, progress=progress)


def experiment(lesson: Lesson) -> None:
    """The lesson's own experiment, once there is a prediction."""
    with refusals():
        mine = read_progress().get(lesson.number, LessonProgress())
    if mine.prediction is None:
        st.write("Predict first: the experiment is worth more when you know what you expected.")
        go_on("Predict", label="Predict")
        return
    st.write(f"**Controls.** {lesson.controls}")
    result = run(lesson, lesson.setting.default, key="run lesson")
    if result is None:
        return
    _answer(lesson, mine.prediction, result)
    show(result)
    _recorded(lesson)
    if lesson.study is not None:
        st.markdown(f"**With more time.** {lesson.study()}")
    with st.container(border=True):
        st.markdown(f"**What may surprise you.** {lesson.surprise}")
    go_on("Your turn", label="Your turn: change one thing")


def run(lesson: Lesson, setting: str, *, key: str, seed: int = 0) -> LessonResult | None:
    """The button that starts an experiment, then its progress, then its result."""
    asked, begun = (lesson.number, setting, seed), RUN.get() or set()
    recorded = record().get(lesson.number)
    takes = f" It takes about {duration(max(1.0, recorded.seconds))} of processor time." if recorded else ""
    if asked not in begun:
        st.caption(f"It runs on this machine and saves only its results.{takes}")
        if not st.button("Run the experiment", key=key, type="primary", icon=":material/play_arrow:"):
            return None
        RUN.set({*begun, asked})
        st.rerun()  # without the button
    return result_beside(job(lesson.number, setting, seed=seed), "Running the experiment")


def _answer(lesson: Lesson, predicted: int, result: LessonResult) -> None:
    """The prediction, and what came true here."""
    mine, answer = lesson.choices[predicted], result.finding.answer
    if predicted == answer:
        st.success(f"You were right: {mine.text}. {lesson.choices[answer].reply}", icon=":material/check:")
    else:
        st.info(
            f"You predicted “{mine.text}”. {mine.reply}\n\nWhat happened here: **{result.answer}**. "
            f"{lesson.choices[answer].reply}",
            icon=":material/lightbulb:",
        )


def show(result: LessonResult) -> None:
    """The sentence, the figures, and whether the lesson's claim held."""
    finding = result.finding
    key = f"{result.lesson} {result.settings} {result.seed}"
    st.write(finding.sentence)
    chart(finding_figure(finding, result.recorded, dark=dark()), f"lesson {key}")
    if finding.curves is not None:
        chart(curves_figure(finding.curves, dark=dark()), f"lesson curves {key}")
    for place, curves in enumerate(finding.further or ()):
        st.caption(curves.caption)
        chart(curves_figure(curves, dark=dark()), f"lesson further {place} {key}")
    show_panels(finding.panels or ())
    own = result.recorded is not None
    if finding.holds:
        says = "The claim held here." if own else "The claim holds with this setting, too."
        st.markdown(f":material/check: **{says}** {result.claim}")
    elif own:
        st.warning(
            f"The claim did not hold here: “{result.claim}” This is one run with one seed; below you see how often it "
            "held in the record.",
            icon=":material/warning:",
        )
    else:
        st.info(f"With this setting, the lesson's claim does not hold: “{result.claim}”", icon=":material/lightbulb:")


def _recorded(lesson: Lesson) -> None:
    recorded = record().get(lesson.number)
    if recorded is not None:
        st.caption(
            f"Recorded on {recorded.date} over {recorded.seeds} seeds by `{SCRIPT}` "
            f"({escape_markdown(recorded.machine)}): the claim held in {recorded.held} of {recorded.seeds} seeds."
        )
