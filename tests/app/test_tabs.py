"""Tabs by name: one that a link names as it was called before opens, and the address names it as it is called now."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from ui.pickers import tabs

    views = {"Layers": lambda: st.write("layers shown"), "Latency": lambda: st.write("latency shown")}
    tabs(views, key="see", renamed={"Speed": "Latency"})


def test_an_older_name_in_the_address_is_replaced_and_stays() -> None:
    app = AppTest.from_function(page, default_timeout=60)
    app.query_params["see"] = "Speed"
    for _ in range(2):
        app.run()
        assert not app.exception
        assert app.query_params["see"] == "Latency"
        assert [shown.value for shown in app.markdown] == ["latency shown"]
