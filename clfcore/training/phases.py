"""Phases of a transfer strategy: which layer groups train, at which peak rate, from which epoch until which."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from clfcore.architectures.heads import head_name, replace_head
from clfcore.architectures.stages import Group
from clfcore.distributed.ranks import ALONE, Ranks
from clfcore.errors import InputError
from clfcore.resolved_config import ResolvedConfig, ResolvedRecipe
from clfcore.training.loop import State
from clfcore.training.optimizer import new_state, parameter_groups

AUTO_GROUPS = 4  # how many groups `auto` frees in the end, the head among them


@dataclass(frozen=True)
class Phase:
    """From `first_epoch` to `last_epoch` the named groups train, each at its peak rate; every other is frozen."""

    first_epoch: int
    last_epoch: int
    rates: Mapping[str, float]

    def warm_steps(self, recipe: ResolvedRecipe, steps_per_epoch: int) -> int:
        """Steps over which what this phase frees warms up; 0 in the first, where the schedule does."""
        length = (self.last_epoch - self.first_epoch + 1) * steps_per_epoch
        return 0 if self.first_epoch == 1 else round(min(recipe.warmup_epochs * steps_per_epoch, length / 5))

    def apply(
        self, state: State, groups: Sequence[Group], recipe: ResolvedRecipe, *, steps_per_epoch: int
    ) -> list[str]:
        """Free what this phase trains, freeze the rest; the optimizer goes on, with its moments, for what was free.

        What is freed after the first epoch warms up over `warmup_epochs`, at most a fifth of the phase. Returns the
        names of the groups that were freed now; changes nothing where the phase was applied before.
        """
        parameters = dict(state.model.named_parameters())
        known = {group["layer_group"] for group in state.optimizer.param_groups}
        warm = self.warm_steps(recipe, steps_per_epoch)
        freed = []
        for group in groups:
            rate = self.rates.get(group.name)
            for name in group.parameters:
                parameters[name].requires_grad_(rate is not None)
            if rate is not None and group.name not in known:
                freed.append(group.name)
                for added in optimizer_groups(state.model, group, rate=rate, recipe=recipe):
                    state.optimizer.add_param_group({**added, "free_since": state.step, "warm_steps": warm})
        state.frozen = frozen_parts(state.model, batch_norm=bool(recipe.freeze_batch_norm))
        return freed


def phases(config: ResolvedConfig, groups: Sequence[Group]) -> tuple[Phase, ...]:
    """The phases of a filled configuration. Feature extraction has none: it fits a head on embeddings.

    groups: stem first, head last. Raises InputError where the network has fewer groups than are to be trained.
    """
    recipe = config.recipe
    if config.strategy == "scratch":
        return (Phase(1, recipe.epochs, {group.name: recipe.learning_rate for group in groups}),)
    if config.strategy == "fine-tuning":
        wanted = recipe.trainable_groups or len(groups)
        if wanted > len(groups):
            raise _too_many("recipe.trainable_groups", recipe.trainable_groups, groups, config=config)
        return (Phase(1, recipe.epochs, _rates(recipe, groups[-wanted:])),)
    if config.strategy == "progressive-unfreezing":
        steps = schedule(recipe, len(groups))
        for _, wanted in steps:
            if wanted > len(groups):
                raise _too_many("recipe.unfreeze", recipe.unfreeze, groups, config=config)
        ends = [first - 1 for first, _ in steps[1:]] + [recipe.epochs]
        return tuple(
            Phase(first, last, _rates(recipe, groups[-wanted:]))
            for (first, wanted), last in zip(steps, ends, strict=True)
        )
    return ()


def schedule(recipe: ResolvedRecipe, groups: int) -> tuple[tuple[int, int], ...]:
    """Pairs (first epoch, groups that train from it on) of an unfreezing recipe for a network of so many groups.

    `auto` trains the head for an epoch, then frees a group more at even distances, up to four. Raises InputError for a
    schedule that leaves the head frozen, goes back, or goes on past the last epoch.
    """
    if recipe.unfreeze == "auto":
        count = min(AUTO_GROUPS, groups, recipe.epochs)
        rest = [2 + round(i * (recipe.epochs - 1) / (count - 1)) for i in range(count - 1)]
        return tuple(zip((1, *rest), range(1, count + 1), strict=True))
    what = f"recipe.unfreeze is {recipe.unfreeze!r}"
    pairs = [pair.split(":") for pair in recipe.unfreeze.split(",")]
    steps = [(int(epoch), groups if count == "all" else int(count)) for epoch, count in pairs]
    if all(count == 0 for _, count in steps):
        raise InputError(f"{what}: it never frees the head; begin with 1:1, which trains the head from epoch 1 on")
    if steps[0][0] != 1 or steps[0][1] == 0:
        raise InputError(f"{what}: nothing would train in epoch 1; begin with 1:1, which trains the head")
    for (before, fewer), (after, more) in itertools.pairwise(steps):
        if after <= before or more <= fewer:
            raise InputError(f"{what}: epochs and groups must rise from pair to pair, such as 1:1,3:2,6:all")
    if steps[-1][0] > recipe.epochs:
        raise InputError(f"{what}: the run ends after epoch {recipe.epochs}; free earlier, or raise recipe.epochs")
    return tuple(steps)


def _rates(recipe: ResolvedRecipe, groups: Sequence[Group]) -> dict[str, float]:
    """Peak rate of each group, lowest first: the head's, and the backbone's times the decay from group to group."""
    backbone = {
        group.name: recipe.backbone_learning_rate * recipe.group_decay**depth
        for depth, group in enumerate(reversed(groups[:-1]))
    }
    return {group.name: backbone.get(group.name, recipe.learning_rate) for group in groups}


def _too_many(field: str, value: object, groups: Sequence[Group], *, config: ResolvedConfig) -> InputError:
    names = ", ".join(group.name for group in groups)
    shown = repr(value) if isinstance(value, str) else value
    return InputError(
        f"{field} is {shown}: {config.architecture} has {len(groups)} layer groups ({names}); take no more than that"
    )


def optimizer_groups(model: nn.Module, group: Group, *, rate: float, recipe: ResolvedRecipe) -> list[dict]:
    parameters = dict(model.named_parameters())
    named = [(name, parameters[name]) for name in group.parameters]
    return parameter_groups(named, rate=rate, weight_decay=recipe.weight_decay, group=group.name)


def first_state(
    model: nn.Module,
    phase: Phase,
    groups: Sequence[Group],
    *,
    recipe: ResolvedRecipe,
    device: torch.device,
    compile: bool = False,
    ranks: Ranks = ALONE,
) -> State:
    """What training changes, before its first step: the network, and the optimizer over the phase's groups."""
    parts = [
        part
        for group in groups
        if group.name in phase.rates
        for part in optimizer_groups(model, group, rate=phase.rates[group.name], recipe=recipe)
    ]
    return new_state(model, recipe, parts, device=device, compile=compile, ranks=ranks)


