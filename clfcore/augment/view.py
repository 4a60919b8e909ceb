"""View of a split: how one draw of a policy changes each of its images."""

import json
from dataclasses import dataclass

import numpy as np

from clfcore.augment import random_table
from clfcore.augment.policy import Policy


@dataclass(frozen=True)
class View:
    """Random view of every image: draw `number` (from 1) of a policy under a seed, that of the epoch of this number."""

    policy: Policy
    seed: int
    number: int

    @property
    def text(self) -> str:
        """Identity of the view, as text."""
        return json.dumps([self.policy.as_dict(), self.seed, self.number], sort_keys=True)

    def draws(self, items: int) -> np.ndarray:
        """The random numbers of the view, a row an item of the split."""
        return random_table.table(self.policy, seed=self.seed, epoch=self.number, items=items)
