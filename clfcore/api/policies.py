"""Augmentation policies: those at hand, one as JSON and as torchvision code, its views of a picture, a trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.augment import saved_policies
from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.policies import policy, policy_by_name
from clfcore.augment.to_torchvision import torchvision_code
from clfcore.augment.train_test_resolution import at_training_scale
from clfcore.config import RunConfig
from clfcore.outputs import output_path
from clfcore.progress import Progress
from clfcore.results import JsonObject, Result, json_value

if TYPE_CHECKING:
    from clfcore.experiments.compare_policies import PolicyComparison


@dataclass(frozen=True)
class PolicyRow(Result):
    """A policy and the kinds of its steps; own: saved on this machine."""

    name: str
    own: bool
    steps: tuple[str, ...]


@dataclass(frozen=True)
class PolicyList(Result):
    """The built-in policies, then the saved ones."""

    policies: tuple[PolicyRow, ...]


@dataclass(frozen=True)
class PolicySource(Result):
    """A policy in its own JSON form, and as torchvision code."""

    policy: JsonObject
    torchvision: str


@dataclass(frozen=True)
class PolicyViews(Result):
    """The file of a policy's views of one picture, and what each view is."""

    picture: str
    out: Path
    shown: tuple[str, ...]


@dataclass(frozen=True)
class SavedPolicy(Result):
    """The name that a policy was saved under."""

    saved: str


@dataclass(frozen=True)
class DeletedPolicy(Result):
    """The name of a policy that is gone."""

    deleted: str


@dataclass(frozen=True)
class PolicyTrial(Result):
    """What each policy reached on the same sample."""

    comparison: "PolicyComparison"

    def as_json(self) -> JsonObject:
        """The comparison's fields are the keys."""
        return dict(json_value(self.comparison))


def list_policies() -> PolicyList:
    """The built-in policies and those saved on this machine."""
    names = (*POLICIES, *saved_policies.saved_policies())
    rows = (PolicyRow(name, name not in POLICIES, tuple(step.kind for step in policy(name).steps)) for name in names)
    return PolicyList(tuple(rows))


def show_policy(name: str, *, image_size: int | None = None) -> PolicySource:
    """A policy, by name, JSON or .json file. image_size: side of the network's square that the code is for."""
    from clfcore.augment.file_previews import usual_preprocess  # brings torch along

    chosen = policy_by_name(name)
    square = at_training_scale(chosen, usual_preprocess(image_size or 224, 3, image_size))
    sides = {"size": square.size, "stored_side": square.stored_side}
    code = torchvision_code(chosen, **sides, mean=square.mean, deviation=square.deviation)
    return PolicySource(chosen.as_dict(), code)


def preview_policy(
    name: str,
    out: str | Path,
    *,
    image: Path | None = None,
    data: str | None = None,
    place: int = 1,
    image_size: int | None = None,
    seed: int = 0,
    epoch: int = 1,
    count: int = 16,
    steps: bool = False,
    overwrite: bool = False,
) -> PolicyViews:
    """One PNG: a picture, of a file or of data, and `count` epochs' views of it; steps: one view after every step."""
    from clfcore.augment.file_previews import file_previews  # both bring torch along
    from clfcore.experiments.overfit_one_batch import write_contact_sheet

    chosen = policy_by_name(name)
    out = output_path(out, inputs=[image, data, name], overwrite=overwrite)
    views = file_previews(
        chosen, image=image, data=data, place=place, size=image_size, seed=seed, epoch=epoch, count=count, steps=steps
    )
    write_contact_sheet(views.pictures, out)
    return PolicyViews(views.name, out, tuple(views.captions))


def save_policy(steps: str, name: str, *, replace: bool = False) -> SavedPolicy:
    """Save a policy (a name, JSON or a .json file) under a name of one's own."""
    return SavedPolicy(saved_policies.save_policy(policy_by_name(steps), name, replace=replace).name)


def delete_policy(name: str) -> DeletedPolicy:
    """Delete a saved policy."""
    saved_policies.delete_policy(name)
    return DeletedPolicy(name)


def trial(
    config: RunConfig,
    policies: Sequence[str] = ("none", "basic"),
    *,
    seconds: float = 60.0,
    sample: int = 1000,
    progress: Progress | None = None,
) -> PolicyTrial:
    """Train each policy on the same `sample` training images, all within `seconds`: does augmentation help?"""
    from clfcore.experiments.compare_policies import compare_policies  # brings torch along

    chosen = {name: policy_by_name(name) for name in policies}
    return PolicyTrial(compare_policies(config, chosen, seconds=seconds, sample=sample, progress=progress))
