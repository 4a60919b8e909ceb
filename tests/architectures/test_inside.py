"""Feature maps, filters, gradients, latency and the timeline."""

import numpy as np
import pytest
import torch

from clfcore.architectures.build import build
from clfcore.architectures.feature_maps import feature_maps, first_filters
from clfcore.architectures.latency import gradient_norms, latency
from clfcore.architectures.published_accuracy import published, timeline


def test_feature_maps_are_what_the_stages_give():
    module = build("resnet18", columns=3).module.eval()
    image = torch.rand(3, 64, 64)
    found = feature_maps(module, image)
    assert [maps.stage for maps in found] == ["stem", "stage_1", "stage_2", "stage_3", "stage_4"]
    with torch.inference_mode():
        x = module.maxpool(module.relu(module.bn1(module.conv1(image[None]))))
        assert np.array_equal(found[0].values, x[0].numpy())
        assert np.array_equal(found[1].values, module.layer1(x)[0].numpy())
    assert not any(part._forward_hooks for part in module.modules())


def test_an_error_leaves_no_hook():
    module = build("resnet18", columns=3).module
    with pytest.raises(RuntimeError):
        feature_maps(module, torch.rand(5, 64, 64))
    assert not any(part._forward_hooks for part in module.modules())
    assert module.training


def test_tokens_are_laid_out_as_the_image():
    module = build("timm/vit_tiny_patch16_224", columns=3, image_size=64).module
    assert [maps.values.shape for maps in feature_maps(module, torch.rand(3, 64, 64))][1:] == [(192, 4, 4)] * 12
    module = build("swin_t", columns=3, image_size=64).module
    assert [maps.values.shape for maps in feature_maps(module, torch.rand(3, 64, 64))][1:] == [
        (96, 16, 16),
        (192, 8, 8),
        (384, 4, 4),
        (768, 2, 2),
    ]


def test_first_filters():
    module = build("alexnet", columns=2).module
    assert first_filters(module).shape == (64, 3, 11, 11)


def test_gradient_norms_are_autograds_and_leave_the_network_alone():
    torch.manual_seed(0)
    x, y = torch.rand(8, 3, 16, 16), torch.arange(8) % 4
    options = {"depths": "9,9,9", "width": 4, "stem": "small"}
    module = build("resnet", columns=4, image_size=16, options=options).module
    before = {name: value.clone() for name, value in module.state_dict().items()}
    found = gradient_norms(module, x, y, steps=1)
    assert [row.layer for row in found][:2] == ["conv1", "layer1.0.conv1"]
    assert found[-1].layer == "fc"
    assert all(np.isfinite([row.before, row.after]).all() for row in found)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    module.zero_grad()
    torch.nn.functional.cross_entropy(module.train()(x), y).backward()
    assert found[0].before == pytest.approx(float(module.conv1.weight.grad.norm()), rel=1e-4)


def test_latency_is_ordered_and_leaves_the_mode():
    module = build("lenet5", columns=3, channels=1).module
    one, many = latency(module, torch.rand(1, 28, 28), batch_sizes=(1, 4), repeats=5)
    assert 0 < one.low <= one.median <= one.high
    assert many.images_per_second == pytest.approx(4 / many.median)
    assert module.training


def test_the_timeline_is_torchvisions():
    points = timeline()
    assert [point.year for point in points] == sorted(point.year for point in points)
    first = points[0]
    assert (first.name, first.top1) == ("alexnet", pytest.approx(0.56522))
    both = published("resnet50")
    assert [point.weights for point in both] == ["IMAGENET1K_V1", "IMAGENET1K_V2"]
    assert both[0].top1 < both[1].top1
    assert published("lenet5") == published("efficientnet_lite0") == ()
