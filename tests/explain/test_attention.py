import numpy as np
import pytest
import timm
import torch
import torchvision

from clfcore.errors import InputError
from clfcore.explain.attention import attention_layers, rollout_matrix
from clfcore.explain.dispatch import explain, stages
from clfcore.explain.hooks import Score, as_input
from tests.explain.small_classifiers import picture, small_swin, small_vit, stub


def test_rollout_of_two_layers_worked_by_hand() -> None:
    # Two tokens, one head. Layer 1: token 0 draws on token 1 alone, token 1 on itself. Layer 2: each on both alike.
    first = np.array([[[0.0, 1.0], [0.0, 1.0]]])
    second = np.array([[[0.5, 0.5], [0.5, 0.5]]])
    # With the residual: A1 = [[.5, .5], [0, 1]], A2 = [[.75, .25], [.25, .75]]; A2 A1 by hand:
    assert rollout_matrix([first, second]).tolist() == [[0.375, 0.625], [0.125, 0.875]]


def test_heads_are_averaged_before_they_are_multiplied() -> None:
    heads = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    assert rollout_matrix([heads]).tolist() == [[0.75, 0.25], [0.25, 0.75]]


def test_attention_layers_weights_are_the_softmax_written_out(vit) -> None:
    x = as_input(vit, picture(32)[None])
    found = attention_layers(vit.module, x, Score(vit.task, None, "vit"))
    assert [(one.name, one.rows, one.columns, one.prefix) for one in found] == [
        ("blocks.0.attn", 4, 4, 1),
        ("blocks.1.attn", 4, 4, 1),
    ]
    block = vit.module.blocks[0]
    with torch.no_grad():
        tokens = block.norm1(vit.module._pos_embed(vit.module.patch_embed(x)))
        q, k, _ = block.attn.qkv(tokens).reshape(1, 17, 3, 3, 8).permute(2, 0, 3, 1, 4)
        expected = (q @ k.transpose(-2, -1) / 8**0.5).softmax(-1)[0]
    np.testing.assert_allclose(found[0].weights, expected.numpy(), atol=1e-5)


def test_torchvisions_transformer_gives_its_weights_too() -> None:
    module = torchvision.models.VisionTransformer(32, 8, 2, 3, 24, 48, num_classes=4)
    x = torch.randn(1, 3, 32, 32)
    classifier = stub(module, size=32, classes=4)
    before = module(x).detach()
    found = attention_layers(module, x, Score(classifier.task, None, "vit"))
    assert [one.weights.shape for one in found] == [(3, 17, 17)] * 2
    np.testing.assert_allclose(found[0].weights.sum(-1), 1, atol=1e-5)
    assert torch.equal(module(x), before)
    assert explain(classifier, picture(32), method="attention-rollout").evidence


def test_one_head_and_the_mean_of_heads(vit) -> None:
    assert stages(vit, method="attention-head") == ("blocks.0.attn", "blocks.1.attn")
    assert explain(vit, picture(32), method="attention-head").layer == "blocks.1.attn"
    heads = [explain(vit, picture(32), method="attention-head", layer=f"blocks.0.attn:{i}").values for i in range(3)]
    assert not np.allclose(heads[0], heads[1])
    with pytest.raises(InputError, match=r"blocks.0.attn has 3 heads, from :0 to :2"):
        explain(vit, picture(32), method="attention-head", layer="blocks.0.attn:3")
    with pytest.raises(InputError, match=r"it must be one of blocks.0.attn, blocks.1.attn, .*did you mean blocks"):
        explain(vit, picture(32), method="attention-head", layer="blocks.9.attn")


def test_without_a_class_token_all_places_are_averaged() -> None:
    vit = stub(small_vit(class_token=False, global_pool="avg"), size=32, classes=4)
    x = as_input(vit, picture(32)[None])
    first = attention_layers(vit.module, x, Score(vit.task, None, "vit"))[0]
    assert first.prefix == 0
    np.testing.assert_allclose(first.spatial(first.weights[0], pooled=True).ravel(), first.weights[0].mean(0))
    assert explain(vit, picture(32), method="attention-rollout").evidence


def test_networks_without_such_attention_are_refused_in_words(net) -> None:
    with pytest.raises(InputError, match="stub has no attention over positions: choose gradcam"):
        explain(net, picture(16), method="attention-head")
    with pytest.raises(InputError, match="stub is no transformer whose layers all attend from every position"):
        explain(net, picture(16), method="attention-rollout")
    windows = stub(small_swin(), size=32, classes=4)
    among_channels = stub(timm.create_model("xcit_nano_12_p16_224", num_classes=4), size=224, classes=4)
    for classifier in (windows, among_channels):
        with pytest.raises(InputError, match="attention-rollout needs one, such as a ViT; choose gradcam"):
            explain(classifier, picture(classifier.preprocess.size), method="attention-rollout")


def test_a_convolutional_network_with_an_attention_head_shows_its_weights() -> None:
    class Headed(torch.nn.Module):
        """Pools places by one softmax over them, which passes through `attn_drop`."""

        def __init__(self) -> None:
            super().__init__()
            self.features = torch.nn.Conv2d(3, 6, 8, stride=8)
            self.score, self.attn_drop, self.head = torch.nn.Linear(6, 1), torch.nn.Dropout(0.1), torch.nn.Linear(6, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            places = self.features(x).flatten(2).transpose(1, 2)  # B x N x 6
            weights = self.attn_drop(self.score(places).squeeze(-1).softmax(-1))  # B x N
            return self.head((weights[..., None] * places).sum(1))

    torch.manual_seed(0)
    holder = torch.nn.Sequential(Headed())
    classifier, square = stub(holder, size=32, classes=4), picture(32)
    made = explain(classifier, square, method="attention-head")
    x = as_input(classifier, square[None])
    headed = holder[0]
    weights = headed.score(headed.features(x).flatten(2).transpose(1, 2)).squeeze(-1).softmax(-1).reshape(4, 4)
    place = np.unravel_index(int(weights.argmax()), (4, 4))
    peak = np.unravel_index(int(made.values.argmax()), (32, 32))
    assert (peak[0] // 8, peak[1] // 8) == place
