"""Where epochs are written besides the run's folder: what `track` of a configuration may be."""

from typing import NamedTuple


class TrackParts(NamedTuple):
    """Parts of `track`: the tracker's name, empty where there is none of it, and where it writes."""

    name: str
    target: str


def track_parts(text: str) -> TrackParts:
    """
    >>> track_parts("tensorboard:logs"), track_parts("wandb")
    (TrackParts(name='tensorboard', target='logs'), TrackParts(name='wandb', target=''))
    """
    name, _, target = text.partition(":")
    known = name == "wandb" or (name in ("tensorboard", "mlflow") and bool(target.strip()))
    return TrackParts(name if known else "", target.strip())
