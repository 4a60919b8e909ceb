"""The classifier of a network: where it is, and how another takes its place."""

from torch import nn

from clfcore.errors import InputError

HIDDEN = 512  # width of the MLP head


def make_head(kind: str, features: int, columns: int) -> nn.Module:
    """A head, B x features -> B x columns: `linear`, or `mlp` (one hidden layer of 512, ReLU, dropout 0.3)."""
    if kind == "linear":
        return nn.Linear(features, columns)
    if kind == "mlp":
        return nn.Sequential(nn.Linear(features, HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, columns))
    raise InputError(f"head is {kind!r}: it must be one of linear, mlp")


def head_name(module: nn.Module) -> str:
    """Dotted name of the last Linear, the classifier; its input is the embedding. timm's networks name their own.

    Raises LookupError where there is none: such a network cannot have its head replaced.
    """
    named = getattr(module, "pretrained_cfg", None)
    if isinstance(named, dict) and isinstance(named.get("classifier"), str):
        name = _linear_within(module, named["classifier"])
        if name is not None:
            return name
    for name, part in reversed(list(module.named_modules())):
        if isinstance(part, nn.Linear):
            return name
    raise LookupError(f"{type(module).__name__} has no linear classifier")


def replace_head(module: nn.Module, head: nn.Module) -> None:
    """Put `head` (embedding -> logits) in the place of the classifier, in place."""
    parent, _, last = head_name(module).rpartition(".")
    setattr(module.get_submodule(parent), last, head)


def _linear_within(module: nn.Module, name: str) -> str | None:
    try:
        part = module.get_submodule(name)
    except AttributeError:
        return None
    return name if isinstance(part, nn.Linear) else None
