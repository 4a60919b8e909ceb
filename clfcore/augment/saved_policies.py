"""One's own policies, kept under a name in the lab's folder: one JSON file each."""

from pathlib import Path

from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.policy import LARGEST, Policy, from_json
from clfcore.errors import InputError, unknown
from clfcore.files import policies_folder, read_text, safe_name, write_text


def save_policy(policy: Policy, name: str, *, replace: bool = False) -> Policy:
    """Keep the policy's steps under `name` and return it so named.

    Raises InputError where the name is that of a built-in policy, is taken, or cannot be a file's.
    """
    if not name or name != safe_name(name):
        raise InputError(f"the name is {name!r}: use letters, digits, '.', '_' and '-', such as {safe_name(name)!r}")
    if name in POLICIES:
        raise InputError(f"{name!r} is a policy that comes with the lab: choose another name")
    if _path(name).exists() and not replace:
        raise InputError(f"there is a policy named {name!r} already: choose another name, or replace it")
    named = Policy(name, policy.steps)
    write_text(_path(name), named.as_json() + "\n")
    return named


def saved_policies() -> tuple[str, ...]:
    """The names of one's own policies, in order."""
    return tuple(sorted(path.stem for path in policies_folder().glob("*.json")))


def load_policy(name: str) -> Policy:
    """One's own policy. Raises InputError where there is none of that name, or its file cannot be understood."""
    _known(name)
    try:
        return Policy(name, from_json(read_text(_path(name), most=LARGEST, what="a policy as JSON")).steps)
    except (InputError, OSError) as error:
        raise InputError(f"{_path(name)} holds no policy: {error}") from None


def delete_policy(name: str) -> None:
    """Forget one's own policy. Raises InputError where there is none of that name."""
    _known(name)
    _path(name).unlink()


def _known(name: str) -> None:
    if name not in saved_policies():
        raise unknown("augmentation", name, (*POLICIES, *saved_policies()), most=24)


def _path(name: str) -> Path:
    return policies_folder() / f"{name}.json"
