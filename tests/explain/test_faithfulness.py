import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from clfcore.data.pixels import Preprocess
from clfcore.data.synthetic_shapes import draw
from clfcore.errors import InputError
from clfcore.explain.deletion_insertion import pointing_game
from clfcore.explain.dispatch import explain
from clfcore.explain.faithfulness import _mask, check_dataset, counterfactual, measure_faithfulness
from clfcore.explain.saliency_map import Cancelled
from clfcore.explain.sanity_check import rank_correlation, with_random_weights
from tests.explain.small_classifiers import small_net, stub


def spotter(size: int = 16):
    """Sees one bright spot wherever it is: class 0 is its brightness, class 1 nothing."""
    module = nn.Sequential(
        nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(1, 2)
    )
    with torch.no_grad():
        module[0].weight.fill_(1 / 9)
        module[0].bias.zero_()
        module[4].weight.copy_(torch.tensor([[5.0], [-5.0]]))
        module[4].bias.zero_()
    return stub(module, size=size, channels=1, classes=2)


def spots(count: int, size: int = 16) -> tuple[np.ndarray, np.ndarray]:
    squares, masks = np.full((count, size, size, 1), 60, np.uint8), np.zeros((count, size, size), bool)
    for i, (row, column) in enumerate(np.random.default_rng(0).integers(1, size - 4, (count, 2))):
        squares[i, row : row + 3, column : column + 3] = 255
        masks[i, row : row + 3, column : column + 3] = True
    return squares, masks


def test_the_report_has_what_the_command_prints_and_truth_beats_chance() -> None:
    squares, masks = spots(6)
    told: list[tuple[int, int]] = []
    report = measure_faithfulness(spotter(), squares, masks=masks, progress=lambda *step: told.append(step))
    printed = json.loads(json.dumps(asdict(report), allow_nan=False))
    names = [row["method"] for row in printed["methods"]]
    assert names == [
        "gradcam",
        "gradcam++",
        "hirescam",
        "layercam",
        "xgradcam",
        "eigencam",
        "eigengradcam",
        "fem",
        "saliency",
        "smoothgrad",
    ]
    assert set(printed["left_out"]) == {"attention-rollout", "attention-head"}
    gradcam, (chance, center) = printed["methods"][0], printed["baselines"]
    assert gradcam["pointing_game"] == 1
    assert gradcam["energy_in_mask"] > 2 * chance["energy_in_mask"]
    assert chance["energy_in_mask"] == pytest.approx(9 / 256)
    assert center["pointing_game"] < 1
    assert gradcam["deletion_auc"] < chance["deletion_auc"]
    assert gradcam["insertion_auc"] > chance["insertion_auc"]
    assert told[-1] == (6 * 12, 6 * 12)


def test_the_probability_falls_with_the_pixels_that_count_and_rises_with_them() -> None:
    squares, _ = spots(1)
    classifier = spotter()
    gone, come = counterfactual(classifier, squares[0], explain(classifier, squares[0], target=0), steps=8)
    logits = classifier.module(torch.from_numpy(classifier.preprocess.normalize(squares)))
    whole = float(logits.softmax(1)[0, 0].detach())
    assert gone.probabilities[0] == pytest.approx(whole, abs=1e-6) == come.probabilities[-1]
    assert gone.probabilities[2] < whole - 0.1
    assert come.probabilities[2] > come.probabilities[0]


def test_without_masks_their_measures_are_null() -> None:
    squares, _ = spots(2)
    report = measure_faithfulness(spotter(), squares, methods=["gradcam"])
    assert (report.methods[0].pointing_game, report.methods[0].energy_in_mask) == (None, None)
    assert report.methods[0].deletion_auc is not None


def test_long_methods_only_when_asked(net, monkeypatch: pytest.MonkeyPatch) -> None:
    from clfcore.explain import perturbation

    monkeypatch.setattr(perturbation, "MASKS", 32)
    squares = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    long = {"scorecam", "ablationcam", "integrated-gradients", "occlusion", "rise"}
    assert not long & {row.method for row in measure_faithfulness(net, squares).methods}
    assert long <= {row.method for row in measure_faithfulness(net, squares, everything=True).methods}
    with pytest.raises(Cancelled):
        measure_faithfulness(net, squares, cancel=lambda: True)
    with pytest.raises(InputError, match="did you mean gradcam"):
        measure_faithfulness(net, squares, methods=["gradcan"])


def test_random_weights_are_the_same_numbers_in_another_order_and_the_classifier_keeps_its_own(net) -> None:
    before = {key: value.clone() for key, value in net.module.state_dict().items()}
    shuffled = with_random_weights(net, np.zeros((2, 16, 16, 3), np.uint8)).module.state_dict()
    for key, value in net.module.state_dict().items():
        assert torch.equal(value, before[key])
        assert torch.equal(shuffled[key].flatten().sort().values, value.flatten().sort().values)
    assert not torch.equal(shuffled["3.weight"], before["3.weight"])


