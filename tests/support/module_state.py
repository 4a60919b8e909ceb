"""What an explanation might leave changed in a module."""

import torch


def state(module: torch.nn.Module) -> tuple:
    """All that an explanation might leave changed."""
    parts = [
        (part.training, getattr(part, "fused_attn", None), len(part._forward_hooks), len(part._forward_pre_hooks))
        for part in module.modules()
    ]
    return parts, [(id(p), p.requires_grad, id(p.grad)) for p in module.parameters()]
