"""Built networks against torchvision's and timm's own; weights fitted to other channels, sizes and classes."""

import socket
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import nn

from clfcore.architectures import pretrained as stored
from clfcore.architectures.adapt_weights import adapt_published_state, first_convolution
from clfcore.architectures.build import build, head_name, pretrained, replace_head
from clfcore.architectures.pretrained import PACKAGED
from clfcore.architectures.shapes_alone import shapes_alone
from clfcore.classifier import of_architecture
from clfcore.data.pixels import read_image
from clfcore.errors import InputError

CAT = Path(__file__).parents[2] / "assets" / "samples" / "cat.jpg"
EQUAL = ("resnet18", "mobilenet_v3_small", "alexnet", "vgg11_bn", "efficientnet_b0", "densenet121", "mnasnet1_0")
EQUAL += ("swin_t", "convnext_tiny", "vit_b_16")


@pytest.mark.parametrize("name", [*EQUAL[:2], *(pytest.param(name, marks=pytest.mark.slow) for name in EQUAL[2:])])
def test_outputs_equal_torchvisions(name):
    """The same state dict gives the same logits, for 1,000 classes."""
    theirs = torchvision.models.get_model(name, weights=None).eval()
    with shapes_alone():  # no random weights are drawn only to be replaced
        ours = build(name, columns=1000).module.eval()
    ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
    image = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        assert torch.allclose(ours(image), theirs(image), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "name"), [({}, "resnet18"), ({"block": "bottleneck", "depths": "3,4,6,3"}, "resnet50")]
)
def test_custom_resnet_is_torchvisions(options, name):
    theirs = torchvision.models.get_model(name, weights=None, num_classes=5).eval()
    ours = build("resnet", columns=5, options=options).module.eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(ours(image), theirs(image))


def test_custom_vgg_and_efficientnet_are_torchvisions():
    with shapes_alone():
        for name, options, same in (("vgg", {"batch_norm": True}, "vgg11_bn"), ("efficientnet", {}, "efficientnet_b0")):
            ours = build(name, columns=1000, options=options).module.state_dict()
            theirs = torchvision.models.get_model(same).state_dict()
            assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.items()}


def test_the_plain_network_has_the_same_layers_without_additions():
    """ResNet-20 of He et al., section 4.2: 0.27 M parameters, with and without the additions."""
    cifar = {"depths": "3,3,3", "width": 16, "stem": "small"}
    residual = build("resnet", columns=10, image_size=32, options=cifar).module
    plain = build("resnet", columns=10, image_size=32, options={**cifar, "skip": False}).module
    count = sum(p.numel() for p in plain.parameters())
    shortcuts = sum(p.numel() for name, p in residual.named_parameters() if "downsample" in name)
    assert sum(p.numel() for p in residual.parameters()) - shortcuts == count
    assert 0.265e6 < count < 0.275e6
    for (
        part
    ) in plain.modules():  # with silent convolutions nothing gets through, where the residual network has its input
        if hasattr(part, "bn2") and hasattr(part, "conv1"):
            nn.init.zeros_(part.bn2.weight)
    image = torch.rand(2, 3, 32, 32)
    logits = plain.eval()(image)
    assert torch.equal(logits[0], logits[1])


def test_squeeze_excite_off_leaves_only_its_parameters_out():
    with shapes_alone():
        with_it = dict(build("efficientnet", columns=10).module.named_parameters())
        without = dict(build("efficientnet", columns=10, options={"squeeze_excite": False}).module.named_parameters())
    gone = sum(p.numel() for name, p in with_it.items() if ".fc1." in name or ".fc2." in name)
    assert sum(p.numel() for p in with_it.values()) - gone == sum(p.numel() for p in without.values())
    assert gone > 0


def test_lenet_is_the_same_at_28_and_32():
    counts = [
        sum(p.numel() for p in build("lenet5", columns=10, channels=1, image_size=side).module.parameters())
        for side in (28, 32)
    ]
    assert counts == [61_706, 61_706]
    module = build("lenet5", columns=4, image_size=50, options={"activation": "relu", "pooling": "max"}).module
    assert module(torch.rand(2, 3, 50, 50)).shape == (2, 4)
    kinds = {type(part) for part in module.modules()}
    assert {nn.ReLU, nn.MaxPool2d} <= kinds
    assert not {nn.Tanh, nn.AvgPool2d} & kinds


@pytest.mark.parametrize(("activation", "gain"), [("tanh", 1.0), ("relu", 2.0**0.5)])
def test_lenet_begins_as_its_family_is_known_to(activation: str, gain: float):
    torch.manual_seed(0)
    module = build("lenet5", columns=10, options={"activation": activation}).module
    layer = module.classifier[0]  # 400 x 120: large enough to count
    assert layer.weight.std().item() == pytest.approx(gain / 400**0.5, rel=0.02)
    assert not layer.bias.any()


