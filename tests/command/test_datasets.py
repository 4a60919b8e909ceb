"""The library on the command line: what is added is listed, opened by its name, renamed and deleted."""

import json
from collections.abc import Callable
from pathlib import Path

from clfcore.runs.create import create_run, with_absolute_data
from tests.conftest import small_config
from tests.support.command_line import refused

Call = Callable[..., tuple[int, str, str]]


def test_added_listed_renamed_and_forgotten(call: Call, photos: Path) -> None:
    status, out, _ = call("datasets", "add", photos, "--name", "holiday photos", "--json")
    assert status == 0
    added = json.loads(out)["added"]
    assert (added["name"], added["classes"], added["items"], added["spec"]) == ("holiday photos", 2, 24, str(photos))
    listed = json.loads(call("datasets", "--json")[1])["datasets"]
    assert [row["name"] for row in listed[:2]] == ["holiday photos", "digits"]
    assert all({"name", "task", "classes", "items", "available"} <= set(row) for row in listed)
    assert json.loads(call("datasets", "check", "holiday photos", "--json")[1])["name"] == "holiday photos"
    assert call("datasets", "rename", "holiday photos", "--name", "summer")[1].strip() == (
        "holiday photos is now summer"
    )
    assert f"its files stay in {photos}" in call("datasets", "delete", "summer")[1]
    assert photos.is_dir()


def test_a_run_keeps_the_path_and_is_called_by_the_name(call: Call, photos: Path) -> None:
    call("datasets", "add", photos, "--name", "holiday photos")
    run = create_run(with_absolute_data(small_config().changed(data="holiday photos")))
    assert run.config.data == str(photos)
    assert "-holiday-photos-" in run.id


def test_what_cannot_be_done_is_refused_in_a_line(call: Call, photos: Path) -> None:
    refused(call("datasets", "add", "digits"), "that is the catalogue's")
    refused(call("datasets", "rename", "holiday", "--name", "x"), "you have none of that name")
    refused(call("datasets", "delete", "digits"), "you have none of that name")
    call("datasets", "add", photos)
    refused(call("datasets", "rename", "photos"), "--name is missing")
    refused(call("datasets", "rename", "photos", "--name", "a/b"), "leave out /")
    refused(call("datasets", "check", "photoz"), "did you mean photos?")
