"""Which strategy suits the data at hand, with the reasons. No torch: from sizes and weights alone."""

from dataclasses import dataclass

from clfcore.architectures.catalogue import Architecture, weights_at_hand
from clfcore.data.dataset import ImageDataset

PLENTY = 10_000  # images from which training all of a network begins to pay: the usual rule of thumb
FEW = 1_000  # below it, fine-tuning was no better than the frozen network in our own measurements (800 photos)
UNLIKE = 64  # pixels: smaller pictures are unlike the photographs of ImageNet


@dataclass(frozen=True)
class Advice:
    """The strategy to begin with, the one to try next (None: no other), and the reasons in sentences."""

    strategy: str
    then: str | None
    reasons: tuple[str, ...]


def advise(dataset: ImageDataset, architecture: Architecture) -> Advice:
    """What to begin with. It is a rule of thumb: `try` measures."""
    items, side = len(dataset.splits["train"]), dataset.side()
    if not weights_at_hand(architecture.name):
        published = bool(architecture.weights)
        why = "has published weights, but they are not on this machine" if published else "has no published weights"
        if items < PLENTY:
            cure = "With so few images, efficientnet_lite0, whose weights are here, will usually be better."
        else:
            cure = "There are enough images to learn from nothing."
        return Advice("scratch", None, (f"{architecture.name} {why}.", f"{items:,} training images. {cure}"))
    small = f"The pictures are {side} pixels wide, unlike ImageNet's photographs, which the weights were trained on."
    if side <= UNLIKE and items >= FEW:
        reasons = (small, f"{items:,} training images are enough to adapt the upper layers to them.")
        return Advice("fine-tuning", "scratch" if items >= PLENTY else "feature-extraction", reasons)
    like = small if side <= UNLIKE else "The pictures have the size of photographs, as those of the pretraining have."
    if items < FEW:
        reason = f"{items:,} training images are few: on so few, training the layers seldom beats a fitted head."
        return Advice("feature-extraction", None, (reason, like))
    if items < PLENTY:
        reason = (
            f"{items:,} training images are below the {PLENTY:,} of the rule of thumb: begin with a head, in seconds; "
            "fine-tuning begins where it ends and usually adds a little."
        )
        return Advice("feature-extraction", "fine-tuning", (reason, like))
    reason = f"{items:,} training images, above the {PLENTY:,} of the rule of thumb: the layers can be trained on."
    return Advice("fine-tuning", "feature-extraction", (reason, like))