def test_small_forms_keep_more_of_a_small_image():
    from clfcore.architectures.stages import stages

    sides = {}
    for name in ("resnet18", "resnet18_small", "mobilenet_v3_small", "mobilenet_v3_small_small"):
        with shapes_alone():
            module = build(name, columns=10, image_size=32).module
            shapes = []
            stages(module)[-1][1].register_forward_hook(lambda _m, _i, out, shapes=shapes: shapes.append(out.shape))
            module(torch.empty(2, 3, 32, 32))
        sides[name] = shapes[0][-1]
    assert sides == {"resnet18": 1, "resnet18_small": 4, "mobilenet_v3_small": 1, "mobilenet_v3_small_small": 4}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", ["resnet18", "vgg11_bn_small", "mobilenet_v3_small", "efficientnet_lite0"])
def test_any_channels_and_classes_take_a_training_step(name, channels):
    network = build(name, columns=2, channels=channels, image_size=32)
    optimiser = torch.optim.SGD(network.module.parameters(), lr=1e-3)
    loss = nn.functional.cross_entropy(network.module(torch.rand(4, channels, 32, 32)), torch.tensor([0, 1, 0, 1]))
    loss.backward()
    optimiser.step()
    assert torch.isfinite(loss)
    assert network.preprocess.channels == (1 if channels == 1 else 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", [row for row in EQUAL if row != "alexnet"])
@pytest.mark.parametrize(("channels", "columns"), [(1, 2), (3, 1000)])
def test_each_family_trains_at_its_smallest_size_and_at_224(name, channels, columns):
    from clfcore.architectures.catalogue import architecture

    # 224 pixels and 1,000 classes from shapes alone: their numbers are those of small images and of two classes
    for side in {max(architecture(name).smallest_image, 4), 224}:
        real = columns == 2 and side != 224
        with torch.device("cpu" if real else "meta"):
            module = build(name, columns=columns, channels=channels, image_size=side).module
            nn.functional.cross_entropy(module(torch.rand(2, channels, side, side)), torch.tensor([0, 1])).backward()
            gradients = [p.grad for p in module.parameters() if p.grad is not None]
            assert gradients
            assert not real or all(torch.isfinite(gradient).all() for gradient in gradients)
            assert module.eval()(torch.rand(1, channels, side, side)).shape == (1, columns)


@pytest.mark.parametrize(
    ("name", "side", "crop"),
    [("efficientnet_lite0", 224, 0.875), ("efficientnet_lite1", 240, 0.882), ("efficientnet_lite2", 260, 0.89)],
)
def test_a_packaged_network_names_its_classes(name, side, crop):
    network = pretrained(name)
    assert len(network.labels) == len(set(network.labels)) == 1000
    assert network.labels[207] == "golden retriever"
    assert not network.module.training
    found = network.preprocess
    assert (found.size, found.crop_fraction, found.interpolation) == (side, crop, "bicubic")
    assert found.mean == found.deviation == (0.5, 0.5, 0.5)
    assert head_name(network.module) == "classifier"


@pytest.mark.parametrize("name", PACKAGED)
def test_a_packaged_network_recognizes_the_cat(name):
    """Tensors matched by order alone would fit in many ways; only one of them knows a cat."""
    classifier = of_architecture(name)
    likeliest = int(classifier.probabilities(classifier.square(read_image(CAT))[None]).argmax())
    assert "cat" in classifier.classes[likeliest]


def test_gray_weights_see_gray_pictures_as_the_color_weights_do():
    """Summed over channels, as timm does: exact where mean and deviation are those of all channels."""
    gray = build("efficientnet_lite0", columns=3, channels=1, weights="default").module.eval()
    color = build("efficientnet_lite0", columns=3, weights="default").module.eval()
    replace_head(color, gray.classifier)
    image = torch.rand(1, 1, 96, 96)
    with torch.inference_mode():
        assert torch.allclose(gray(image), color(image.expand(-1, 3, -1, -1)), atol=1e-4)


def test_a_new_head_replaces_only_the_classifier():
    state = torchvision.models.resnet18(weights=None).state_dict()
    module = build("resnet18", columns=7, channels=4).module
    adapt_published_state(module, state, new_head=True)
    assert module.fc.weight.shape == (7, 512)
    assert torch.equal(module.layer1[0].conv1.weight, state["layer1.0.conv1.weight"])
    assert torch.allclose(module.conv1.weight[:, :3], state["conv1.weight"] * 0.75)  # 3 of 4 channels
    with pytest.raises(ValueError, match="the weights do not fit"):
        adapt_published_state(
            module, {key: value for key, value in state.items() if "layer4" not in key}, new_head=True
        )


def test_positions_are_resampled_to_the_image():
    state = torchvision.models.vit_b_16(weights=None).state_dict()
    grid = torch.linspace(0, 1, 14)[:, None].expand(14, 14)  # brighter downwards
    state["encoder.pos_embedding"][:, 1:] = grid.reshape(1, 196, 1)
    module = build("vit_b_16", columns=3, image_size=64).module
    adapt_published_state(module, state, new_head=True)
    found = module.encoder.pos_embedding[0, 1:, 0].reshape(4, 4)
    assert torch.all(found.diff(dim=0) > 0)
    assert torch.allclose(found.diff(dim=1), torch.zeros(4, 3), atol=1e-5)


def test_old_densenet_names_are_read():
    state = torchvision.models.densenet121(weights=None).state_dict()
    old = {key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value for key, value in state.items()}
    old = {key: value for key, value in old.items() if not key.endswith("num_batches_tracked")}
    assert old.keys() - state.keys()
    adapt_published_state(build("densenet121", columns=2, image_size=64).module, old, new_head=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"image_size": 8}, "^image_size is 8: vgg11 needs at least 32$"),
        ({"columns": 0}, "columns is 0: it must be at least 1"),
        ({"channels": -1}, "channels is -1: it must be at least 1"),
        ({"weights": "best"}, "weights is 'best': it must be one of none, default, IMAGENET1K_V1"),
        ({"options": {"depth": 3}}, "option depth is not one of vgg11: it has none"),
    ],
)
def test_refusals(given, message):
    with pytest.raises(InputError, match=message):
        build("vgg11", **{"columns": 2, **given})


