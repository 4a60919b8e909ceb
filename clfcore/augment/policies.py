"""Augmentation policies by name, built in or saved, from a file, or as JSON."""

from collections.abc import Mapping, Sequence

from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.policy import LARGEST, Policy, from_json, from_object
from clfcore.augment.saved_policies import load_policy
from clfcore.errors import InputError
from clfcore.files import read_text, typed_path


def policy(given: str | Mapping[str, object] | Sequence[object] | Policy, *, name: str = "own") -> Policy:
    """A policy from its name (built in or one's own), its JSON object, or a list of steps.

    Raises InputError where the name, the version, a step or a parameter is not known, naming what is.

    >>> policy([{"step": "horizontal-flip"}, "rotation"]).steps[0].as_dict()
    {'step': 'horizontal-flip', 'probability': 0.5}
    """
    if isinstance(given, Policy):
        return given
    if isinstance(given, str):
        return POLICIES[given] if given in POLICIES else load_policy(given)
    return from_object(given, name=name)


def policy_or_name(given: object) -> Policy:
    """The policy that a run names: a name, JSON text, a .json file, its object, or a list of steps.

    Raises InputError whose words follow `recipe.augmentation`.
    """
    try:
        if not isinstance(given, str):
            return policy(given)  # type: ignore[arg-type]
        if given.lstrip().startswith(("{", "[")):
            return from_json(given)
        if given.endswith(".json"):
            return from_json(read_text(typed_path(given, "policy"), most=LARGEST, what="a policy as JSON"))
        return policy(given)
    except (InputError, TypeError) as error:
        message = str(error)
        raise InputError(
            message[13:] if message.startswith("augmentation ") else f"cannot be used: {message}"
        ) from None


def policy_by_name(given: str) -> Policy:
    """`chosen`, its refusals made to stand alone."""
    try:
        return policy_or_name(given)
    except InputError as error:
        raise InputError(f"augmentation {error}") from None
