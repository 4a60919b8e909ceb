"""The text for torchvision runs, and what it does is what the policy does."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from clfcore.augment import policies
from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.policy import Policy
from clfcore.augment.previews import policy_views
from clfcore.augment.to_torchvision import torchvision_code

DRAWS = 250
MEAN, DEVIATION = (0.5, 0.45, 0.4), (0.25, 0.25, 0.25)


def run(policy: Policy, *, size: int, stored_side: int) -> dict:
    text = torchvision_code(policy, size=size, stored_side=stored_side, mean=MEAN, deviation=DEVIATION)
    names: dict = {}
    exec(compile(text, "policy.py", "exec"), names)
    return names


def picture(side: int) -> np.ndarray:
    """Brighter to the right, redder downwards, so that a flip, a shift or a tone shows in the averages."""
    ramp = np.linspace(30, 220, side)
    return np.stack([np.tile(ramp[:, None], side), np.tile(ramp, (side, 1)), np.full((side, side), 90)], -1).astype(
        "u1"
    )


OWN = [
    {"step": "vertical-flip", "probability": 0.2},
    {"step": "resized-crop", "scale": [0.2, 0.9]},
    {"step": "shift", "border": "reflect"},
    {"step": "rotation", "probability": 0.5},
    {"step": "colour-jitter", "hue": 0.1, "probability": 0.5},
    {"step": "erasing", "probability": 0.5, "paint": "black"},
]


@pytest.mark.parametrize("given", [*POLICIES, OWN], ids=[*POLICIES, "own"])
def test_the_text_does_what_the_policy_does(given):
    """The average picture and its spread agree within the noise of drawing."""
    policy, stored = policies.policy(given), picture(22)
    text = run(policy, size=20, stored_side=22)["augment"]
    torch.manual_seed(0)
    image = Image.fromarray(stored)
    theirs = torch.stack([text(image) for _ in range(DRAWS)])
    views = policy_views(policy, stored, size=20, count=DRAWS, mean=MEAN)
    mine = v2.functional.normalize(torch.from_numpy(views).permute(0, 3, 1, 2) / 255, MEAN, DEVIATION)
    spread = torch.maximum(theirs.std(dim=0), mine.std(dim=0))
    apart = (theirs.mean(dim=0) - mine.mean(dim=0)).abs()
    assert (apart <= 3.5 * spread * (2 / DRAWS) ** 0.5 + 0.02).float().mean() > 0.99
    assert float(theirs.std()) == pytest.approx(float(mine.std()), rel=0.06, abs=1e-3)


def test_a_crop_is_resized_to_its_own_zoom():
    """Too small a difference for averages to show."""
    lines = run(policies.policy([{"step": "crop", "zoom": 1.5}]), size=20, stored_side=22)["augment"].transforms
    assert [(type(t), t.size) for t in lines[1:5]] == [
        (v2.Resize, [22]),
        (v2.CenterCrop, (22, 22)),
        (v2.Resize, [30]),
        (v2.RandomCrop, (20, 20)),
    ]


def test_fixed_steps_agree_pixel_by_pixel():
    policy = policies.policy(
        [{"step": "horizontal-flip", "probability": 1}, {"step": "vertical-flip", "probability": 1}]
    )
    stored = picture(36)
    names = run(policy, size=32, stored_side=36)
    mine = torch.from_numpy(policy_views(policy, stored, size=32, count=1)[0]).permute(2, 0, 1)
    wanted = v2.functional.normalize(mine / 255, MEAN, DEVIATION)
    torch.testing.assert_close(names["augment"](Image.fromarray(stored)), wanted)
    plain = names["evaluate"](Image.fromarray(stored))
    torch.testing.assert_close(plain, wanted.flip(-1).flip(-2))


def test_erasing_stands_after_the_normalization():
    """Before the picture is a tensor torchvision's erasing fails; before the normalization 0 would be black."""
    kinds = [type(t) for t in run(policies.policy("autoaugment"), size=32, stored_side=32)["augment"].transforms]
    assert kinds[-3:] == [v2.ToDtype, v2.Normalize, v2.RandomErasing]
