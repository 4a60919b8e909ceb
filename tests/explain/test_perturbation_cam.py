import numpy as np
import pytest
import torch
from pytorch_grad_cam import AblationCAM, ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from clfcore.explain import perturbation_cam
from clfcore.explain.dispatch import explain
from clfcore.explain.hooks import as_input
from clfcore.explain.saliency_map import Cancelled
from tests.explain.small_classifiers import picture, stub


def theirs(package: type, classifier, square: np.ndarray, target: int) -> np.ndarray:
    with package(classifier.module, [classifier.module[4]]) as made:
        return made(as_input(classifier, square[None]), [ClassifierOutputTarget(target)])[0]


def test_scorecam_is_the_packages(net) -> None:
    square = picture(16)
    mine = explain(net, square, method="scorecam", target=1)
    np.testing.assert_allclose(mine.values, theirs(ScoreCAM, net, square, 1), atol=1e-5)
    assert mine.note == ""


def test_ablationcam_is_the_packages(net) -> None:
    with torch.no_grad():
        net.module[7].bias.fill_(3.0)  # a positive score, for which the package's division keeps the map's sense
    square = picture(16)
    mine = explain(net, square, method="ablationcam", target=1)
    np.testing.assert_allclose(mine.values, theirs(AblationCAM, net, square, 1), atol=1e-4)


def test_ablation_of_tokens_is_the_fall_of_the_score_written_out(vit) -> None:
    from clfcore.explain.hooks import Score
    from clfcore.explain.target_layers import layer_candidates

    x = as_input(vit, picture(32)[None])
    layer = layer_candidates(vit.module, x).automatic
    norm, falls = vit.module.get_submodule(layer.name), []
    with torch.no_grad():
        whole = vit.module(x)[0, 2]
        for channel in range(24):
            handle = norm.register_forward_hook(lambda _p, _i, out, c=channel: out.index_fill(2, torch.tensor(c), 0.0))
            falls.append(float((whole - vit.module(x)[0, 2]) / whole.abs()))
            handle.remove()
        made = perturbation_cam._AblationCAM(
            vit.module, norm, layer, score=Score(vit.task, 2, "vit"), progress=lambda *_: None
        )
        made(x, [Score(vit.task, 2, "vit")])
        weights = made.get_cam_weights(x, None, None, np.zeros((1, 24, 4, 4), np.float32), None)[0]
    np.testing.assert_allclose(weights, falls, atol=1e-4)


def test_scorecam_asks_the_strongest_channels_and_says_so(net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perturbation_cam, "MOST", 3)
    told: list[tuple[int, int]] = []
    made = explain(net, picture(16), method="scorecam", progress=lambda *step: told.append(step))
    assert made.note == "from the 3 strongest of 8 channels"
    assert told[-1] == (3, 3)


@pytest.mark.parametrize(
    "method", ["scorecam", "ablationcam", "smoothgrad", "integrated-gradients", "occlusion", "rise"]
)
def test_long_methods_tell_how_far_they_are_and_stop_when_asked(vit, method: str) -> None:
    told: list[tuple[int, int]] = []
    explain(vit, picture(32), method=method, progress=lambda *step: told.append(step))
    assert told[-1][0] == told[-1][1] >= 4
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    with pytest.raises(Cancelled):
        explain(vit, picture(32), method=method, cancel=lambda: True)
    assert not any(parameter.requires_grad is False for parameter in vit.module.parameters())


def test_a_layer_that_others_read_past_takes_the_long_way() -> None:
    class Past(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.Conv2d(4, 4, 3, padding=1)
            self.head = torch.nn.Linear(8, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            first = self.first(x)
            return self.head(torch.cat([first, self.second(first)], 1).mean((2, 3)))  # cat does not broadcast

    torch.manual_seed(0)
    classifier = stub(Past(), size=16, classes=4)
    assert explain(classifier, picture(16), method="ablationcam", target=1).values.shape == (16, 16)


def test_one_picture_is_enough_for_a_transformer(vit) -> None:
    from clfcore.explain.hooks import Score
    from clfcore.explain.target_layers import layer_candidates

    x = as_input(vit, picture(32)[None])
    layer = layer_candidates(vit.module, x).automatic
    score = Score(vit.task, 1, "vit")
    made = perturbation_cam._AblationCAM(
        vit.module, vit.module.get_submodule(layer.name), layer, score=score, progress=lambda *_: None
    )
    with torch.no_grad():
        assert made._one_picture_is_enough(x)
