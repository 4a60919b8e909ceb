import numpy as np
import pytest
import torch
from torch import nn

from clfcore.errors import InputError
from clfcore.explain.dispatch import explain
from clfcore.explain.targets import column
from clfcore.task import Level, Task, single_label
from tests.explain.small_classifiers import picture, stub

TREE = Task("hierarchical", (Level("kind", ("animal", "plant")), Level("name", ("cat", "dog", "oak"))))


def test_columns_of_names_and_numbers() -> None:
    assert [column(TREE, name) for name in ("cat", "oak", "plant", "0", "2")] == [2, 4, 1, 2, 4]
    assert column(TREE, "1", level="kind") == 1
    assert column(single_label(["7", "3"]), "3") == 1  # a name before a number


def test_refusals() -> None:
    with pytest.raises(InputError, match=r"target is 'dgo': it must be one of the classes .* \(did you mean dog\?\)"):
        column(TREE, "dgo")
    with pytest.raises(InputError, match=r"target is 3: there are 3 classes, so a number must be from 0 to 2"):
        column(TREE, "3")
    with pytest.raises(InputError, match=r"level is 'nam': it must be one of kind, name \(did you mean name\?\)"):
        column(TREE, "cat", level="nam")
    with pytest.raises(InputError, match="target is 'plant'"):
        column(TREE, "plant", level="name")


@pytest.mark.parametrize(("name", "level"), [("plant", "kind"), ("animal", None), ("dog", "name")])
def test_grad_cam_of_a_level_is_that_columns_weighted_maps(name: str, level: str | None) -> None:
    """After global average pooling and one linear layer, Grad-CAM is the maps weighted by the class's row, by hand."""
    torch.manual_seed(3)
    convolutions = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU())
    head = nn.Linear(6, 5)
    module = nn.Sequential(convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).eval()
    classifier = stub(module, size=16, task=TREE)
    square = picture(16)
    wanted = column(TREE, name, level=level)
    made = explain(classifier, square, target=wanted)
    x = torch.from_numpy(classifier.preprocess.normalize(square[None]))
    with torch.no_grad():
        maps = torch.einsum("k,khw->hw", head.weight[wanted], convolutions(x)[0]).relu()
    by_hand = ((maps - maps.min()) / (maps.max() - maps.min())).numpy()
    np.testing.assert_allclose(made.values, by_hand, atol=1e-4)
    assert made.values.max() > 0
