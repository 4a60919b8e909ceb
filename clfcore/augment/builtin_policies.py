"""Built-in augmentation policies, by name."""

from collections.abc import Mapping

from clfcore.augment.policy import Policy, steps


def _named(name: str, *taken: Mapping[str, object] | str) -> Policy:
    return Policy(name, steps(taken))


_CROP, _FLIP = {"step": "crop", "zoom": 1.2}, {"step": "horizontal-flip", "probability": 0.5}

POLICIES: Mapping[str, Policy] = {
    made.name: made
    for made in (
        _named("none"),
        _named("basic", _CROP, _FLIP, "colour-jitter", {"step": "rotation", "degrees": 10}),
        # Medical pictures: sides and tones carry the finding, so that little is changed.
        _named(
            "conservative",
            {"step": "horizontal-flip", "probability": 0.3},
            {"step": "rotation", "degrees": 5},
            {"step": "colour-jitter", "brightness": 0.1, "contrast": 0.1, "saturation": 0, "hue": 0},
        ),
        _named("autoaugment", _CROP, _FLIP, "autoaugment", {"step": "erasing", "probability": 0.1}),
        _named("randaugment", _CROP, _FLIP, "randaugment"),
        _named("trivialaugment", _CROP, _FLIP, "trivialaugment"),
        _named("augmix", _CROP, _FLIP, "augmix"),
        # The usual of ImageNet (Szegedy et al. 2015) with larger cuts: what fine-tuning on photos gains most by.
        _named("photos", {"step": "resized-crop", "scale": [0.35, 1.0]}, _FLIP),
        # The usual of CIFAR with half its shift (He et al. 2015): an eighth of the side cuts small objects off.
        _named("small", {"step": "shift", "most": 0.0625, "border": "reflect"}, _FLIP),
        # No flips: a mirrored digit is another sign, or none.
        _named("digits", {"step": "shift", "most": 0.1}, {"step": "rotation", "degrees": 10}),
    )
}
