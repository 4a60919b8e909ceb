"""Views for test-time augmentation, and the one answer that comes of them."""

import pytest
import torch
from torchvision.transforms.v2 import functional as V

from clfcore.augment.tta_views import combined, evaluation_views
from clfcore.errors import InputError
from clfcore.task import Level, Task, multi_label, single_label


def test_views_are_torchvisions():
    x = torch.randint(0, 256, (4, 3, 20, 20), dtype=torch.uint8)
    assert torch.equal(evaluation_views(x, kind="five-crops", size=16), torch.stack(V.five_crop(x, [16, 16])))
    middle = V.center_crop(x, [16, 16])
    assert torch.equal(evaluation_views(x, kind="none", size=16), middle[None])
    assert torch.equal(evaluation_views(x, kind="flip", size=16), torch.stack([V.horizontal_flip(middle), middle]))


def test_the_answer_is_the_mean_of_the_probabilities():
    logits = torch.randn(5, 7, 4, generator=torch.Generator().manual_seed(0)) * 30
    mean = logits.softmax(dim=-1).mean(dim=0)
    torch.testing.assert_close(combined(logits, single_label(list("abcd"))).softmax(dim=-1), mean)
    both = combined(logits, multi_label(list("abcd")))
    assert torch.isfinite(both).all()
    torch.testing.assert_close(both.sigmoid(), logits.sigmoid().mean(dim=0))
    tree = Task("hierarchical", (Level("a", ("x", "y")), Level("b", ("p", "q"))))
    torch.testing.assert_close(
        combined(logits, tree)[:, :2].softmax(dim=-1), logits[..., :2].softmax(dim=-1).mean(dim=0)
    )


def test_what_cannot_be_viewed_is_refused():
    x = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    with pytest.raises(InputError, match="five-crops needs pictures larger than 16 pixels"):
        evaluation_views(x, kind="five-crops", size=16)
    with pytest.raises(InputError, match="must be one of none, flip, five-crops"):
        evaluation_views(x, kind="ten-crops", size=16)
