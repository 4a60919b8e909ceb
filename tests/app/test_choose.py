"""Choices in the address, and settings that differ."""

from clfcore.data.library.specs import display_name
from ui.pickers import differing


def test_settings_that_differ_come_first() -> None:
    first = {"data": "digits", "architecture": "lenet5", "recipe": {"epochs": 3, "seed": 0}}
    second = {"data": "digits", "architecture": "lenet5", "recipe": {"epochs": 5, "seed": 0}}
    rows = differing([first, second])
    assert rows[0] == ("epochs", [3, 5])
    assert ("data", ["digits", "digits"]) in rows[1:]


def test_a_setting_that_one_run_lacks_differs() -> None:
    assert differing([{"data": "a"}, {"data": "a", "fit": "pad"}])[0] == ("fit", [None, "pad"])


def test_a_path_is_called_by_its_last_part() -> None:
    assert display_name("/home/me/photos of cats/") == "photos of cats"
    assert display_name("C:\\photos\\cats.zip") == "cats.zip"
    assert display_name("digits") == "digits"