def test_a_map_that_ignores_the_weights_is_marked(net, monkeypatch: pytest.MonkeyPatch) -> None:
    from clfcore.explain import faithfulness as module
    from clfcore.explain.saliency_map import SaliencyMap

    def edges(classifier, square, *, method, target=None, **_) -> SaliencyMap:
        """What a method that only finds edges would give: nothing of the network is in it."""
        gray = square.mean(axis=2)
        found = np.abs(np.gradient(gray)[0]) + np.abs(np.gradient(gray)[1])
        return SaliencyMap((found / found.max()).astype(np.float32), method, None, target, True)

    squares = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    assert measure_faithfulness(net, squares, methods=["hirescam"]).methods[0].changes_with_random_weights is True
    monkeypatch.setattr(module, "explain", edges)
    marked = measure_faithfulness(net, squares, methods=["saliency"]).methods[0]
    assert marked.changes_with_random_weights is False
    assert marked.correlation == pytest.approx(1)


def test_rank_correlation_is_spearmans() -> None:
    from scipy.stats import spearmanr

    a, b = np.random.default_rng(0).random((2, 50))
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(a, np.zeros(50)) == 0


def test_masks_go_the_way_of_their_pictures() -> None:
    mask = np.zeros((40, 20), bool)
    mask[10:20, 0:10] = True  # in the upper left of the central square
    cropped = _mask(mask, Preprocess(size=20))
    assert np.array_equal(cropped, mask[10:30])
    padded = _mask(mask, Preprocess(size=40, fit="pad"))
    assert padded[:, 10:30].tolist() == mask.tolist()
    assert not padded[:, :10].any()


def test_a_dataset_is_checked_on_its_test_split() -> None:
    dataset = draw(count=60, side=16)
    classifier = stub(small_net(), size=16, classes=4)
    report = check_dataset(classifier, dataset, items=5, methods=["gradcam"])
    assert report.items == 5
    assert report.methods[0].pointing_game is not None
    without = replace(dataset, splits={"train": dataset.splits["train"]}, masks=None)
    assert check_dataset(classifier, without, items=3, methods=["gradcam"]).methods[0].pointing_game is None


def trained_on(dataset) -> nn.Module:
    """Six convolutions trained for 12 epochs with turns, flips and shifts."""
    torch.manual_seed(0)
    parts, channels = [], 3
    for width in (8, 16, 32):
        for _ in range(2):
            parts += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        parts.append(nn.MaxPool2d(2))
    module = nn.Sequential(*parts[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 6))
    x = torch.from_numpy(stub(module, size=32, classes=6).preprocess.normalize(dataset.pixels))
    y, train = torch.from_numpy(dataset.targets), dataset.splits["train"]
    steps = len(train) // 32
    optimiser = torch.optim.AdamW(module.parameters(), 5e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, 12 * steps)
    generator = np.random.default_rng(0)
    module.train()
    for _ in range(12):
        for batch in np.array_split(generator.permutation(train), steps):
            seen = torch.rot90(x[batch], int(generator.integers(4)), (2, 3))
            seen = torch.roll(
                seen.flip(3) if generator.random() < 0.5 else seen, tuple(generator.integers(-4, 5, 2)), (2, 3)
            )
            optimiser.zero_grad()
            nn.functional.cross_entropy(module(seen), y[batch]).backward()
            optimiser.step()
            schedule.step()
    return module.eval()


@pytest.mark.slow
def test_gradcam_of_a_network_trained_on_shapes_points_at_the_object() -> None:
    dataset = draw(count=1200, side=32, difficulty=0.0)
    classifier = stub(trained_on(dataset), size=32, classes=6)
    report = check_dataset(classifier, dataset, items=30, methods=["gradcam", "layercam", "saliency"])
    found = {row.method: row for row in (*report.methods, *report.baselines)}
    assert found["gradcam"].pointing_game >= 0.9
    assert found["gradcam"].pointing_game > max(found["random"].pointing_game, found["centre"].pointing_game)
    assert found["gradcam"].insertion_auc > found["random"].insertion_auc
    assert found["gradcam"].deletion_auc < found["random"].deletion_auc
    assert all(row.changes_with_random_weights for row in report.methods)
    test = dataset.splits["test"]
    hits = [
        pointing_game(explain(classifier, dataset.pixels[i], target=int(dataset.targets[i])).values, dataset.masks[i])
        for i in test
    ]
    assert np.mean(hits) >= 0.9  # of the true class, on the whole test split
