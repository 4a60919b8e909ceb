"""Stem, stages and head: what the rule finds, against what the families call their stages."""

import pytest
import timm
from timm.models._manipulate import group_parameters

from clfcore.architectures.build import build
from clfcore.architectures.shapes_alone import shapes_alone
from clfcore.architectures.stages import layer_groups, stages, stem

ENDS = {
    "lenet5": ["features.4"],
    "alexnet": ["features.4", "features.11"],
    "vgg16": ["features.3", "features.8", "features.15", "features.22", "features.29"],
    "resnet18": ["layer1", "layer2", "layer3", "layer4"],
    "densenet121": ["features.denseblock1", "features.denseblock2", "features.denseblock3", "features.norm5"],
    "efficientnet_b0": ["features.1", "features.2", "features.3", "features.5", "features.8"],
    "efficientnet_lite0": ["blocks.0", "blocks.1", "blocks.2", "blocks.4", "bn2"],
    "convnext_tiny": ["features.1", "features.3", "features.5", "features.7"],
    "swin_t": ["features.1", "features.3", "features.5", "permute"],
    "timm/convnext_atto": ["stages.0", "stages.1", "stages.2", "stages.3"],
}


def meta(name, **given):
    with shapes_alone():
        return build(name, columns=3, **given).module


@pytest.mark.parametrize("name", ENDS)
def test_stages_are_the_familys(name):
    module = meta(name)
    found = stages(module)
    assert [end for end, _ in found] == ENDS[name]
    assert all(part is module.get_submodule(end) for end, part in found)


def test_a_transformers_stages_are_its_blocks():
    assert len(stages(meta("vit_b_16"))) == 12
    assert stem(meta("vit_b_16"))[0] == "encoder.dropout"


def test_groups_hold_each_parameter_once_and_in_order():
    module = meta("vgg16_bn")
    groups = layer_groups(module)
    assert [group.name for group in groups] == ["stem", *(f"stage_{n}" for n in range(1, 6)), "neck", "head"]
    assert groups[0].parameters == ("features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias")
    assert groups[-1].parameters == ("classifier.6.weight", "classifier.6.bias")
    assert [name for group in groups for name in group.parameters] == [name for name, _ in module.named_parameters()]


@pytest.mark.parametrize(
    "name", ["resnet10t", "vit_tiny_patch16_224", "convnext_atto", "regnety_002", "swin_tiny_patch4_window7_224"]
)
def test_timms_own_groups_are_never_split(name):
    """Each of timm's coarse groups (its blocks or stages) lies within one of ours; the last, with the head, aside."""
    with shapes_alone():
        module = timm.create_model(name, num_classes=3)
    ours = {parameter: group.name for group in layer_groups(module) for parameter in group.parameters}
    coarse = not name.startswith("vit")
    theirs = list(group_parameters(module, module.group_matcher(coarse=coarse)).values())
    for parameters in theirs[:-1]:
        assert len({ours[parameter] for parameter in parameters}) == 1
    assert len({ours[parameter] for parameter in theirs[0]} & {"stem"}) == 1


def test_an_mlp_in_the_heads_place_is_still_at_the_end():
    from clfcore.architectures.heads import make_head, replace_head

    module = meta("resnet18")
    replace_head(module, make_head("mlp", 512, 3))
    groups = layer_groups(module)
    assert [group.name for group in groups][-2:] == ["neck", "head"]
    assert groups[-1].parameters == ("fc.3.weight", "fc.3.bias")
