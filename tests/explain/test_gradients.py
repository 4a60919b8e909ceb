import numpy as np
import torch
from torch import nn

from clfcore.explain import gradients
from clfcore.explain.dispatch import explain
from clfcore.explain.hooks import Score, as_input
from tests.explain.small_classifiers import picture, stub


def test_saliency_is_the_gradient_by_finite_differences() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 16, 3)).double()
    classifier = stub(module, size=6, channels=1, classes=3)
    x = torch.randn(1, 1, 6, 6, dtype=torch.float64)
    raw = gradients.saliency(module, x, Score(classifier.task, 1, "net"))
    for row, column in ((0, 0), (2, 3), (5, 5)):
        step = torch.zeros_like(x)
        step[0, 0, row, column] = 1e-6
        difference = float((module(x + step) - module(x - step))[0, 1].detach()) / 2e-6
        assert abs(raw[row, column] - abs(difference)) < 1e-6


def test_integrated_gradients_add_up_to_the_change_of_the_score(net, vit) -> None:
    for classifier, size in ((net, 16), (vit, 32)):
        x = as_input(classifier, picture(size)[None])
        _, total, change = gradients.integrated_gradients(
            classifier.module, x, Score(classifier.task, (1, 0), "net"), progress=lambda *_: None
        )
        logits = classifier.module(torch.cat([x, torch.zeros_like(x)])).detach()
        assert abs(change - float((logits[0, 1] - logits[0, 0]) - (logits[1, 1] - logits[1, 0]))) < 1e-5
        assert abs(total - change) < 0.021 * abs(change)


def test_points_of_integrated_gradients_are_added_until_the_sum_is_right(net) -> None:
    x, asked = as_input(net, picture(16)[None]), []
    score = Score(net.task, 2, "net")
    for enough in (1.0, 1e-9):
        told: list[tuple[int, int]] = []
        note = lambda *step, told=told: told.append(step)  # noqa: E731
        gradients.integrated_gradients(net.module, x, score, progress=note, most=60, enough=enough)
        asked.append([done for done, _ in told])
    assert asked == [[16, 60], [16, 31, 47, 59, 60]]


def test_integrated_gradients_of_a_linear_network_are_weight_times_input() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(27, 2))
    classifier = stub(module, size=3, classes=2)
    x = torch.randn(1, 3, 3, 3)
    raw, _, _ = gradients.integrated_gradients(module, x, Score(classifier.task, 0, "n"), progress=lambda *_: None)
    expected = (module[1].weight[0] * x.flatten()).reshape(3, 3, 3).sum(0).detach().numpy()
    np.testing.assert_allclose(raw, expected, rtol=1e-4, atol=1e-6)


def test_the_completeness_check_is_told_with_the_map(net) -> None:
    made = explain(net, picture(16), method="integrated-gradients", target=2)
    assert made.note.startswith("completeness: the map sums to ")
    assert "off by" in made.note


def test_smoothgrad_is_seeded_and_of_a_linear_network_equals_saliency(net) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
    classifier = stub(module, size=4, classes=2)
    plain = explain(classifier, picture(4), method="saliency", target=0)
    smooth = explain(classifier, picture(4), method="smoothgrad", target=0)
    np.testing.assert_allclose(smooth.values, plain.values, atol=1e-5)
    again = [explain(net, picture(16), method="smoothgrad").values for _ in range(2)]
    assert np.array_equal(*again)
