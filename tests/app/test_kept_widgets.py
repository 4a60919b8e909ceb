"""Widgets that stand in no address: a reload brings back what was chosen, and an untouched tab has no token."""

from streamlit.testing.v1 import AppTest

from ui.session import TAB, TAB_TOKEN


def script() -> None:
    import streamlit as st

    from ui.session import keep_widgets, kept, note_widgets, restore_widgets

    restore_widgets()
    keep_widgets()
    st.number_input("Views", 1, 48, 17, **kept("views"))
    if not st.toggle("Another page", key="another page"):
        st.multiselect("Against", ["none", "basic"], ["none"], **kept("against"))
    try:
        if st.toggle("Stop early", key="stop early"):
            st.text_input("Name", "mine", **kept("name"))
            st.stop()
    finally:
        note_widgets()


def tab(**address: str) -> AppTest:
    app = AppTest.from_function(script, default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def token(app: AppTest) -> str:
    kept = TAB_TOKEN.key in app.session_state
    return str(app.session_state[TAB_TOKEN.key]) if kept else ""


def test_a_reload_brings_back_what_was_chosen_and_again() -> None:
    first = tab()
    assert not token(first)
    first.number_input(key="views").set_value(5).run()
    first.multiselect(key="against").set_value(["basic"]).run()
    first.toggle(key="another page").set_value(True).run().run()
    again = tab(**{TAB: token(first)})
    assert (again.number_input(key="views").value, again.multiselect(key="against").value) == (5, ["basic"])
    again.run()
    assert token(again) not in ("", token(first))
    assert tab(**{TAB: token(again)}).number_input(key="views").value == 5


def test_a_page_that_stops_early_keeps_its_widgets_too() -> None:
    first = tab()
    first.toggle(key="stop early").set_value(True).run()
    first.text_input(key="name").set_value("yours").run()
    again = tab(**{TAB: token(first)})
    assert again.toggle(key="stop early").set_value(True).run().text_input(key="name").value == "yours"


def test_a_second_tab_with_the_same_address_changes_nothing_in_the_first() -> None:
    first = tab()
    first.number_input(key="views").set_value(5).run()
    other = tab(**{TAB: token(first)})
    other.number_input(key="views").set_value(9).run()
    assert first.run().number_input(key="views").value == 5
    assert tab(**{TAB: token(first)}).number_input(key="views").value == 5


def test_a_link_goes_before_what_was_kept_and_a_strange_token_is_nothing() -> None:
    first = tab()
    first.number_input(key="views").set_value(5).run()
    assert tab(**{TAB: token(first), "views": "9"}).number_input(key="views").value == 17
    assert tab(**{TAB: "../../etc"}).number_input(key="views").value == 17