def put_head(model: nn.Module, groups: Sequence[Group], head: nn.Module) -> tuple[Group, ...]:
    """Put `head` in the classifier's place; returns the layer groups with its parameters in the last of them."""
    place = head_name(model)
    replace_head(model, head)
    others = [name for name in groups[-1].parameters if not name.startswith(place + ".")]
    names = [f"{place}.{name}" for name, _ in head.named_parameters()]
    return (*groups[:-1], Group(groups[-1].name, (*others, *names)))


def weight_change(before: Mapping[str, Tensor], model: nn.Module, groups: Sequence[Group]) -> dict[str, float]:
    """How far each group's parameters went from where they began: the distance's share of their norm; head left out."""
    after = dict(model.named_parameters())
    shares = {}
    for group in groups[:-1]:
        pairs = [(before[name], after[name].detach().cpu()) for name in group.parameters]
        distance = sum(float((b - a).double().square().sum()) for a, b in pairs)
        norm = sum(float(a.double().square().sum()) for a, _ in pairs)
        shares[group.name] = (distance / norm) ** 0.5 if norm else 0.0
    return shares


def frozen_parts(model: nn.Module, *, batch_norm: bool = False) -> list[nn.Module]:
    """The largest parts of which no parameter trains: their dropout and batch normalization stay in eval mode.

    batch_norm: every batch normalization counts as one: its scale and shift train, its statistics do not, which
    small batches of other pictures would replace by noise.
    """

    def walk(module: nn.Module) -> list[nn.Module]:
        parameters = list(module.parameters())
        if parameters and not any(p.requires_grad for p in parameters):
            return [module]
        if batch_norm and isinstance(module, _BatchNorm):
            return [module]
        return [part for child in module.children() for part in walk(child)]

    return walk(model)


def count_trainable(model: nn.Module) -> int:
    """How many parameters train."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def count_parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
