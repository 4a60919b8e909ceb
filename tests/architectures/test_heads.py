"""Where a network's classifier is, and what takes its place."""

import pytest
import torch
from torch import nn

from clfcore.architectures.build import build
from clfcore.architectures.heads import head_name, make_head, replace_head
from clfcore.architectures.shapes_alone import shapes_alone
from clfcore.errors import InputError

HEADS = {
    "lenet5": "classifier.4",
    "vgg11": "classifier.6",
    "resnet18": "fc",
    "densenet121": "classifier",
    "mobilenet_v3_small": "classifier.3",
    "efficientnet_lite0": "classifier",
    "vit_b_16": "heads.head",
    "swin_t": "head",
    "convnext_tiny": "classifier.2",
    "timm/convnext_atto": "head.fc",
    "timm/vit_tiny_patch16_224": "head",
}


@pytest.mark.parametrize("name", HEADS)
def test_the_classifier_is_found(name):
    with shapes_alone():
        module = build(name, columns=7).module
    assert head_name(module) == HEADS[name]
    assert module.get_submodule(HEADS[name]).out_features == 7


@pytest.mark.parametrize("kind", ["linear", "mlp"])
@pytest.mark.parametrize("name", ["resnet18_small", "timm/convnext_atto"])
def test_another_head_gets_the_embedding(name, kind):
    module = build(name, columns=7, image_size=32).module.eval()
    features = module.get_submodule(head_name(module)).in_features
    seen = []
    head = make_head(kind, features, 3).eval()
    head.register_forward_pre_hook(lambda _part, inputs: seen.append(inputs[0]))
    replace_head(module, head)
    with torch.inference_mode():
        logits = module(torch.rand(2, 3, 32, 32))
        assert seen[0].shape == (2, features)
        assert torch.equal(logits, head(seen[0]))
    assert head_name(module).startswith(HEADS.get(name, "fc"))


def test_what_has_no_single_linear_head_is_refused():
    with shapes_alone():
        distilled = build("timm/deit_tiny_distilled_patch16_224", columns=3).module
    with pytest.raises(InputError, match="deit_tiny_distilled_patch16_224 has two classifiers"):
        head_name(distilled)
    with pytest.raises(InputError, match="Conv2d has no linear classifier"):
        head_name(nn.Conv2d(1, 1, 1))
    with pytest.raises(InputError, match="head is 'attention'"):
        make_head("attention", 8, 2)
