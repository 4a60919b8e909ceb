"""A setting's rule becomes its widget: limits, choices and help are read from the configuration."""

import pytest
from streamlit.testing.v1 import AppTest

from clfcore.config import FIELDS


def drawn(name: str, default: object) -> AppTest:
    def page(name: str, default: object) -> None:
        import streamlit as st

        from ui.fields import field

        st.json({"value": field(name, default=default)})

    return AppTest.from_function(page, args=(name, default)).run()


def test_a_number_has_its_limits_help_and_default_in_grey() -> None:
    box = drawn("recipe.epochs", 15).number_input[0]
    assert (box.min, box.max, box.value) == (1, 10_000, None)
    assert box.placeholder == "15"
    assert box.help == "Passes over the training split."


def test_a_choice_offers_what_the_rule_allows() -> None:
    box = drawn("recipe.schedule", None).selectbox[0]
    assert box.options == ["constant", "cosine", "step", "plateau", "warmup-cosine", "one-cycle"]
    assert box.placeholder == "warmup-cosine"


@pytest.mark.parametrize("name", [name for name in FIELDS if name.startswith("recipe.")])
def test_every_field_of_the_recipe_has_a_widget(name: str) -> None:
    app = drawn(name, None)
    assert not app.exception
    assert len(app.number_input) + len(app.selectbox) + len(app.text_input) == 1
