"""Lessons' figures: what an experiment gave here beside its record over several seeds, and its curves."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from clfcore.figures.theme import OKABE_ITO, blank, escape_html, look
from clfcore.lessons.lesson import Curves, Finding
from clfcore.lessons.recorded import Recorded, RecordedRow
from clfcore.numerals import decimal, value_text

ROW = 46  # pixels of a bar's row
FEW, MARKED = 12, 60  # epochs that are each named on the axis, and points of a line that are each marked


def finding_figure(finding: Finding, recorded: Recorded | None, *, dark: bool = False) -> go.Figure:
    """A bar for each thing that was measured, with its 95% interval; the record's median and range as a diamond."""
    page = look(dark=dark)
    rows = finding.rows
    values = ", ".join(f"{row.name} {value_text(row.value, share=finding.share)}" for row in rows)
    figure = blank(f"{finding.measure}: {values}.", dark=dark, height=100 + ROW * len(rows), keep="finding")
    places = list(range(len(rows)))
    up = [row.interval.high - row.value if row.interval else 0.0 for row in rows]
    down = [row.value - row.interval.low if row.interval else 0.0 for row in rows]
    figure.add_bar(
        x=[row.value for row in rows],
        y=places,
        orientation="h",
        name="on this machine",
        marker={"color": page.accent},
        error_x={"array": up, "arrayminus": down, "color": page.ink, "thickness": 1.2} if any(up) else None,
        hovertext=[f"{escape_html(row.name)}<br>{value_text(row.value, share=finding.share)}" for row in rows],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    if recorded is not None and [row.name for row in recorded.rows] == [row.name for row in rows]:
        _add_record(figure, recorded.rows, share=finding.share, ink=page.amber)
    figure.update_xaxes(title_text=finding.measure, rangemode="tozero", showgrid=True)
    if finding.share:
        figure.update_xaxes(range=[0, 1], tickformat=".0%")
    ticks = [escape_html(row.name) for row in rows]
    figure.update_yaxes(tickvals=places, ticktext=ticks, autorange="reversed", showgrid=False, ticks="")
    return figure.update_layout(bargap=0.45)


def _add_record(figure: go.Figure, rows: Sequence[RecordedRow], *, share: bool, ink: str) -> None:
    figure.add_scatter(
        x=[row.median for row in rows],
        y=list(range(len(rows))),
        mode="markers",
        name="recorded: median, lowest and highest",
        marker={"color": ink, "symbol": "diamond", "size": 9},
        error_x={
            "array": [row.most - row.median for row in rows],
            "arrayminus": [row.median - row.least for row in rows],
            "color": ink,
            "thickness": 1.2,
        },
        hovertext=[f"{escape_html(row.name)}<br>recorded {_range(row, share=share)}" for row in rows],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def curves_figure(curves: Curves, *, dark: bool = False) -> go.Figure:
    """A line for each curve, with its points."""
    ends = ", ".join(f"{line.name} ends at {decimal(line.y[-1], digits=3)}" for line in curves.lines)
    figure = blank(f"{curves.y_title} over {curves.x_title}: {ends}.", dark=dark, height=300, keep="curves")
    for line, ink in zip(curves.lines, OKABE_ITO, strict=False):
        figure.add_scatter(
            x=line.x,
            y=line.y,
            mode="lines+markers" if len(line.x) <= MARKED else "lines",
            name=escape_html(line.name),
            line={"color": ink},
            hovertemplate=f"{escape_html(line.name)}<br>%{{x:g}}: %{{y:.4g}}<extra></extra>",
        )
    figure.update_xaxes(title_text=curves.x_title)
    if all(x == int(x) and x <= FEW for line in curves.lines for x in line.x):  # epochs
        figure.update_xaxes(dtick=1)
    figure.update_yaxes(title_text=curves.y_title, showgrid=True, type="log" if curves.y_log else "linear")
    if not curves.y_log:
        figure.update_yaxes(rangemode="tozero")
    elif max(max(line.y) for line in curves.lines) > 100 * min(min(line.y) for line in curves.lines):
        figure.update_yaxes(dtick=1, exponentformat="power")  # powers of ten, and nothing between them
    return figure


def recorded_svg(recorded: Recorded) -> str:
    """The record as a picture that needs no script: a bar of each median, a line from the least to the most."""
    left, width, row, share = 300, 360, 34, recorded.share
    most = 1.0 if share else max(entry.most for entry in recorded.rows) * 1.05
    height = row * len(recorded.rows) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} {height}" '
        f'width="{left + width + 90}" height="{height}" role="img" font-family="system-ui, sans-serif" font-size="14">',
        f"<title>{escape(recorded.measure)}</title>",
        '<rect width="100%" height="100%" fill="#fcfbf8"/>',
    ]
    for place, entry in enumerate(recorded.rows):
        y = 8 + row * place
        end, low, high = (left + width * value / most for value in (entry.median, entry.least, entry.most))
        value = value_text(entry.median, share=share)
        parts += [
            f'<text x="{left - 10}" y="{y + 16}" text-anchor="end" fill="#1d2326">{escape(entry.name)}</text>',
            f'<rect x="{left}" y="{y + 2}" width="{max(1.0, end - left):.1f}" height="18" fill="#0b6e6e"/>',
            f'<path d="M{low:.1f} {y + 11}H{high:.1f}" stroke="#b86e00" stroke-width="3"/>',
            f'<text x="{max(end, high) + 8:.1f}" y="{y + 16}" fill="#1d2326">{value}</text>',
        ]
    about = f"{recorded.measure}: median, lowest and highest of {recorded.seeds} seeds"
    parts += [f'<text x="{left}" y="{height - 8}" fill="#596063">{escape(about)}</text>', "</svg>"]
    return "\n".join(parts) + "\n"


def _range(row: RecordedRow, *, share: bool) -> str:
    middle, low, high = (value_text(value, share=share) for value in (row.median, row.least, row.most))
    return f"{middle} ({low} to {high})"
