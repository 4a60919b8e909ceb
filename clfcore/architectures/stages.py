"""Stem, stages and head of any network by one rule, read from its modules: a stage is what happens at one resolution.

    stem    the unit with the first convolution, and what follows it without another one
    stage   units up to the next one that makes the maps smaller; where none does (a ViT), each block is a stage
    neck    linear layers between the last maps and the classifier (AlexNet, VGG, MobileNetV3), where there are any
    head    the classifier

A unit is a child of the network; the child that holds all stages (`features`, `blocks`) is opened first.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from clfcore.architectures.heads import head_name
from clfcore.errors import InputError

_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.LPPool2d)
_TRUNK = re.compile(r"(^|[._])(features|stages|blocks|layers|levels|network|transformers|encoder)$")
_NO_END = re.compile(r"Pool\w*$|^Flatten|Dropout\w*$|^Identity")  # what stands between the last maps and the classifier


@dataclass(frozen=True)
class Group:
    """Layers that train together: `stem`, `stage_1`, …, perhaps `neck`, `head`; names of their parameters."""

    name: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class _Plan:
    stem: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...]  # dotted names of units


def stages(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """Each stage's dotted name and the module whose output is the stage's, first to last; without stem and head."""
    ends = [units[-1] for units in _plan(module).stages]
    return [(name, module.get_submodule(name)) for name in ends]


def stem(module: nn.Module) -> tuple[str, nn.Module] | None:
    """The dotted name of the stem's last module and that module; None where the network has no convolution."""
    names = _plan(module).stem
    return (names[-1], module.get_submodule(names[-1])) if names else None


def stage_units(module: nn.Module) -> dict[str, tuple[str, ...]]:
    """Dotted names of the units of each layer group between stem and neck, in the order of the network."""
    plan = _plan(module)
    return {"stem": plan.stem} | {f"stage_{number + 1}": units for number, units in enumerate(plan.stages)}


def layer_groups(module: nn.Module) -> tuple[Group, ...]:
    """Every parameter in one group: stem first, then the stages, head last. Empty groups are left out."""
    members: dict[str, list[str]] = {}
    names = [name for name, _ in module.named_parameters()]
    for name, group in zip(names, group_names(module, names), strict=True):
        members.setdefault(group, []).append(name)
    stage_names = [f"stage_{number + 1}" for number in range(len(_plan(module).stages))]
    order = [name for name in ("stem", *stage_names, "neck", "head") if name in members]
    return tuple(Group(name, tuple(members[name])) for name in order)


def group_names(module: nn.Module, names: Sequence[str]) -> list[str]:
    """The group of each parameter or module, given in the order of the network.

    What belongs to no unit is the stem's before the last stage has come, and the neck's after it (where there is no
    neck: of the last stage, if it is a parameter; of the head, if it is a module).
    """
    plan, head = _plan(module), _head(module)
    places = [_place(name, plan, head) for name in names]
    last = max((n for n, place in enumerate(places) if place and place.startswith("stage")), default=-1)
    after = [name for name, place in zip(names[last + 1 :], places[last + 1 :], strict=True) if place is None]
    if _has_neck(module, head, plan):
        rest = "neck"
    else:
        rest = f"stage_{len(plan.stages)}" if after and _is_parameter(module, after[0]) and plan.stages else "head"
    return [place or ("stem" if n < last else rest) for n, place in enumerate(places)]


def _place(name: str, plan: _Plan, head: tuple[str, ...]) -> str | None:
    if _under(name, head):
        return "head"
    if _under(name, plan.stem):
        return "stem"
    return next((f"stage_{n + 1}" for n, units in enumerate(plan.stages) if _under(name, units)), None)


def _has_neck(module: nn.Module, head: tuple[str, ...], plan: _Plan) -> bool:
    """Whether linear layers stand between the last stage and the classifier."""
    linear = [name for name, part in module.named_modules() if isinstance(part, nn.Linear)]
    return bool(plan.stages) and any(_place(name, plan, head) is None for name in linear)


def _is_parameter(module: nn.Module, name: str) -> bool:
    return any(name == key for key, _ in module.named_parameters())


def _head(module: nn.Module) -> tuple[str, ...]:
    """Dotted names of the classifier; a distilled network has two."""
    named = getattr(module, "pretrained_cfg", {}).get("classifier")
    if isinstance(named, (tuple, list)):
        return tuple(named)
    try:
        return (head_name(module),)
    except InputError:
        return (named,) if named else ()  # a convolution serves as the classifier


def _under(name: str, units: tuple[str, ...]) -> bool:
    return any(name == unit or name.startswith(unit + ".") for unit in units)


def _plan(module: nn.Module) -> _Plan:
    units = _units(module)
    first = next((place for place, (_, unit) in enumerate(units) if _convolves(unit)), None)
    after_stem = len(units) if first is None else first + 1
    start = next((p for p in range(after_stem, len(units)) if _works(units[p][1])), 0 if first is None else len(units))
    body = units[start:]
    starts = [place for place, (_, unit) in enumerate(body) if place == 0 or _shrinks(unit)]
    if starts == [0]:  # one resolution throughout
        starts = [place for place, (_, unit) in enumerate(body) if place == 0 or _works(unit)]
    slices = [body[a:b] for a, b in itertools.pairwise([*starts, len(body)])]
    working = [_trimmed(part) for part in slices if any(_works(unit) for _, unit in part)]
    return _Plan(tuple(name for name, _ in units[:start]), tuple(working))


def _trimmed(units: list[tuple[str, nn.Module]]) -> tuple[str, ...]:
    """The units' names, without the pooling and dropout that may follow the last maps."""
    last = max(n for n, (_, unit) in enumerate(units) if _works(unit) or not _NO_END.search(type(unit).__name__))
    return tuple(name for name, _ in units[: last + 1])


def _units(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """The children in order, without what holds the classifier; a child that alone does the work is opened."""
    head = _head(module)
    units = [(name, child) for name, child in module.named_children() if not _holds(name, head)]
    while (place := _to_open(units)) is not None:
        name, unit = units[place]
        inner = [(f"{name}.{key}", child) for key, child in unit.named_children()]
        units[place : place + 1] = [(key, child) for key, child in inner if not _holds(key, head)]
    return units


def _to_open(units: list[tuple[str, nn.Module]]) -> int | None:
    """The unit that is no stage but holds them all: by its usual name, or because no other unit does work."""
    inside = [place for place, (_, unit) in enumerate(units) if any(_works(child) for child in unit.children())]
    named = [place for place in inside if _TRUNK.search(units[place][0])]
    if named:
        return named[0]
    working = [place for place, (_, unit) in enumerate(units) if _works(unit)]
    return working[0] if len(working) == 1 and inside == working else None


def _holds(name: str, head: tuple[str, ...]) -> bool:
    return any(part == name or part.startswith(name + ".") for part in head)


def _works(unit: nn.Module) -> bool:
    """Whether a unit holds a convolution or a linear layer."""
    return any(isinstance(part, (nn.modules.conv._ConvNd, nn.Linear)) for part in unit.modules())


def _convolves(unit: nn.Module) -> bool:
    return any(isinstance(part, nn.modules.conv._ConvNd) for part in unit.modules())


def _shrinks(unit: nn.Module) -> bool:
    """Whether the maps come out smaller than they went in."""
    for part in unit.modules():
        if isinstance(part, (nn.Conv2d, *_POOLS)):
            stride = part.stride if isinstance(part.stride, tuple) else (part.stride,)
            if max(stride) > 1:
                return True
        if "PatchMerging" in type(part).__name__:
            return True
    return False
