"""Training history: loss, accuracy and rates over the epochs, of one run or of several overlaid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import plotly.graph_objects as go

from clfcore.errors import unknown
from clfcore.figures.theme import blank, colors, escape_html, look, short
from clfcore.runs.records import EpochRecord

Quantity = Literal["loss", "accuracy", "score", "learning_rate", "seconds", "images_per_second"]
History = Sequence[EpochRecord]


@dataclass(frozen=True)
class _Shown:
    """Quantity: its field of a record, the field of its training curve, its axis and how a value is written."""

    key: str
    training: str | None
    title: str
    form: str = ".4g"


_SHOWN: dict[str, _Shown] = {
    "loss": _Shown("validation_loss", "train_loss", "loss (nats)"),
    "accuracy": _Shown("validation_accuracy", "train_accuracy", "accuracy", ".1%"),
    "score": _Shown("validation_score", None, "validation score", ".1%"),
    "learning_rate": _Shown("learning_rate", None, "learning rate", ".2e"),
    "seconds": _Shown("seconds", None, "seconds per epoch", ".3g"),
    "images_per_second": _Shown("images_per_second", None, "images per second", ",.0f"),
}


def history_figure(
    histories: Mapping[str, History],
    *,
    quantity: Quantity = "loss",
    epochs: int | None = None,
    best: Mapping[str, int] | None = None,
    dark: bool = False,
    height: int = 300,
) -> go.Figure:
    """History of one quantity over the epochs. histories: run -> its epochs; validation is solid, training dotted.

    epochs: planned epochs: the axis has room for them from the start, so that a live chart does not jump. best:
    run -> its best epoch, marked with a diamond. A missing or null value leaves a gap.
    """
    if quantity not in _SHOWN:
        raise unknown("quantity", quantity, get_args(Quantity))
    shown, page, one = _SHOWN[quantity], look(dark=dark), len(histories) == 1
    figure = blank(_words(histories, shown), dark=dark, height=height, keep=quantity)
    inks = [page.accent] if one else colors(len(histories))
    for ink, (run, history) in zip(inks, histories.items(), strict=True):
        group = None if one else escape_html(run)  # lines of one group would stand below each other in the legend
        name = "Validation" if one and shown.training else short(run)
        if shown.training:
            training = "Training" if one else f"{name}, training"
            line = {"color": page.quiet if one else ink, "width": 1.5, "dash": "dot"}
            _trace(figure, history, shown.training, group=group, name=training, line=line, form=shown.form, listed=one)
        line = {"color": ink, "width": 2}
        listed = not one or shown.training is not None
        _trace(figure, history, shown.key, group=group, name=name, line=line, form=shown.form, listed=listed)
        _mark_best(
            figure, history, shown.key, group=group, epoch=(best or {}).get(run), color=page.amber if one else ink
        )
    if one:
        _mark_phases(figure, next(iter(histories.values())), color=page.line)
    dotted = "; dotted: training" if shown.training and not one else ""
    figure.update_yaxes(title_text=shown.title + dotted)
    if shown.form == ".1%":
        figure.update_yaxes(tickformat=".0%")
    elif quantity == "learning_rate":
        figure.update_yaxes(exponentformat="power", rangemode="tozero")
    else:
        figure.update_yaxes(rangemode="tozero")
    recorded = [record.epoch for history in histories.values() for record in history]
    first, last = min([*recorded, 1]), max([*recorded, epochs or 1, 2])
    room = 0.02 * (last - first)
    figure.update_xaxes(title_text="epoch", range=[first - room, last + room], tickformat="d", hoverformat="d")
    if last - first <= 10:
        figure.update_xaxes(dtick=1)
    return figure.update_layout(hovermode="x unified", dragmode="pan")


def _number(record: EpochRecord, key: str) -> float | None:
    """A recorded quantity by the name of its field."""
    value: float | None = getattr(record, key)
    return value


def _trace(
    figure: go.Figure,
    history: History,
    key: str,
    *,
    group: str | None,
    name: str,
    line: dict[str, object],
    form: str,
    listed: bool,
) -> None:
    figure.add_scatter(
        x=[record.epoch for record in history],
        y=[_number(record, key) for record in history],
        name=name,
        legendgroup=group,
        mode="lines+markers" if len(history) < 2 else "lines",
        marker={"size": 6},
        line=line,
        hovertemplate=f"{name} %{{y:{form}}}<extra></extra>",
        showlegend=listed,
    )


def _mark_best(
    figure: go.Figure, history: History, key: str, *, group: str | None, epoch: int | None, color: str
) -> None:
    best = [value for record in history if record.epoch == epoch and (value := _number(record, key)) is not None]
    if best:
        figure.add_scatter(
            x=[epoch],
            y=[best[0]],
            mode="markers",
            marker={"symbol": "diamond", "size": 10, "color": color},
            legendgroup=group,
            showlegend=False,
            hovertemplate="best epoch<extra></extra>",
        )


def _mark_phases(figure: go.Figure, history: History, *, color: str) -> None:
    """Mark where each phase of transfer learning begins with a thin line and its name, unless there is only one."""
    phases = [record.phase for record in history]
    starts = [i for i, phase in enumerate(phases) if phase and (i == 0 or phase != phases[i - 1])]
    for i in starts if len(starts) > 1 else []:
        figure.add_vline(
            x=history[i].epoch - 0.5,
            line={"color": color, "width": 1},
            annotation={"text": escape_html(str(phases[i])), "font": {"size": 11}, "yanchor": "top"},
            annotation_position="top right",
        )


def _words(histories: Mapping[str, History], shown: _Shown) -> str:
    parts = []
    for run, history in histories.items():
        values = [(record.epoch, value) for record in history if (value := _number(record, shown.key)) is not None]
        if values:
            parts.append(
                f"{run}: {values[0][1]:{shown.form}} at epoch {values[0][0]}, "
                f"{values[-1][1]:{shown.form}} at epoch {values[-1][0]}"
            )
    return f"{shown.title} over the epochs. {'; '.join(parts)}." if parts else f"{shown.title}: no epoch has ended yet."
