"""Curves of training: loss, accuracy and rates over the epochs, of one run or of several laid over each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import plotly.graph_objects as go

from clfcore.errors import unknown
from clfcore.figures.theme import blank, colours, look, plain, short

Quantity = Literal["loss", "accuracy", "score", "learning_rate", "seconds", "images_per_second"]
Lines = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class _Shown:
    """A quantity: the key of a history line that is judged, the one beside it, its axis and how a value is written."""

    key: str
    beside: str | None
    title: str
    form: str = ".4g"


_SHOWN: dict[str, _Shown] = {
    "loss": _Shown("validation_loss", "train_loss", "loss (nats)"),
    "accuracy": _Shown("validation_accuracy", "train_accuracy", "accuracy", ".1%"),
    "score": _Shown("validation_score", None, "validation score", ".1%"),
    "learning_rate": _Shown("learning_rate", None, "learning rate", ".2e"),
    "seconds": _Shown("seconds", None, "seconds an epoch", ".3g"),
    "images_per_second": _Shown("images_per_second", None, "images a second", ",.0f"),
}


def history_figure(
    histories: Mapping[str, Lines],
    *,
    quantity: Quantity = "loss",
    epochs: int | None = None,
    best: Mapping[str, int] | None = None,
    dark: bool = False,
    height: int = 300,
) -> go.Figure:
    """One quantity over the epochs. histories: run -> a dict an epoch; validation is solid, training dotted.

    epochs: how many are planned: the axis has room for them from the start, so that a live chart does not jump. best:
    run -> its best epoch, marked with a diamond. A missing or null value leaves a gap.
    """
    if quantity not in _SHOWN:
        raise unknown("quantity", quantity, get_args(Quantity))
    shown, page, one = _SHOWN[quantity], look(dark=dark), len(histories) == 1
    figure = blank(_words(histories, shown), dark=dark, height=height, keep=quantity)
    inks = [page.accent] if one else colours(len(histories))
    for ink, (run, lines) in zip(inks, histories.items(), strict=True):
        group = None if one else plain(run)  # lines of one group would stand below each other in the legend
        name = "Validation" if one and shown.beside else short(run)
        if shown.beside:
            beside = "Training" if one else f"{name}, training"
            line = {"color": page.quiet if one else ink, "width": 1.5, "dash": "dot"}
            _trace(figure, group, lines, shown.beside, name=beside, line=line, form=shown.form, listed=one)
        line = {"color": ink, "width": 2}
        listed = not one or shown.beside is not None
        _trace(figure, group, lines, shown.key, name=name, line=line, form=shown.form, listed=listed)
        _mark_best(figure, group, lines, shown, (best or {}).get(run), colour=page.amber if one else ink)
    if one:
        _mark_phases(figure, next(iter(histories.values())), colour=page.line)
    dotted = "; dotted: training" if shown.beside and not one else ""
    figure.update_yaxes(title_text=shown.title + dotted)
    if shown.form == ".1%":
        figure.update_yaxes(tickformat=".0%")
    elif quantity == "learning_rate":
        figure.update_yaxes(exponentformat="power", rangemode="tozero")
    else:
        figure.update_yaxes(rangemode="tozero")
    seen = [line["epoch"] for lines in histories.values() for line in lines]
    first, last = min([*seen, 1]), max([*seen, epochs or 1, 2])
    room = 0.02 * (last - first)
    figure.update_xaxes(title_text="epoch", range=[first - room, last + room], tickformat="d", hoverformat="d")
    if last - first <= 10:
        figure.update_xaxes(dtick=1)
    return figure.update_layout(hovermode="x unified", dragmode="pan")


def _trace(
    figure: go.Figure, group: str | None, lines: Lines, key: str, *, name: str, line: dict, form: str, listed: bool
) -> None:
    figure.add_scatter(
        x=[entry["epoch"] for entry in lines],
        y=[entry.get(key) for entry in lines],
        name=name,
        legendgroup=group,
        mode="lines+markers" if len(lines) < 2 else "lines",
        marker={"size": 6},
        line=line,
        hovertemplate=f"{name} %{{y:{form}}}<extra></extra>",
        showlegend=listed,
    )


def _mark_best(
    figure: go.Figure, group: str | None, lines: Lines, shown: _Shown, epoch: int | None, *, colour: str
) -> None:
    there = [entry for entry in lines if entry["epoch"] == epoch and entry.get(shown.key) is not None]
    if there:
        figure.add_scatter(
            x=[epoch],
            y=[there[0][shown.key]],
            mode="markers",
            marker={"symbol": "diamond", "size": 10, "color": colour},
            legendgroup=group,
            showlegend=False,
            hovertemplate="best epoch<extra></extra>",
        )


def _mark_phases(figure: go.Figure, lines: Lines, *, colour: str) -> None:
    """A thin line and a name where a phase of transfer begins, unless there is only one."""
    phases = [entry.get("phase") for entry in lines]
    starts = [i for i, phase in enumerate(phases) if phase and (i == 0 or phase != phases[i - 1])]
    for i in starts if len(starts) > 1 else []:
        figure.add_vline(
            x=lines[i]["epoch"] - 0.5,
            line={"color": colour, "width": 1},
            annotation={"text": plain(phases[i]), "font": {"size": 11}, "yanchor": "top"},
            annotation_position="top right",
        )


def _words(histories: Mapping[str, Lines], shown: _Shown) -> str:
    said = []
    for run, lines in histories.items():
        values = [(entry["epoch"], entry[shown.key]) for entry in lines if entry.get(shown.key) is not None]
        if values:
            said.append(
                f"{run}: {values[0][1]:{shown.form}} at epoch {values[0][0]}, "
                f"{values[-1][1]:{shown.form}} at epoch {values[-1][0]}"
            )
    return f"{shown.title} over the epochs. {'; '.join(said)}." if said else f"{shown.title}: no epoch has ended yet."
