"""Classifier heads of networks: found, made and replaced."""

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

    Raises InputError where there is none or are two (distilled networks): such a head cannot be replaced.
    """
    config = getattr(module, "pretrained_cfg", None)
    config = config if isinstance(config, dict) else {}
    name = config.get("classifier")
    if isinstance(name, (tuple, list)):
        raise InputError(
            f"{config['architecture']} has two classifiers: train it from scratch, or take another network"
        )
    if name and isinstance(_part(module, name), nn.Linear):
        return name
    for name, part in reversed(list(module.named_modules())):
        if isinstance(part, nn.Linear):
            return name
    raise InputError(f"{type(module).__name__} has no linear classifier: take another network")


def embedding_width(module: nn.Module) -> int:
    """D, the numbers that the classifier reads of an image."""
    head = module.get_submodule(head_name(module))
    assert isinstance(head, nn.Linear), "head_name names a Linear"
    return head.in_features


def replace_head(module: nn.Module, head: nn.Module) -> None:
    """Put `head` (embedding -> logits) in the place of the classifier, in place."""
    parent, _, last = head_name(module).rpartition(".")
    setattr(module.get_submodule(parent), last, head)


def _part(module: nn.Module, name: str) -> nn.Module | None:
    try:
        return module.get_submodule(name)
    except AttributeError:
        return None
