"""Numbers written out for people: never in e-notation, thousands separated."""

from decimal import Decimal


def decimal(value: float, *, digits: int = 2) -> str:
    """A number to so many significant digits; what is not finite stays as Python writes it.

    >>> decimal(3.3e-3), decimal(1.23e-5), decimal(9820.0, digits=3)
    ('0.0033', '0.000012', '9,820')
    """
    return f"{Decimal(f'{value:.{digits}g}'):,f}"


def times(ratio: float) -> str:
    """A ratio in words: `9,820 times`, `0.0033 times`.

    >>> times(9820.4), times(1.0)
    ('9,820 times', '1 times')
    """
    return f"{decimal(ratio, digits=3)} times"
