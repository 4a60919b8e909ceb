"""Search figures: trials as parallel coordinates, the best score so far, and what each field accounts for."""

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from clfcore.config import FIELDS
from clfcore.experiments.study import SearchTrial
from clfcore.figures.theme import blank, escape_html, look, short

TICKS = 5


def parallel_coordinates(trials: Sequence[SearchTrial], *, dark: bool = False) -> go.Figure:
    """A line a trial with a score, through its values to it; the color is the score."""
    scored = [trial for trial in trials if trial.metric is not None]
    names = list(dict.fromkeys(name for trial in scored for name in trial.values))
    scores = [trial.metric or 0.0 for trial in scored]
    words = f"{len(scored)} trials over {', '.join(map(field_name, names))}"
    best = max(scored, key=lambda trial: trial.metric or 0.0, default=None)
    if best is not None:
        values = ", ".join(f"{field_name(name)} {_text(value)}" for name, value in best.values.items())
        words += f"; the best, {best.metric:.3f}, has {values}"
    figure, page = blank(f"{words}.", dark=dark, height=340, keep="search"), look(dark=dark)
    axes = [_axis(name, [trial.values.get(name) for trial in scored]) for name in names]
    axes.append({"label": "validation score", "values": scores, "tickformat": ".3f"})
    figure.add_parcoords(
        dimensions=axes,
        line={"color": scores, "colorscale": list(page.scale[3:]), "showscale": False},
        labelfont={"color": page.ink, "size": 13},
        tickfont={"color": page.ink, "size": 12},
        rangefont={"color": page.quiet, "size": 11},
    )
    return figure.update_layout(margin={"l": 70, "r": 70, "t": 56, "b": 24})


def best_so_far(trials: Sequence[SearchTrial], *, dark: bool = False) -> go.Figure:
    """Each trial's score in the order of the trials, and the best one up to it as a line."""
    scored = [(place, trial) for place, trial in enumerate(trials, 1) if trial.metric is not None]
    highest, best = [], -math.inf
    for _, trial in scored:
        best = max(best, trial.metric or 0.0)
        highest.append(best)
    words = f"The best validation score of {len(scored)} trials is {highest[-1]:.3f}." if highest else "No trial yet."
    figure, page = blank(words, dark=dark, height=280, keep="best so far"), look(dark=dark)
    figure.add_scatter(
        x=[place for place, _ in scored],
        y=highest,
        mode="lines",
        line={"shape": "hv", "color": page.accent},
        name="Best so far",
        hoverinfo="skip",
    )
    for state, symbol in (("completed", "circle"), ("pruned", "x")):
        points = [(place, trial) for place, trial in scored if (trial.state == "pruned") == (state == "pruned")]
        figure.add_scatter(
            x=[place for place, _ in points],
            y=[trial.metric for _, trial in points],
            mode="markers",
            marker={"symbol": symbol, "color": page.quiet, "size": 8},
            name=state.capitalize(),
            customdata=[escape_html(trial.run or "") for _, trial in points],
            hovertemplate="%{customdata}<br>%{y:.3f}<extra></extra>",
            visible=True if points else "legendonly",
        )
    figure.update_xaxes(title_text="trial", tickformat=",d", rangemode="tozero")
    return figure.update_yaxes(title_text="validation score", tickformat=".3f")


def importance_figure(importances: Mapping[str, float], *, dark: bool = False) -> go.Figure:
    """A bar a field: the share of the differences between trials that it accounts for."""
    ranked = sorted(importances.items(), key=lambda pair: -pair[1])
    words = ", ".join(f"{field_name(name)} {share:.0%}" for name, share in ranked)
    figure = blank(f"Importance: {words}.", dark=dark, height=100 + 30 * len(ranked), keep="importance")
    figure.add_bar(
        x=[share for _, share in ranked],
        y=[short(field_name(name)) for name, _ in ranked],
        orientation="h",
        marker={"color": look(dark=dark).accent},
        hovertemplate="%{y} %{x:.1%}<extra></extra>",
    )
    figure.update_xaxes(title_text="share of the differences", tickformat=".0%", rangemode="tozero")
    return figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")


def field_name(field: str) -> str:
    """A field as people read it: `recipe.learning_rate` -> learning rate."""
    return field.removeprefix("recipe.").replace("_", " ")


def _axis(field: str, values: Sequence[object]) -> dict[str, object]:
    """An axis: numbers on their scale, by powers of ten where they span many; all else as names."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values) or not numbers:
        known = sorted({_text(value) for value in values})
        places = [known.index(_text(value)) for value in values]
        return {
            "label": short(field_name(field)),
            "values": places,
            "tickvals": list(range(len(known))),
            "ticktext": [short(name) for name in known],
        }
    low, high = min(numbers), max(numbers)
    if low > 0 and high / low >= 30 and "float" in str(FIELDS[field].annotation):
        first, last = math.log10(low), math.log10(high)
        marks = [first + (last - first) * place / (TICKS - 1) for place in range(TICKS)]
        return {
            "label": short(field_name(field)),
            "values": [math.log10(value) for value in numbers],
            "tickvals": marks,
            "ticktext": [f"{10**mark:.2g}" for mark in marks],
        }
    return {"label": short(field_name(field)), "values": numbers}


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
