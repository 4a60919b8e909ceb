"""The cost of compound scaling, counted from the network that φ builds. The formula is in `compound_scaling`."""

from clfcore.architectures.options import Options


def counted_cost(options: Options | None = None) -> float:
    """Multiply-adds of the network that φ builds, as a multiple of those at φ = 0 with the other options alike."""
    from clfcore.architectures.summary import table  # brings torch along

    start = {**(options or {}), "phi": 0}
    pair = [table("efficientnet", options=chosen).multiply_adds for chosen in (options, start)]
    return pair[0] / pair[1]
