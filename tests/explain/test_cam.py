import cv2
import numpy as np
import pytest
import timm
import torch
from pytorch_grad_cam import FEM, EigenCAM, EigenGradCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from clfcore.explain.dispatch import explain
from clfcore.explain.hooks import as_input
from clfcore.explain.target_layers import layer_candidates
from tests.explain.small_classifiers import picture, small_densenet, small_swin, small_vit, stub

PLAIN = {
    "gradcam": GradCAM,
    "gradcam++": GradCAMPlusPlus,
    "hirescam": HiResCAM,
    "layercam": LayerCAM,
    "xgradcam": XGradCAM,
    "fem": FEM,
}


def plain(package: type, classifier, square: np.ndarray, target: int) -> np.ndarray:
    """The package's map with nothing of ours but the layer and its fold."""
    x = as_input(classifier, square[None])
    layer = layer_candidates(classifier.module, x).automatic
    with package(classifier.module, [classifier.module.get_submodule(layer.name)], layer.as_map()) as made:
        return made(x, [ClassifierOutputTarget(target)])[0]


def networks() -> dict:
    torch.manual_seed(0)
    lite0 = timm.create_model("tf_efficientnet_lite0", num_classes=4)
    return {
        "lite0": (lite0, 64),
        "densenet": (small_densenet(), 32),
        "swin": (small_swin(), 32),
        "vit": (small_vit(), 32),
    }


@pytest.mark.parametrize("name", ["lite0", "densenet", "swin", "vit"])
def test_maps_equal_the_plain_packages_to_the_bit(name: str) -> None:
    module, size = networks()[name]
    classifier, square = stub(module, size=size, classes=4), picture(size)
    for method, package in PLAIN.items():
        mine = explain(classifier, square, method=method, target=2)
        assert np.array_equal(mine.values, plain(package, classifier, square, 2)), method


def test_gradcam_against_autograd_written_out(net) -> None:
    square = picture(16)
    x = as_input(net, square[None])
    maps = net.module[:5](x)  # 1 x 8 x 8 x 8
    logit = net.module[5:](maps)[0, 1]
    weights = torch.autograd.grad(logit, maps)[0].mean((2, 3))[0]  # equation 1 of the paper
    raw = torch.relu((weights[:, None, None] * maps[0]).sum(0)).detach().numpy()  # equation 2
    expected = cv2.resize((raw - raw.min()) / (raw.max() - raw.min()), (16, 16))
    mine = explain(net, square, target=1)
    np.testing.assert_allclose(mine.values, (expected - expected.min()) / np.ptp(expected), atol=1e-5)
    assert (mine.layer, mine.target, mine.evidence) == ("4", 1, True)


def test_eigencam_is_the_packages_up_to_its_sign(net) -> None:
    square = picture(16)
    mine = explain(net, square, method="eigencam").values
    x = as_input(net, square[None])
    maps = net.module[:5](x)[0].detach().numpy().reshape(8, -1)
    centerd = (maps - maps.mean(axis=1, keepdims=True)).T
    values, vectors = np.linalg.eigh(centerd.T @ centerd)
    assert values[-1] > 1.01 * values[-2]
    direction = centerd @ vectors[:, -1]
    raw = np.maximum(direction * np.sign(direction[np.abs(direction).argmax()]), 0).reshape(8, 8)
    expected = cv2.resize(raw / raw.max(), (16, 16))
    np.testing.assert_allclose(mine, expected / expected.max(), atol=1e-3)
    theirs = plain(EigenCAM, net, square, 0)
    assert np.allclose(mine, theirs, atol=1e-4) or abs(np.corrcoef(mine.ravel(), theirs.ravel())[0, 1]) > 0.3


def test_eigengradcam_is_the_packages_where_its_sign_agrees_with_the_evidence(net) -> None:
    square = picture(16)
    agreeing = 0
    for target in range(4):
        mine = explain(net, square, method="eigengradcam", target=target).values
        evidence = explain(net, square, method="hirescam", target=target).values
        theirs = plain(EigenGradCAM, net, square, target)
        agreeing += np.allclose(mine, theirs, atol=1e-4)
        assert np.allclose(mine, theirs, atol=1e-4) or (theirs * evidence).sum() < (mine * evidence).sum()
    assert agreeing


def test_a_difference_of_two_classes_is_the_map_of_the_difference_of_their_logits(net) -> None:
    square = picture(16)
    maps = net.module[:5](as_input(net, square[None]))
    logits = net.module[5:](maps)[0]
    weights = torch.autograd.grad(logits[3] - logits[1], maps)[0].mean((2, 3))[0]
    raw = torch.relu((weights[:, None, None] * maps[0]).sum(0)).detach().numpy()
    expected = cv2.resize((raw - raw.min()) / np.ptp(raw), (16, 16))
    mine = explain(net, square, target=(3, 1))
    np.testing.assert_allclose(mine.values, (expected - expected.min()) / np.ptp(expected), atol=1e-5)
    assert mine.target == (3, 1)


def test_without_positive_evidence_the_map_is_zero_and_says_so(net) -> None:
    with torch.no_grad():
        net.module[7].weight.copy_(-net.module[7].weight.abs())  # every channel speaks against every class
    found = explain(net, picture(16), target=0)
    assert not found.evidence
    assert not found.values.any()
