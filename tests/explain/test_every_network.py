"""Grad-CAM on every network of the catalogue: a finite map of the picture's size or the plain words, and no trace."""

import numpy as np
import pytest
import torch
from torch import nn

from clfcore.architectures.build import build
from clfcore.architectures.catalogue import architectures
from clfcore.architectures.shapes_alone import shapes_alone
from clfcore.explain.dispatch import explain
from tests.explain.small_classifiers import Stub, picture, stub
from tests.support.module_state import state

ROWS = {row.name: row for row in architectures()}
LARGE = 30e6  # parameters


def opened(name: str) -> Stub:
    """The network at 64 pixels or its smallest, with random weights and statistics counted on a picture."""
    row = ROWS[name]
    size = max(64, row.smallest_image)
    if row.family in ("vgg", "alexnet"):  # up to 139 million numbers: drawing them would take seconds
        with shapes_alone():
            module = build(name, columns=4, image_size=size).module
        module.to_empty(device="cpu")
        noise = torch.randn(4099)
        with torch.no_grad():
            for part in module.parameters():
                part.copy_(noise.repeat(part.numel() // 4099 + 1)[: part.numel()].view_as(part))
                part.mul_((2 / max(part[0].numel(), 16)) ** 0.5)
    else:
        module = build(name, columns=4, image_size=size).module
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    module.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = 1.0
        norm.train()
    if norms:  # as they come, signals of a hundred layers grow past all numbers
        with torch.no_grad():
            module(torch.rand(2, 3, size, size))
    return stub(module, size=size, channels=3, classes=4)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if row.parameters > LARGE else []) for name, row in ROWS.items()],
)
def test_gradcam(name: str) -> None:
    torch.manual_seed(0)
    classifier = opened(name)
    before = state(classifier.module)
    made = explain(classifier, picture(classifier.preprocess.size, classifier.preprocess.channels), target=1)
    assert made.values.shape == (classifier.preprocess.size,) * 2
    assert np.isfinite(made.values).all()
    assert made.layer
    assert not made.evidence or made.values.std() > 0
    assert state(classifier.module) == before
