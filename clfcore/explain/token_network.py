"""A network by name, or a classifier, and an image file: its patches and tokens."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from clfcore.architectures.options import Options
from clfcore.architectures.random_weights import picture_channels, random_network
from clfcore.architectures.summary import table
from clfcore.data.pixels import read_image
from clfcore.errors import InputError
from clfcore.exclusive import exclusive
from clfcore.explain.tokens import TokenView, refusal, token_view

if TYPE_CHECKING:
    from clfcore.classifier import Classifier


def token_network(
    name: str,
    image: bytes,
    *,
    classifier: "Classifier | None" = None,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
) -> TokenView:
    """Send an image file through a classifier, or through the named network with random weights (seed 0).

    Raises InputError where the image is damaged, or the network is none of patches and tokens.
    """
    if classifier is not None:
        module, preprocess = classifier.module, classifier.preprocess
    else:
        channels = picture_channels(name, options, channels)
        known = table(name, options=options, image_size=image_size, channels=channels)
        if not any("ttention" in layer.type or "attn" in layer.name for layer in known.layers):
            raise InputError(refusal(name))  # known from shapes alone: no weights are drawn for it
        network = random_network(name, options=options, image_size=image_size, channels=channels)
        module, preprocess = network.module, network.preprocess
    square = preprocess.square(read_image(image, least_side=preprocess.stored_side))
    with exclusive(classifier) if classifier is not None else nullcontext():
        return token_view(module, preprocess, square, name=name)
