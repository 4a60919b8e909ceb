"""Theme of every figure: ink on paper, one accent, a palette for every kind of color vision. The app's theme agrees.

Backgrounds are transparent; `dark` says which page the figure lies on. A figure carries its text alternative with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

FONT = "Source Sans, Source Sans Pro, system-ui, sans-serif"

# Okabe and Ito 2008, told apart with every kind of color vision, in the app's order; yellow last: weak on paper
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C8C", "#F0E442")
CIVIDIS = (
    "#00224E",
    "#123570",
    "#3B496C",
    "#575D6D",
    "#707173",
    "#8A8678",
    "#A59C74",
    "#C3B369",
    "#E1CC55",
    "#FEE838",
)


@dataclass(frozen=True)
class Look:
    """Colors on one kind of page. accent: what matters; amber: the exception; red: errors alone."""

    ink: str
    quiet: str
    line: str
    faint: str
    paper: str
    accent: str
    amber: str
    red: str
    scale: tuple[str, ...]  # little to much: away from the page, so that much stands out


LIGHT = Look(
    ink="#1D2326",
    quiet="#596063",
    line="rgba(29, 35, 38, 0.16)",
    faint="rgba(29, 35, 38, 0.07)",
    paper="#FCFBF8",
    accent="#0B6E6E",
    amber="#B86E00",
    red="#B3261E",
    scale=("#FBF3C4", *CIVIDIS[::-1]),  # begins paler than cividis, so that single items stay quiet on paper
)
DARK = Look(
    ink="#E6E4DE",
    quiet="#AEB6B8",
    line="rgba(230, 228, 222, 0.20)",
    faint="rgba(230, 228, 222, 0.08)",
    paper="#14181A",
    accent="#3FB5AE",
    amber="#E5A540",
    red="#F2877D",
    scale=CIVIDIS,
)


def look(*, dark: bool) -> Look:
    """Theme of the light or the dark page."""
    return DARK if dark else LIGHT


def colors(n: int) -> tuple[str, ...]:
    """Palette of n classes or runs: Okabe-Ito up to eight, beyond that spread over cividis less its ends, in order."""
    if n <= len(OKABE_ITO):
        return OKABE_ITO[:n]
    return tuple(_between(CIVIDIS[1:-1], i / (n - 1)) for i in range(n))


def template(*, dark: bool) -> go.layout.Template:
    """Plotly template of every figure."""
    page = look(dark=dark)
    axis = {
        "gridcolor": page.faint,
        "linecolor": page.line,
        "tickcolor": page.line,
        "zeroline": False,
        "showline": True,
        "ticks": "outside",
        "ticklen": 4,
        "automargin": True,
        "title": {"standoff": 8, "font": {"color": page.quiet, "size": 13}},
        "tickfont": {"color": page.quiet, "size": 12},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": page.ink},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(OKABE_ITO),
            "margin": {"l": 8, "r": 12, "t": 36, "b": 8},
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": page.paper,
                "bordercolor": page.line,
                "font": {"family": FONT, "size": 13, "color": page.ink},
                "align": "left",
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.02,
                "yanchor": "bottom",
                "font": {"color": page.ink, "size": 12},
                "bgcolor": "rgba(0,0,0,0)",
            },
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": page.quiet, "activecolor": page.accent},
            "dragmode": "zoom",
        }
    )


def blank(words: str, *, dark: bool, height: int, keep: str) -> go.Figure:
    """Empty figure. words: its text alternative; keep: zoom and hidden lines stay while this is the same."""
    return go.Figure(
        layout={"template": template(dark=dark), "height": height, "uirevision": keep, "meta": {"alt": words}}
    )


def alternative(figure: go.Figure) -> str:
    """Text alternative: the sentence that says what the figure shows."""
    return str((figure.layout.meta or {}).get("alt", ""))


def escape_html(text: str) -> str:
    """Escaped text, which Plotly shows unchanged: names come from folders and files, and Plotly reads tags."""
    return escape(str(text), quote=False)


def short(text: str, most: int = 22) -> str:
    """Text shortened in the middle, and escaped.

    >>> short("a very long class name indeed", 13)
    'a very…indeed'
    """
    if len(text) > most:
        tail = (most - 1) // 2
        text = text[: most - 1 - tail] + "…" + text[len(text) - tail :]
    return escape_html(text)


def percent(value: float) -> str:
    """Percentage with one decimal: 93.4%."""
    return f"{100 * value:.1f}%"


def faded(color: str, opacity: float) -> str:
    """Translucent color: #RRGGBB as rgba."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def scale_of(page: Look) -> list[tuple[float, str]]:
    """Color scale of the page, in Plotly's form."""
    last = len(page.scale) - 1
    return [(i / last, color) for i, color in enumerate(page.scale)]


def _between(stops: Sequence[str], place: float) -> str:
    low = min(int(place * (len(stops) - 1)), len(stops) - 2)
    part = place * (len(stops) - 1) - low
    ends = [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in (stops[low], stops[low + 1])]
    return "#" + "".join(f"{round(a + (b - a) * part):02X}" for a, b in zip(*ends, strict=True))
