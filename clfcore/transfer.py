"""A strategy as phases: which layer groups train, at which peak rate, until which epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from clfcore.architectures.stages import Group
from clfcore.config import Recipe, RunConfig
from clfcore.training.loop import State
from clfcore.training.recipe import parameter_groups


@dataclass(frozen=True)
class Phase:
    """Up to `last_epoch` the named layer groups train, each at its peak rate; every other group is frozen."""

    last_epoch: int
    rates: Mapping[str, float]

    def apply(self, state: State, groups: Sequence[Group], recipe: Recipe) -> None:
        """Free what this phase trains, freeze the rest; the optimiser goes on, with its moments, for what was free."""
        parameters = dict(state.model.named_parameters())
        known = {group["layer_group"] for group in state.optimiser.param_groups}
        for group in groups:
            rate = self.rates.get(group.name)
            for name in group.parameters:
                parameters[name].requires_grad_(rate is not None)
            if rate is not None and group.name not in known:
                for added in optimiser_groups(state.model, group, rate=rate, recipe=recipe):
                    state.optimiser.add_param_group(added)
        state.frozen = frozen_parts(state.model)


def phases(config: RunConfig, groups: Sequence[Group]) -> tuple[Phase, ...]:
    """The phases of a filled configuration. Feature extraction has none: it fits a head on embeddings."""
    recipe = config.recipe
    if config.strategy == "scratch":
        return (Phase(recipe.epochs, {group.name: recipe.learning_rate for group in groups}),)
    return ()


def optimiser_groups(model: nn.Module, group: Group, *, rate: float, recipe: Recipe) -> list[dict]:
    parameters = dict(model.named_parameters())
    named = [(name, parameters[name]) for name in group.parameters]
    return parameter_groups(named, rate=rate, weight_decay=recipe.weight_decay, group=group.name)


def frozen_parts(model: nn.Module) -> list[nn.Module]:
    """The largest parts of which no parameter trains: their dropout and batch normalisation stay in eval mode."""

    def walk(module: nn.Module) -> list[nn.Module]:
        parameters = list(module.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            return [module]
        return [part for child in module.children() for part in walk(child)]

    return walk(model)


def trainable(model: nn.Module) -> int:
    """How many parameters train."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def total(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
