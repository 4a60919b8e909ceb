"""What happens to a training image: policies as data, an epoch's draws as one table, batches changed on their device.

    policy(name or steps) -> Policy          data, JSON in and out
    table(policy, seed, epoch, items)        the draws of an epoch, a row an item
    apply(policy, rows, pixels, size)        a batch, each image by its own row

Torch is imported when `apply` or another name that needs it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from clfcore.augment.draws import row, table
from clfcore.augment.policies import POLICIES, VERSION, Policy, Step, from_json, policy, step

if TYPE_CHECKING:
    from clfcore.augment.batch import apply, stages

__all__ = ["POLICIES", "VERSION", "Policy", "Step", "apply", "from_json", "policy", "row", "stages", "step", "table"]

_LATER = {"apply": "batch", "stages": "batch"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"clfcore.augment.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
