"""Strategy advice: a rule of thumb for the data at hand, with its reasons, from sizes and weights alone (no torch)."""

from dataclasses import dataclass

from clfcore.architectures.catalogue import Architecture, weights_at_hand
from clfcore.data.dataset import ImageDataset

PLENTY = 10_000  # images above which training the whole network pays off: the usual rule of thumb
FEW = 200  # below it, fine-tuning was no better than a head on frozen features (docs/transfer.md)
ADAPTABLE = 1_000  # small images that are enough to adapt the layers of a network of photographs to them
UNLIKE = 64  # pixels; smaller images are unlike the photographs of ImageNet


@dataclass(frozen=True)
class Advice:
    """The strategy to start with, the one to try next (None: no other), and the reasons in sentences."""

    strategy: str
    then: str | None
    reasons: tuple[str, ...]


def advise(dataset: ImageDataset, architecture: Architecture) -> Advice:
    """The strategy to start with, by rule of thumb; `compare_strategies` measures it."""
    items, side = len(dataset.splits["train"]), dataset.side()
    if not weights_at_hand(architecture.name):
        published = bool(architecture.weights)
        why = "has pretrained weights, but they are not on this machine" if published else "has no pretrained weights"
        if side <= UNLIKE:
            size = (
                f"The images are {side} pixels wide, unlike the ImageNet photographs of pretrained networks, and quick "
                "to learn from scratch."
            )
        elif items < PLENTY:
            size = (
                f"With only {items:,} training images, the pretrained efficientnet_lite0, whose weights are on this "
                "machine, will usually do better."
            )
        else:
            size = f"{items:,} training images are enough to train from scratch."
        return Advice("scratch", None, (f"{architecture.name} {why}.", size))
    small = f"The images are {side} pixels wide, unlike the ImageNet photographs that the weights were trained on."
    if side <= UNLIKE and items >= ADAPTABLE:
        reasons = (small, f"{items:,} training images are enough to adapt the last layers to them.")
        return Advice("fine-tuning", "scratch" if items >= PLENTY else "feature-extraction", reasons)
    like = small if side <= UNLIKE else "The images are about as large as the ImageNet photographs of the pretraining."
    if items < FEW:
        reason = f"{items:,} training images are few: fine-tuning rarely beats a head on frozen features."
        return Advice("feature-extraction", None, (reason, like))
    if items < PLENTY:
        reason = (
            f"{items:,} training images, fewer than {PLENTY:,}: a head on frozen features takes seconds, and "
            "fine-tuning from there takes minutes and usually adds several points."
        )
        return Advice("feature-extraction", "fine-tuning", (reason, like))
    reason = f"{items:,} training images, more than {PLENTY:,}, are enough to fine-tune the layers."
    return Advice("fine-tuning", "feature-extraction", (reason, like))
