"""Numbers, times and names as the lab writes them."""

from datetime import datetime
from functools import lru_cache

from clfcore.progress import Transfer


def percent(value: float | None, *, digits: int = 1) -> str:
    """A share from 0 to 1 as `93.4%`; an undefined one as a dash.

    >>> percent(0.9338), percent(None)
    ('93.4%', '–')
    """
    return "–" if value is None else f"{100 * value:.{digits}f}%"


def rate(value: float | None) -> str:
    """Three digits after the point: `0.934`.

    >>> rate(0.93382)
    '0.934'
    """
    return "–" if value is None else f"{value:.3f}"


def ends(interval: "tuple[float, float] | None", *, share: bool) -> str:
    """The ends of an interval, of a share in percent; an undefined one as a dash.

    >>> ends((0.904, 0.955), share=True), ends((0.904, 0.955), share=False), ends(None, share=True)
    ('90.4 to 95.5', '0.904 to 0.955', '–')
    """
    if interval is None:
        return "–"
    low, high = interval
    return f"{100 * low:.1f} to {100 * high:.1f}" if share else f"{rate(low)} to {rate(high)}"


def count(value: int, noun: str = "") -> str:
    """A whole number with separators, and its noun in the right number.

    >>> count(12000), count(1, "image"), count(3, "class")
    ('12,000', '1 image', '3 classes')
    """
    if not noun:
        return f"{value:,}"
    many = noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")
    return f"{value:,} {noun if value == 1 else many}"


def parameters(value: int) -> str:
    """A number of parameters: 61,706, then 86.6 M."""
    return f"{value / 1e6:,.1f} M" if value >= 1e6 else count(value)


def duration(seconds: float | None, *, rough: bool = False) -> str:
    """`45 s`, `1 min 20 s`, `2 h 5 min`; a dash where it is not known. rough: no seconds beside minutes.

    >>> duration(80), duration(0.4), duration(7500)
    ('1 min 20 s', 'under 1 s', '2 h 5 min')
    """
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 1:
        return "under 1 s"
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        if rough:
            return f"{round(seconds / 60)} min"
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def size_text(size: int) -> str:
    """A number of bytes in the unit that suits it.

    >>> size_text(640), size_text(47_900), size_text(3_320_000), size_text(25_200_000_000)
    ('640 bytes', '48 kB', '3.3 MB', '25.2 GB')
    """
    if size < 1000:
        return count(size, "byte")
    if size < 999_500:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e6:.1f} MB" if size < 999_950_000 else f"{size / 1e9:,.1f} GB"


def time_left(seconds: float) -> str:
    """How long work still takes, roughly.

    >>> time_left(80), time_left(0.4)
    ('about 1 min 20 s left', 'less than 1 s left')
    """
    return "less than 1 s left" if round(seconds) < 1 else f"about {duration(seconds)} left"


def transfer_text(far: Transfer) -> str:
    """How far a download is, how fast, how long still: `12.3 of 46.8 MB, 5.1 MB/s, 7 s left`.

    >>> seconds = iter([0.0, 2.0, 2.0, 2.0])
    >>> far = Transfer(lambda: next(seconds))
    >>> far(0, 40_000_000); far(10_000_000, 40_000_000)
    >>> transfer_text(far)
    '10.0 of 40.0 MB, 5.0 MB/s, 6 s left'
    """
    return far.describe(duration)


@lru_cache(8192)
def moment(stamp: str | None) -> str:
    """A stored time (ISO 8601) in the machine's zone: `24 Nov 2026, 14:05`; empty where there is none.

    >>> moment(None), moment("yesterday")
    ('', '')
    """
    if not stamp:
        return ""
    try:
        then = datetime.fromisoformat(stamp).astimezone()
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{then.day} {then:%b %Y, %H:%M}"


def shorten(text: str, most: int = 22) -> str:
    """Shortened in the middle, where it is longer than `most`.

    >>> shorten("Egyptian_cat_sleeping_on_a_sofa", 15)
    'Egyptia…_a_sofa'
    """
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}…{text[-(most - head - 1) :]}"


def join_names(names: list[str] | tuple[str, ...], most: int = 8) -> str:
    """Names in a row, the rest counted: `a, b, c and 4 more`.

    >>> join_names(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