def test_a_vit_needs_whole_patches():
    with pytest.raises(InputError, match="image_size is 100: vit_b_16 needs a multiple of 16, such as 96 or 112"):
        build("vit_b_16", columns=2, image_size=100)


def test_a_network_without_weights_says_what_has_some():
    with pytest.raises(InputError, match="lenet5 has no published weights; take none, or efficientnet_lite0"):
        pretrained("lenet5")


@pytest.mark.parametrize(
    ("name", "weights", "command"),
    [
        ("resnet18", "default", "weights get resnet18` downloads them (46.8 MB, license BSD-3-Clause, from download."),
        ("resnet50", "IMAGENET1K_V1", "weights get resnet50 --weights IMAGENET1K_V1` downloads them (103 MB"),
        ("timm/resnet10t", "default", "weights get timm/resnet10t` downloads them (21.8 MB, license Apache-2.0, from "),
    ],
)
def test_weights_that_are_not_here_are_never_fetched_but_named(name, weights, command, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection"))
    with pytest.raises(InputError, match=rf"the weights of {name}.* are not on this machine: ") as refused:
        build(name, columns=2, weights=weights)
    assert f"`clflab {command}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_downloaded_weights_are_used(tmp_path, monkeypatch):
    """From torch's own cache, in torchvision's form, without a request."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    state = torchvision.models.mobilenet_v3_small(weights=None).state_dict()
    file = stored.torch_file("mobilenet_v3_small-047dcff4.pth")
    file.parent.mkdir(parents=True)
    torch.save(state, file)
    network = pretrained("mobilenet_v3_small")
    assert torch.equal(network.module.classifier[3].weight, state["classifier.3.weight"])
    assert network.preprocess.mean == (0.485, 0.456, 0.406)
    assert network.preprocess.crop_fraction == 224 / 256


def test_timm_networks_take_other_sizes_channels_and_classes():
    for name, side in (("timm/resnet10t", 32), ("timm/vit_tiny_patch16_224", 96), ("timm/efficientnet_b0", 50)):
        network = build(name, columns=3, channels=1, image_size=side)
        assert network.module(torch.rand(2, 1, side, side)).shape == (2, 3)
        assert network.preprocess.size == side
    with pytest.raises(InputError, match=r"^image_size is 8: timm/vit_tiny_patch16_224 needs at least 16$"):
        build("timm/vit_tiny_patch16_224", columns=3, image_size=8)


def test_timm_weights_come_from_its_cache(tmp_path, monkeypatch):
    """A file in the Hugging Face cache is loaded, summed for gray, and keeps timm's preprocessing."""
    from safetensors.torch import save_file

    monkeypatch.setenv("HF_HOME", str(tmp_path))
    theirs = timm.create_model("resnet10t").eval()
    file = tmp_path / "hub/models--timm--resnet10t.c3_in1k/snapshots/x/model.safetensors"
    file.parent.mkdir(parents=True)
    save_file(theirs.state_dict(), file)
    network = pretrained("timm/resnet10t")
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(network.module(image), theirs(image))
    assert network.labels[207] == "golden retriever"
    assert network.preprocess.size == 176
    gray = build("timm/resnet10t", columns=2, channels=1, weights="default").module
    first = f"{first_convolution(gray)}.weight"
    assert torch.allclose(gray.get_parameter(first), theirs.get_parameter(first).sum(1, keepdim=True))
