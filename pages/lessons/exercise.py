"""Your turn: the exercise that changes one thing, the rooms where the lesson goes on, sources, and print."""

import tempfile
from pathlib import Path

import streamlit as st

from clfcore.api import print_lesson
from clfcore.lessons.lesson import Lesson
from pages.lessons.experiment import run, show


def exercise(lesson: Lesson) -> None:
    """One setting to change; the same experiment under it."""
    setting = lesson.setting
    st.write(setting.exercise)
    value = st.segmented_control(
        setting.label,
        setting.choices,
        default=setting.choices[1],
        required=True,
        key="setting",
        bind="query-params",
        help=f"The lesson uses {setting.default}. The page's address keeps this setting.",
    )
    chosen = lesson.value(value)
    result = run(lesson, chosen, key="run exercise")
    if result is not None:
        show(result)
    st.subheader("Where to go next", anchor=False)
    for room in lesson.rooms:
        st.page_link(
            f"pages/{room.page}/page.py",
            label=room.label,
            icon=":material/arrow_forward:",
            query_params=room.address_for(chosen),
        )
    with st.expander("As a command"):
        commands = [
            f'python -m clfcore lesson {lesson.number} --setting "{value}"',
            *(room.command_for(chosen) for room in lesson.rooms),
        ]
        st.code("\n".join(commands), language="bash")
    st.subheader("Sources", anchor=False)
    st.markdown("\n".join(f"- [{source.text}]({source.url})" for source in lesson.sources))
    st.download_button(
        "Download this lesson to print (HTML)",
        data=lambda: _sheet(lesson),
        file_name=f"lesson-{lesson.number}.html",
        mime="text/html",
        on_click="ignore",
        icon=":material/print:",
    )


def _sheet(lesson: Lesson) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return print_lesson(lesson.number, Path(folder) / "lesson.html").out.read_bytes()
