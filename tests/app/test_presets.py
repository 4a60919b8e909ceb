"""A preset that was chosen for a network offers it on Train."""

from tests.support.pages import OpenPage
from ui.session import ARCHITECTURE


def test_a_preset_offers_the_network_it_was_chosen_for(open_page: OpenPage) -> None:
    app = open_page("train", data="digits")
    app.selectbox(key="preset").select("cifar10, fast").run()
    assert not app.exception
    app.button(key="preset network").click().run()
    assert not app.exception
    assert app.session_state[ARCHITECTURE.key] == "airbench"
    assert "preset network" not in [button.key for button in app.button]
