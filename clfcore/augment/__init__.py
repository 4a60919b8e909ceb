"""What happens to a training image: policies as data, an epoch's draws as one table, batches changed on their device.

    policy(name or steps) -> Policy          data, JSON in and out; one's own are kept under a name
    table(policy, seed, epoch, items)        the draws of an epoch, a row an item
    apply(policy, rows, pixels, size)        a batch, each image by its own row
    at_scale(policy, preprocess)             the preprocessing that evaluates at the policy's scale
    Mix, pairing, mixed, soft_targets        Mixup and CutMix
    views, strip, statistics                 what a policy does, seen before it is used
    evaluation_views, combined               test-time augmentation

Torch is imported when `apply` or another name that needs it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from clfcore.augment.code import torchvision_code
from clfcore.augment.draws import row, table
from clfcore.augment.kept import delete, load, save, saved
from clfcore.augment.labels import changes, warning
from clfcore.augment.mix import Mix, Pairing, density, pairing
from clfcore.augment.policies import POLICIES, VERSION, Policy, Step, from_json, policy, step
from clfcore.augment.rules import KINDS, Kind, Rule
from clfcore.augment.scale import at_scale

if TYPE_CHECKING:
    from clfcore.augment.averaging import VIEWS, combined, evaluation_views
    from clfcore.augment.batch import apply, stages
    from clfcore.augment.mixing import Mixed, mixed, mixed_label, soft_cross_entropy, soft_targets
    from clfcore.augment.partners import Pair, pairs
    from clfcore.augment.previews import Shown, Statistics, statistics, strip, views

__all__ = [
    "KINDS",
    "POLICIES",
    "VERSION",
    "VIEWS",
    "Kind",
    "Mix",
    "Mixed",
    "Pair",
    "Pairing",
    "Policy",
    "Rule",
    "Shown",
    "Statistics",
    "Step",
    "apply",
    "at_scale",
    "changes",
    "combined",
    "delete",
    "density",
    "evaluation_views",
    "from_json",
    "load",
    "mixed",
    "mixed_label",
    "pairing",
    "pairs",
    "policy",
    "row",
    "save",
    "saved",
    "soft_cross_entropy",
    "soft_targets",
    "stages",
    "statistics",
    "step",
    "strip",
    "table",
    "torchvision_code",
    "views",
    "warning",
]

_LATER = {
    "batch": ("apply", "stages"),
    "mixing": ("Mixed", "mixed", "mixed_label", "soft_cross_entropy", "soft_targets"),
    "previews": ("Shown", "Statistics", "statistics", "strip", "views"),
    "partners": ("Pair", "pairs"),
    "averaging": ("VIEWS", "combined", "evaluation_views"),
}


def __getattr__(name: str) -> Any:
    for module, names in _LATER.items():
        if name in names:
            return getattr(importlib.import_module(f"clfcore.augment.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
