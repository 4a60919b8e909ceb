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


def value_text(value: float, *, share: bool) -> str:
    """A measured value: a share from 0 to 1 in percent, any other number to three digits.

    >>> value_text(0.9336, share=True), value_text(2.338, share=False)
    ('93.4%', '2.34')
    """
    return f"{100 * value:.1f}%" if share else decimal(value, digits=3)
