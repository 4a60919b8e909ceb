"""A setting's rule becomes its widget: limits, choices and help are read from the configuration."""

from streamlit.testing.v1 import AppTest

from clfcore.config import FIELDS


def drawn(name: str, default: object) -> AppTest:
    def page(name: str, default: object) -> None:
        import streamlit as st

        from ui.fields import field

        st.json({"value": field(name, default=default)})

    return AppTest.from_function(page, args=(name, default)).run()


def test_a_number_has_its_limits_help_and_shows_its_default() -> None:
    app = drawn("recipe.epochs", 15)
    box = app.number_input[0]
    assert (box.min, box.max, box.value) == (1, 10_000, 15)
    assert box.help == "Passes over the training split."
    assert '"value":null' in app.json[0].value.replace(" ", "")


def test_a_number_counts_from_its_default_and_is_open_again_where_it_equals_it() -> None:
    app = drawn("recipe.epochs", 15)
    app.number_input[0].increment().run()
    assert app.number_input[0].value == 16
    assert '"value":16' in app.json[0].value.replace(" ", "")
    app.number_input[0].set_value(15).run()
    assert '"value":null' in app.json[0].value.replace(" ", "")


def test_an_untouched_number_follows_a_default_that_changes_and_an_entered_one_stays() -> None:
    def page() -> None:
        import streamlit as st

        from ui.fields import field

        st.json({"value": field("recipe.epochs", default=st.selectbox("Default", (15, 30)))})

    app = AppTest.from_function(page).run()
    app.selectbox[0].set_value(30).run()
    assert app.number_input[0].value == 30
    assert '"value":null' in app.json[0].value.replace(" ", "")
    app.number_input[0].set_value(7).run()
    app.selectbox[0].set_value(15).run()
    assert app.number_input[0].value == 7
    assert '"value":7' in app.json[0].value.replace(" ", "")


def test_a_choice_offers_what_the_rule_allows() -> None:
    box = drawn("recipe.schedule", None).selectbox[0]
    assert box.options == ["constant", "cosine", "step", "plateau", "warmup-cosine", "one-cycle", "triangular"]
    assert box.placeholder == "warmup-cosine"


def test_every_field_of_the_recipe_has_a_widget() -> None:
    def page(names: list[str]) -> None:
        import streamlit as st

        from ui.fields import field

        for name in names:
            with st.container(key=name.replace(".", "-")):
                field(name, default=None)

    names = [name for name in FIELDS if name.startswith("recipe.")]
    app = AppTest.from_function(page, args=(names,)).run()
    assert not app.exception
    for container, name in zip(app.main.children.values(), names, strict=True):
        kinds = [child.type for child in container.children.values()]
        assert len([kind for kind in kinds if kind in ("number_input", "selectbox", "text_input")]) == 1, name
