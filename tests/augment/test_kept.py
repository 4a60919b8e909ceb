"""One's own policies: kept, found by name, refused where they cannot be."""

import json

import pytest

from clfcore import augment
from clfcore.errors import InputError
from clfcore.files import policies_folder


def test_a_saved_policy_is_found_by_its_name():
    kept = augment.save(augment.policy(["horizontal-flip", {"step": "rotation", "degrees": 3}]), "gentle")
    assert augment.saved() == ("gentle",)
    assert augment.policy("gentle") == kept
    with pytest.raises(InputError, match="there is a policy named 'gentle' already"):
        augment.save(augment.policy("none"), "gentle")
    assert augment.save(augment.policy("none"), "gentle", replace=True).steps == augment.policy("gentle").steps == ()
    augment.delete("gentle")
    with pytest.raises(InputError, match="augmentation is 'gentle': it must be one of none, "):
        augment.policy("gentle")


@pytest.mark.parametrize("name", ["", "../out", "a/b", ".hidden", "two words"])
def test_names_that_are_no_file_names_are_refused(name):
    with pytest.raises(InputError, match="use letters, digits"):
        augment.save(augment.policy("none"), name)
    with pytest.raises(InputError, match="must be one of"):
        augment.load(name)


def test_a_built_in_name_is_refused():
    with pytest.raises(InputError, match="comes with the lab"):
        augment.save(augment.policy("none"), "basic")


@pytest.mark.parametrize("text", ["", "[", json.dumps({"version": 99, "name": "x", "steps": []}), "\xff"])
def test_a_damaged_file_or_another_version_is_refused(text):
    policies_folder().mkdir(parents=True)
    (policies_folder() / "x.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"x\.json holds no policy") as refusal:
        augment.policy("x")
    if "99" in text:
        assert "version is 99: this clflab reads version 1" in str(refusal.value)
