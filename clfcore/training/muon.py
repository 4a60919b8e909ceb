"""Muon for the matrices inside a network, AdamW for everything else, as one optimizer."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn


def is_matrix(parameter: nn.Parameter, group: str) -> bool:
    """What Muon moves: matrices, but not the head's, which its authors leave to AdamW (Jordan et al. 2024)."""
    return parameter.ndim == 2 and group != "head"


class MatrixOptimizer:
    """torch.optim.Muon and torch.optim.AdamW side by side, with the part of an Optimizer that the loop uses.

    torch's Muon takes matrices alone. Its updates are scaled to the size of AdamW's (Liu et al. 2025), so that one
    learning rate serves both.
    """

    def __init__(self, groups: Iterable[Mapping[str, Any]], *, rate: float) -> None:
        self.rate = rate
        self.parts: dict[str, torch.optim.Optimizer] = {}
        for group in groups:
            self.add_param_group(group)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Those of both; changing one here changes it there."""
        return [group for part in self.parts.values() for group in part.param_groups]

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        named = {
            "muon": [p for p in group["params"] if is_matrix(p, group.get("layer_group", ""))],
            "adamw": [p for p in group["params"] if not is_matrix(p, group.get("layer_group", ""))],
        }
        for name, parameters in named.items():
            part = {**group, "params": parameters}
            if parameters and name in self.parts:
                self.parts[name].add_param_group(part)
            elif parameters and name == "muon":
                self.parts[name] = torch.optim.Muon([part], lr=self.rate, adjust_lr_fn="match_rms_adamw")
            elif parameters:
                self.parts[name] = torch.optim.AdamW([part], lr=self.rate)

    def step(self) -> None:
        for part in self.parts.values():
            part.step()

    def zero_grad(self, *, set_to_none: bool = True) -> None:
        for part in self.parts.values():
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self.parts.items()}

    def load_state_dict(self, stored: Mapping[str, Any]) -> None:
        for name, part in self.parts.items():
            part.load_state_dict(stored[name])
