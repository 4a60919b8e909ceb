"""Compound scaling against the paper's numbers and torchvision's networks."""

import pytest
import torchvision

from clfcore.architectures.compound_scaling import PUBLISHED, compound, dropout, members
from clfcore.architectures.configurable import scaled
from clfcore.architectures.shapes_alone import shapes_alone


def test_the_formula_at_one():
    found = compound(1)
    assert (found.scaling.depth, found.scaling.width, found.scaling.image_size) == (1.2, 1.1, 258)
    assert found.product == pytest.approx(1.2 * 1.21 * 1.3225)
    assert compound(3).cost == pytest.approx(found.product**3)
    assert compound(0).scaling.image_size == 224


def test_the_exponent_is_phi():
    assert compound(2, alpha=1.5).scaling.depth == 2.25


@pytest.mark.parametrize("phi", range(8))
def test_published_multipliers_build_torchvisions_networks(phi):
    """The literals against an independent maker: torchvision's B0 … B7, tensor by tensor."""
    with shapes_alone():
        ours = scaled(columns=1000, depth=PUBLISHED[phi].depth, width=PUBLISHED[phi].width, phi=phi)
        theirs = torchvision.models.get_model(f"efficientnet_b{phi}")
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}


def test_the_difference_is_said():
    rows = {member.name: member.difference for member in members()}
    assert rows["efficientnet_b0"] == "none"
    assert rows["efficientnet_b1"] == "depth 1.1, not 1.2; width 1, not 1.1; image 240, not 258"


def test_dropout_ends_where_the_paper_says():
    assert [dropout(phi) for phi in (0, 7)] == [0.2, 0.5]
