"""One's own policies: kept, found by name, refused where they cannot be."""

import json

import pytest

from clfcore.augment.policies import policy
from clfcore.augment.saved_policies import delete_policy, load_policy, save_policy, saved_policies
from clfcore.errors import InputError
from clfcore.files import policies_folder


def test_a_saved_policy_is_found_by_its_name():
    kept = save_policy(policy(["horizontal-flip", {"step": "rotation", "degrees": 3}]), "gentle")
    assert saved_policies() == ("gentle",)
    assert policy("gentle") == kept
    with pytest.raises(InputError, match="there is a policy named 'gentle' already"):
        save_policy(policy("none"), "gentle")
    assert save_policy(policy("none"), "gentle", replace=True).steps == policy("gentle").steps == ()
    delete_policy("gentle")
    with pytest.raises(InputError, match="augmentation is 'gentle': it must be one of none, "):
        policy("gentle")


@pytest.mark.parametrize("name", ["", "../out", "a/b", ".hidden", "two words"])
def test_names_that_are_no_file_names_are_refused(name):
    with pytest.raises(InputError, match="use letters, digits"):
        save_policy(policy("none"), name)
    with pytest.raises(InputError, match="must be one of"):
        load_policy(name)


def test_a_built_in_name_is_refused():
    with pytest.raises(InputError, match="comes with the lab"):
        save_policy(policy("none"), "basic")


@pytest.mark.parametrize("text", ["", "[", json.dumps({"version": 99, "name": "x", "steps": []}), "\xff"])
def test_a_damaged_file_or_another_version_is_refused(text):
    policies_folder().mkdir(parents=True)
    (policies_folder() / "x.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"x\.json holds no policy") as refusal:
        policy("x")
    if "99" in text:
        assert "version is 99: this clflab reads version 1" in str(refusal.value)
