"""Patches and tokens of vision transformers, and attention from any of them."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision

from clfcore.errors import InputError
from clfcore.explain.attention import attention_layers
from clfcore.explain.dispatch import explain
from clfcore.explain.hooks import as_input
from clfcore.explain.token_network import token_network
from clfcore.explain.tokens import TokenView, attention_from, attention_picture, position_similarity, token_view
from clfcore.figures.theme import alternative
from clfcore.figures.tokens import tokens
from tests.explain.small_classifiers import Stub, picture, small_net, small_swin, stub

SAMPLE = Path(__file__).parents[2] / "assets" / "samples" / "cat.jpg"


def view_of(classifier: Stub) -> TokenView:
    size = classifier.preprocess.size
    return token_view(classifier.module, classifier.preprocess, picture(size), name="net")


def test_a_query_spreads_its_attention_over_patches_and_prefix_tokens(vit: Stub) -> None:
    view = view_of(vit)
    assert (view.rows, view.columns, view.patch, view.prefix, view.tokens) == (4, 4, 8, ("class token",), 17)
    assert (len(view.blocks), view.heads, view.width) == (2, 3, 24)
    assert [view.name(token) for token in (0, 1, 8)] == ["class token", "patch 1, 1", "patch 2, 4"]
    weights = attention_layers(vit.module, as_input(vit, picture(32)[None]))[1].weights
    spread = attention_from(view, 8, block=1, head=2)
    np.testing.assert_allclose(spread.patches.ravel(), weights[2, 8, 1:])
    assert spread.prefix == (weights[2, 8, 0],)
    mean = attention_from(view, 0, block=0)
    assert mean.patches.sum() + sum(mean.prefix) == pytest.approx(1)
    for wrong in ({"token": 17, "block": 0}, {"token": 0, "block": 2}, {"token": 0, "block": 0, "head": 3}):
        with pytest.raises(InputError, match="it must be from 0 to"):
            attention_from(view, wrong.pop("token"), **wrong)


def test_the_class_tokens_head_is_the_map_that_explain_gives(vit: Stub) -> None:
    view = view_of(vit)
    ours = attention_from(view, 0, block=0, head=1).patches
    theirs = explain(vit, picture(32), method="attention-head", layer="blocks.0.attn:1").values
    assert np.unravel_index(ours.argmax(), ours.shape) == tuple(
        place // 8 for place in np.unravel_index(theirs.argmax(), theirs.shape)
    )
    drawn = attention_picture(view, attention_from(view, 0, block=0, head=1))
    assert drawn.shape == (32, 32, 3)


def test_position_similarity_is_the_cosine_of_the_learned_embeddings(vit: Stub) -> None:
    near = position_similarity(view_of(vit), 6)
    patches = vit.module.pos_embed[0, 1:]
    expected = torch.nn.functional.cosine_similarity(patches, patches[5][None]).detach().reshape(4, 4)
    np.testing.assert_allclose(near, expected.numpy(), atol=1e-6)
    assert near[1, 1] == pytest.approx(1)
    assert position_similarity(view_of(vit), 0) is None


@pytest.mark.parametrize(
    ("name", "prefix", "has_positions"),
    [
        ("test_vit", ("class token",), True),
        ("test_vit2", ("register 1",), True),
        ("test_vit_relpos", (), False),
        ("deit_tiny_distilled_patch16_224", ("class token", "distillation token"), True),
        ("vit_small_patch14_reg4_dinov2", ("class token", *(f"register {n}" for n in (1, 2, 3, 4))), True),
    ],
)
def test_prefix_tokens_of_timms_transformers_are_named(name: str, prefix: tuple[str, ...], has_positions: bool) -> None:
    patch = 14 if "patch14" in name else 16
    made = timm.create_model(name, img_size=patch * 4, depth=1) if "relpos" not in name else timm.create_model(name)
    size = patch * 4 if "relpos" not in name else 160
    view = view_of(stub(made, size=size, classes=1000))
    assert view.prefix == prefix
    assert view.rows == view.columns == size // patch
    assert (view.positions is not None) == has_positions
    spread = attention_from(view, view.tokens - 1, block=0)
    assert spread.patches.sum() + sum(spread.prefix) == pytest.approx(1, abs=1e-5)


def test_torchvisions_transformer_has_tokens_and_positions_too() -> None:
    module = torchvision.models.VisionTransformer(32, 8, 2, 3, 24, 48, num_classes=4)
    view = view_of(stub(module, size=32, classes=4))
    assert (view.prefix, view.width, len(view.blocks)) == (("class token",), 24, 2)
    np.testing.assert_allclose(view.positions, module.encoder.pos_embedding[0, 1:].detach().numpy(), atol=1e-6)


def test_networks_without_tokens_are_refused_before_they_are_drawn() -> None:
    for module, size in ((small_net(), 16), (small_swin(), 32)):
        with pytest.raises(InputError, match="net does not attend from every patch to every patch"):
            view_of(stub(module, size=size, classes=4))
    with pytest.raises(InputError, match="vgg16 does not attend"):
        token_network("vgg16", SAMPLE.read_bytes())


def test_every_token_can_be_clicked_and_the_query_is_outlined(vit: Stub) -> None:
    view = view_of(vit)
    figure = tokens(view, query=6)
    patches, prefix, chosen = figure.data
    assert [place[0] for place in (*prefix.customdata, *patches.customdata)] == list(range(17))
    assert (chosen.x[0], chosen.y[0]) == (patches.x[5], patches.y[5]) == (1.5, 1.5)
    assert alternative(figure) == "4 × 4 patches of 8 × 8 pixels after class token; the query is the patch 2, 2."
