"""What holds for every method: a map of the picture's size or plain words, and a classifier that is as it was."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import torchvision

from clfcore.architectures.small_images import LeNet5
from clfcore.errors import Failure, InputError
from clfcore.explain import perturbation
from clfcore.explain.dispatch import explain
from clfcore.explain.methods import NAMES
from tests.explain.small_classifiers import picture, small_swin, small_vit, stub
from tests.support.module_state import state

ATTENTION = {"attention-rollout", "attention-head"}


def four_networks() -> dict:
    torch.manual_seed(0)
    return {
        "lenet5": stub(LeNet5(columns=10, channels=1, image_size=28), size=28, channels=1),
        "resnet18": stub(torchvision.models.resnet18(num_classes=4), size=32, classes=4),
        "vit": stub(small_vit(), size=32, classes=4),
        "swin": stub(small_swin(), size=32, classes=4),
    }


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "vit", "swin"])
def test_every_method_gives_a_map_and_leaves_the_network_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perturbation, "MASKS", 64)
    classifier = four_networks()[name]
    module, size = classifier.module, classifier.preprocess.size
    list(module.modules())[-1].train()  # a mixed state, which must be found again
    first = next(module.parameters())
    first.grad = torch.ones_like(first)
    first.requires_grad_(False)
    square = picture(size, classifier.preprocess.channels)
    before, weights = state(module), {key: value.clone() for key, value in module.state_dict().items()}
    for method in NAMES:
        if method in ATTENTION and name != "vit":
            with pytest.raises(InputError, match="choose gradcam"):
                explain(classifier, square, method=method)
            continue
        made = explain(classifier, square, method=method)
        assert made.values.shape == (size, size), method
        assert made.values.dtype == np.float32
        assert made.evidence == bool(made.values.max() > 0)
        assert not made.evidence or (made.values.std() > 0 and made.values.max() <= 1.0001), method
        assert isinstance(made.target, int), method
        assert state(module) == before, method
    for key, value in module.state_dict().items():
        assert torch.equal(value, weights[key]), key


@pytest.mark.parametrize("method", NAMES)
def test_an_error_inside_arrives_and_leaves_the_network_alone(method: str, vit) -> None:
    before = state(vit.module)
    handle = vit.module.head.register_forward_hook(lambda *_: (_ for _ in ()).throw(IndexError("broken inside")))
    before = state(vit.module)
    with pytest.raises(IndexError, match="broken inside"):  # grad-cam's own context would swallow this one
        explain(vit, picture(32), method=method)
    assert state(vit.module) == before
    handle.remove()


def test_the_target_is_the_prediction_unless_given(net) -> None:
    square = picture(16)
    logits = net.module(torch.from_numpy(net.preprocess.normalize(square[None])))
    predicted = int(logits.argmax())
    open_target, given = explain(net, square), explain(net, square, target=predicted)
    assert open_target.target == predicted
    assert np.array_equal(open_target.values, given.values)


def test_what_was_asked_wrongly_is_refused_in_words(net) -> None:
    square = picture(16)
    with pytest.raises(InputError, match=r"method is 'gradcan': it must be one of .*did you mean gradcam"):
        explain(net, square, method="gradcan")
    with pytest.raises(InputError, match=r"target is 4: stub has 4 outputs, so it must be from 0 to 3"):
        explain(net, square, target=4)
    with pytest.raises(InputError, match=r"target is -1: stub has 4 outputs"):
        explain(net, square, target=(0, -1))
    with pytest.raises(InputError, match=r"target is 2 against itself"):
        explain(net, square, target=(2, 2))
    with pytest.raises(InputError, match=r"layer is '4': saliency looks at the whole network; leave the layer out"):
        explain(net, square, method="saliency", layer="4")
    with pytest.raises(InputError, match=r"the picture is 20 x 16 x 3 uint8: stub takes 16 x 16 uint8"):
        explain(net, np.zeros((20, 16, 3), np.uint8))


def test_a_diverged_network_is_a_failure_in_words(net) -> None:
    with torch.no_grad():
        net.module[7].weight.fill_(float("nan"))
    with pytest.raises(Failure, match="gradcam of stub gave values that are not finite: its weights diverged"):
        explain(net, picture(16), target=0)


def test_a_chosen_stage_is_the_one_that_is_shown(net) -> None:
    early, late = (explain(net, picture(16), layer=layer, target=0) for layer in ("1", "4"))
    assert (early.layer, late.layer) == ("1", "4")
    assert not np.allclose(early.values, late.values)


def test_importing_loads_no_torch() -> None:
    code = "import sys, clfcore.explain; sys.exit('torch' in sys.modules or 'cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_rise_asks_as_often_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perturbation, "MASKS", 48)
    classifier, told = four_networks()["lenet5"], []
    square = picture(classifier.preprocess.size, classifier.preprocess.channels)
    made = explain(classifier, square, method="rise", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (48, 48)
    assert "from 48 random masks" in made.note
