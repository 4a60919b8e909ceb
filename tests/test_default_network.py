"""The network that suits the data, where none was chosen, and what is refused."""

import pytest

from clfcore.api import advise, defaults
from clfcore.config import make
from clfcore.data.catalogue import open_dataset
from clfcore.default_network import StrategyMisfit, default_network
from clfcore.errors import InputError
from clfcore.resolve import resolve
from clfcore.runs.resolve_run import resolve_run


@pytest.mark.parametrize(
    ("data", "network", "strategy"),
    [
        ("digits", "lenet5", "scratch"),
        ("shapes:count=60", "vgg8_bn_small", "scratch"),
        ("shapes:side=96,count=60", "efficientnet_lite0", "feature-extraction"),
        ("shapes-multi-label:count=60", "vgg8_bn_small", "scratch"),
        ("shapes-multi-label:side=96,count=60", "efficientnet_lite0", "feature-extraction"),
        ("shapes-hierarchical:count=60", "vgg8_bn_small", "scratch"),
        ("shapes-hierarchical:side=96,count=60", "efficientnet_lite0", "feature-extraction"),
        ("clothing-small", "efficientnet_lite0", "feature-extraction"),
    ],
)
def test_data_alone_makes_a_whole_configuration(data: str, network: str, strategy: str) -> None:
    resolved = resolve_run(make({"data": data}))
    assert (resolved.config.architecture, resolved.config.strategy) == (network, strategy)
    assert network in resolved.notes[0]
    assert advise(make({"data": data})).architecture == network


def test_few_small_images_in_color_are_learned_in_larger_batches_at_a_higher_rate() -> None:
    recipes = [resolve_run(make({"data": f"shapes:count={n}"})).config.recipe for n in (120, 3000)]
    assert (recipes[0].batch_size, recipes[0].learning_rate) == (32, 4e-3)
    assert recipes[1].learning_rate < 4e-3
    asked = {"data": "shapes:count=120", "recipe": {"batch_size": 8, "learning_rate": 0.01}}
    recipe = resolve_run(make(asked)).config.recipe
    assert (recipe.batch_size, recipe.learning_rate) == (8, 0.01)


def test_a_default_is_given_once() -> None:
    filled = resolve_run(make({"data": "clothing-small"})).config
    again = resolve_run(filled)
    assert again.config == filled
    assert not any("pretrained" in note for note in again.notes)


def test_what_was_chosen_decides() -> None:
    photos, small = open_dataset("shapes:side=96,count=60"), open_dataset("shapes:count=60")
    assert default_network(small, strategy="fine-tuning").name == "efficientnet_lite0"
    assert default_network(photos, strategy="scratch").name == "mobilenet_v3_small"
    assert default_network(photos, weights="none").strategy == "scratch"
    assert defaults(make({"data": "clothing-small", "architecture": "lenet5"})).architecture == "lenet5"


def test_without_pretrained_weights_photographs_are_learned_from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.default_network.weights_at_hand", lambda name: name == "resnet18")
    photos = open_dataset("shapes:side=96,count=60")
    assert default_network(photos).name == "resnet18"
    monkeypatch.setattr("clfcore.default_network.weights_at_hand", lambda name: False)
    suited = default_network(photos)
    assert suited.strategy == "scratch"
    assert "no pretrained weights" in suited.why


def test_a_misfit_names_the_network_that_fits() -> None:
    with pytest.raises(StrategyMisfit, match="lenet5 has no published weights") as refusal:
        defaults(make({"data": "digits", "architecture": "lenet5", "strategy": "fine-tuning"}))
    assert refusal.value.fitting == "efficientnet_lite0"


def test_options_and_a_file_of_weights_need_a_network(tmp_path) -> None:
    dataset = open_dataset("digits")
    with pytest.raises(InputError, match="options belong to a network"):
        resolve(make({"data": "digits", "options": {"depths": "1,1"}}), dataset, source=None, gpu=False)
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"")
    with pytest.raises(InputError, match="does not say of which network"):
        resolve_run(make({"data": "digits", "weights": str(file)}))
