"""A network with random weights, always the same ones, for looking at what an untrained network makes of a picture."""

from clfcore.architectures.build import Network, build
from clfcore.architectures.catalogue import configured
from clfcore.architectures.options import Options
from clfcore.errors import InputError
from clfcore.randomness import Stream


def picture_channels(name: str, options: Options | None, channels: int | None) -> int:
    """The channels to build a network with; None: the network's own. Raises InputError where no picture has as many."""
    row, _ = configured(name, options)
    channels = row.channels if channels is None else channels
    if channels not in (1, 3):
        raise InputError(f"channels is {channels}: a picture has 1 or 3")
    return channels


def random_network(
    name: str, *, options: Options | None = None, image_size: int | None = None, channels: int | None = None
) -> Network:
    """The named network for its usual classes, its weights drawn from seed 0; the caller's random numbers stay."""
    row, _ = configured(name, options)
    channels = picture_channels(name, options, channels)
    with Stream(0).drawn():
        return build(name, columns=row.classes, channels=channels, image_size=image_size, options=options)
