"""Two networks side by side, gradients with and without additions, pictures of maps, and the stored measurement."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from clfcore.architectures import degradation_study
from clfcore.architectures.build import build
from clfcore.architectures.comparison import differences
from clfcore.architectures.degradation_study import Record, TrainedNetwork
from clfcore.architectures.feature_maps import filter_pictures, network_features, strongest
from clfcore.architectures.gradient_flow import plain_against_residual
from clfcore.architectures.summary import table
from clfcore.errors import InputError
from clfcore.figures import networks

SAMPLES = Path(__file__).parents[2] / "assets" / "samples"


def test_two_networks_differ_in_what_torchvision_says_they_do():
    found = differences(table("vgg16"), table("resnet50"))
    rows = {row.what: row for row in found.rows}
    counts = [sum(p.numel() for p in torchvision.models.get_model(name).parameters()) for name in ("vgg16", "resnet50")]
    assert (rows["parameters"].a, rows["parameters"].b) == tuple(f"{n:,}" for n in counts)
    assert rows["parameters"].ratio == pytest.approx(counts[1] / counts[0])
    assert (rows["stages"].a, rows["stages"].b) == ("5", "4")
    assert "BatchNorm2d" in found.only_b
    assert "Dropout" in found.only_a
    assert rows["neck"].b == "–"
    assert found.describe().startswith(f"resnet50 has {counts[1] / counts[0]:.3g} times the parameters")


def test_a_network_beside_itself_differs_in_nothing():
    found = differences(table("resnet18"), table("resnet18"))
    assert all(row.same for row in found.rows)
    assert (found.only_a, found.only_b) == ((), ())


def test_the_receptive_field_is_left_open_where_attention_mixes():
    found = differences(table("resnet18"), table("vit_b_16"))
    row = next(row for row in found.rows if row.what.startswith("receptive field"))
    assert row.a == "435"  # Araujo et al. 2019, table of ResNets


def test_gradients_of_both_networks_are_of_the_same_convolutions():
    residual, plain = plain_against_residual()
    assert [one.name for one in (residual, plain)] == ["residual 34", "plain 34"]
    names = {norm.layer for norm in plain.norms}
    assert len(plain.norms) == 34
    assert names == {norm.layer for norm in residual.norms if "downsample" not in norm.layer}
    assert all(norm.before > 0 and np.isfinite(norm.after) for one in (residual, plain) for norm in one.norms)
    assert plain.share() > residual.share() > 1  # uneven, largest early: what the page says of them
    assert plain.share() == pytest.approx(plain.norms[0].before / plain.norms[-1].before)


def test_without_normalization_the_gradient_vanishes_and_the_random_numbers_are_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    residual, plain = plain_against_residual(normalized=False)
    assert torch.equal(torch.rand(2), expected)
    # what the page says of them: hardly anything arrives without additions and without normalization
    assert max(norm.before for norm in plain.norms) < 0.01 * min(norm.before for norm in residual.norms)


def test_the_strongest_maps_vary_most_and_fill_the_scale():
    maps = np.stack([np.full((2, 2), 7.0), np.array([[0, 1], [2, 3]]), np.array([[0, 0], [0, 90]])]).astype(np.float32)
    (first, pixels), (second, _), (flat, black) = strongest(maps, 3)
    assert (first, second, flat) == (2, 1, 0)
    assert pixels.tolist() == [[0, 0], [0, 255]]
    assert not black.any()


def test_filters_share_one_scale_with_gray_as_nothing():
    filters = np.zeros((2, 3, 1, 1), np.float32)
    filters[0, 0], filters[1, 2] = 2.0, -1.0
    first, second = filter_pictures(filters, 8)
    assert first.tolist() == [[[255, 128, 128]]]
    assert second[0, 0].tolist()[:2] == [128, 128]
    assert second[0, 0, 2] == pytest.approx(64, abs=1)


def test_an_image_is_sent_through_as_the_network_sees_it():
    data = (SAMPLES / "coffee.jpg").read_bytes()
    found = network_features("lenet5", data, image_size=32, count=3)
    assert found.square.shape == (32, 32, 1)
    assert found.stages[0].maps == found.filter_count == 6
    assert all(len(stage.strongest) == 3 for stage in found.stages)
    torch.manual_seed(0)
    first = build("lenet5", columns=10, channels=1, image_size=32).module
    weights = next(p for p in first.parameters()).detach().numpy()
    assert len(found.filters) == len(weights)
    with pytest.raises(InputError, match="channels is 5: a picture has 1 or 3"):
        network_features("resnet18", data, channels=5)


def test_the_measurement_says_what_its_numbers_say():
    rows = tuple(
        TrainedNetwork(layers, residual, 0, loss, 0.5, 0.5)
        for layers, residual, loss in ((20, False, 0.2), (56, False, 0.9), (20, True, 0.3), (56, True, 0.1))
    )
    words = Record("digits", 32, 1259, 10, rows).describe()
    assert "plain 56 layers end at a training loss of 0.9000, higher than 0.2000 with 20" in words
    assert "residual 56 layers end at a training loss of 0.1000, lower than 0.3000 with 20" in words
    assert "One seed says little" in words


def trained(layers: int, residual: bool, seed: int, *losses: float) -> TrainedNetwork:
    return TrainedNetwork(layers, residual, seed, losses[-1], 0.5, 0.25, losses)


def test_seeds_measured_one_by_one_are_joined_and_averaged():
    pairs = [(layers, residual) for layers in (20, 56) for residual in (False, True)]
    first = Record("digits", 8, 1259, 2, tuple(trained(*pair, 0, 2.0, 1.0) for pair in pairs))
    assert first.whole
    some = first.joined(Record("digits", 8, 1259, 2, (trained(56, False, 1, 4.0, 3.0),)))
    assert not some.whole  # three kinds lack the second seed
    more = some.joined(Record("digits", 8, 1259, 2, tuple(trained(*pair, 1, 4.0, 3.0) for pair in pairs)))
    assert more.whole
    assert len(more.trained) == 8
    kinds = {kind.name: kind for kind in more.kinds()}
    assert list(kinds) == ["plain 20", "plain 56", "residual 20", "residual 56"]
    assert "plain 56 layers end at a training loss of 2.0000, not clearly different from 2.0000" in more.describe()
    assert (kinds["plain 56"].train_loss, kinds["plain 56"].each_loss) == (2.0, (1.0, 3.0))
    lines = networks.losses(more).data
    assert [tuple(line.y) for line in lines if line.name == "plain 56"] == [(2.0, 1.0), (4.0, 3.0)]
    assert sum(line.showlegend for line in lines) == 4
    other = Record("digits", 16, 1259, 2, first.trained)  # measured otherwise: takes the place of what was there
    assert more.joined(other) == other


def test_the_stored_measurement_is_whole():
    found = degradation_study.record()
    kinds = {(one.layers, one.residual) for one in found.trained}
    assert kinds == {(20, False), (20, True), (56, False), (56, True)}
    assert found.whole
    assert all(len(one.losses) in (0, found.epochs) for one in found.trained)
    assert {one.seed for one in found.trained if one.losses}  # there is something to draw
    assert all(0 <= one.train_accuracy <= 1 for one in found.trained)
